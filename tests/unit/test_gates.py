"""The gates let clean data through, and stop each planted defect with a message that says what to do."""

import json

import duckdb
import pandas as pd
import pytest
from dagster import AssetCheckSeverity, AssetKey

from data_quality import checks, runner
from data_quality.suites import Suite, landing, marts, rule, staging
from data_quality.suites.landing import trade

SUITES = {**landing.SUITES, "staging": staging.SUITE, "marts": marts.SUITE}
MONTH = {"import": "imports_monthly", "export": "exports_monthly"}


def make_seeds(con):
    """Canada and Mexico, which are USMCA (0020), and China; the Netherlands Antilles are gone."""
    con.execute("""
        create table partner as select * from (values
            ('-', 'world', date '2010-01-01', null::date),
            ('0020', 'group', date '2010-01-01', null),
            ('1220', 'country', date '2010-01-01', null),
            ('2010', 'country', date '2010-01-01', null),
            ('5700', 'country', date '2010-01-01', null),
            ('2770', 'country', date '2010-01-01', date '2010-12-31')
        ) as seed(partner_code, partner_kind, valid_from, valid_to);
        create table partner_group as
            select '0020' as group_code, true as members_known,
                   date '2013-01-01' as proven_from, date '2025-12-31' as proven_to;
        create table partner_group_member as select * from (values
            ('0020', '1220', date '2013-01-01', null::date),
            ('0020', '2010', date '2013-01-01', null),
            ('0020', '5700', date '2013-01-01', date '2014-06-15')
        ) as seed(group_code, partner_code, valid_from, valid_to)
    """)


def make_reader_tables(con, origin="agency", composed_from=()):
    con.execute("""
        create table bad_values
            (table_name varchar, row_number bigint, column_name varchar, text_value varchar, reason varchar);
        create table provenance (level varchar, origin varchar, composed_from varchar[]);
        create table previous (table_name varchar, row_count bigint, value_usd bigint, what varchar)
    """)
    for level in trade.ALL_LEVELS:
        con.execute("insert into provenance values ($1, $2, $3)", [level, origin, list(composed_from)])


def make_goods(flow="import", period="2025-05-01", **provenance):
    """A month of three countries, three products in two chapters, with world and group rows that add up."""
    con = duckdb.connect()
    make_seeds(con)
    make_reader_tables(con, **provenance)
    system = {"import": "hts10", "export": "schedule_b10"}[flow]
    con.execute(f"""
        create table goods as
        select '{flow}' as flow, 'month' as period_grain, date '{period}' as period_start, partner_code,
               '{system}' as commodity_system, commodity_code, value_usd,
               case when '{flow}' = 'import' then value_usd // 10 end as duty_usd,
               case when '{flow}' = 'import' then value_usd + 5 end as general_value_usd,
               case when '{flow}' = 'import' then value_usd // 2 end as dutiable_value_usd,
               case when '{flow}' = 'import' then 3::bigint end as charges_usd,
               7::bigint as quantity_1, 'NO' as unit_1, null::bigint as quantity_2, null::varchar as unit_2,
               case when '{flow}' = 'export' then value_usd - 1 end as domestic_value_usd,
               case when '{flow}' = 'export' then 1::bigint end as foreign_value_usd
        from (select unnest(['1220', '2010', '5700']) as partner_code),
             (select unnest(['0101210010', '8471500150', '8471800000']) as commodity_code),
             (select 1000::bigint as value_usd)
    """)
    sums = ", ".join(f"sum({measure})::bigint as {measure}" for measure in trade.MEASURES)
    con.execute(f"""
        create table goods_aggregate as
        select flow, period_grain, period_start, partner_code, partner_kind, commodity_system, commodity_code,
               {sums}, null::bigint as quantity_1, null::varchar as unit_1, null::bigint as quantity_2,
               null::varchar as unit_2
        from (
            select * replace ('-' as partner_code), 'world' as partner_kind from goods
            union all by name
            select * replace ('0020' as partner_code), 'group' as partner_kind from goods
            where partner_code in ('1220', '2010')
        ) group by all
    """)
    for suffix in ("", "_aggregate"):
        kind = ", partner_kind" if suffix else ""
        con.execute(f"""
            create table chapters{suffix} as
            select flow, period_grain, period_start, partner_code{kind}, 'hs2' as commodity_system,
                   commodity_code[:2] as commodity_code, {sums}
            from goods{suffix} group by all;
            create table totals{suffix} as
            select flow, period_grain, period_start, partner_code{kind}, {sums}
            from goods{suffix} group by all
        """)
    con.execute("""
        insert into previous
        select 'goods', count(*), sum(value_usd), 'previous vintage of 2025-05' from goods
    """)
    return con


def make_programmes():
    con = duckdb.connect()
    make_seeds(con)
    make_reader_tables(con)
    con.execute("""
        create table programmes as
        select 'import' as flow, 'month' as period_grain, date '2025-05-01' as period_start, partner_code,
               'hts10' as commodity_system, '8471500150' as commodity_code, rate_provision_code,
               600::bigint as value_usd, 0::bigint as duty_usd
        from (select unnest(['1220', '2010']) as partner_code),
             (select unnest(['18', '61']) as rate_provision_code);
        create table programmes_total as
        select * replace ('-' as rate_provision_code, 1200::bigint as value_usd)
        from programmes where rate_provision_code = '18'
    """)
    return con


def make_commodities():
    con = duckdb.connect()
    make_reader_tables(con)
    con.execute("""
        create table commodities as
        select 'hts10' as commodity_system, commodity_code, 2026 as edition_year, 'a thing' as description,
               'thing' as short_description, 'NO' as unit_1, null::varchar as unit_2, '75220' as sitc_code,
               '21300' as end_use_code, '334111' as naics_code, '1' as usda_code, '04' as hitech_code
        from (select unnest(['0101210010', '8471500150', '8471800000']) as commodity_code);
        insert into previous values ('commodities', 3, null, 'edition 2025')
    """)
    return con


def make_countries():
    con = duckdb.connect()
    make_seeds(con)
    make_reader_tables(con)
    con.execute("""
        create table countries as select * from (values
            ('1220', 'Canada', 'CA'), ('2010', 'Mexico', 'MX'), ('5700', 'China', 'CN')
        ) as list(partner_code, partner_name, iso2)
    """)
    return con


def run_goods(con, flow="import", partition="2025-05", **scope):
    context = landing.context(MONTH[flow], partition, flow=flow, **scope)
    return runner.run_suite(con, landing.SUITES[f"{flow}_goods"], context)


def run_programmes(con, **scope):
    context = landing.context("import_programmes_monthly", "2025-05", flow="import", **scope)
    return runner.run_suite(con, landing.SUITES["programmes"], context)


def make_labels():
    con = duckdb.connect()
    make_reader_tables(con)
    con.execute("""
        create table ai_category as select 'Compute_Hardware' as category;
        create table labels as
        select 'mine' as label_set_id, commodity_system, commodity_code, 'a thing' as description,
               'High' as relevance, 90 as confidence, 'Compute_Hardware' as category,
               null::varchar as specific_use, null::varchar as reasoning,
               2 + row_number() over () as row_number
        from (values ('hts10', '0101210010'), ('schedule_b10', '84715001'), ('hs', '854231'),
                     ('hs2007', '847150')) as code(commodity_system, commodity_code)
    """)
    return con


def run_labels(con):
    return runner.run_suite(con, landing.SUITES["labels"], landing.context("user_labels", "current"))


def run_commodities(con):
    context = landing.context("import_commodities", "2026")
    return runner.run_suite(con, landing.SUITES["commodities"], context)


def run_countries(con):
    return runner.run_suite(con, landing.SUITES["countries"], landing.context("countries", "current"))


def outcome(gate, name):
    return next(check for check in gate.checks if check.name == name)


def statuses(gate):
    return {check.name: check.status for check in gate.checks}


def test_every_suite_has_a_name_of_its_own_and_says_what_to_do():
    assert len({suite.name for suite in SUITES.values()}) == len(SUITES)
    for suite in SUITES.values():
        assert len({check.name for check in suite.checks}) == len(suite.checks)
        for check in suite.checks:
            assert check.guards.endswith(".")
            assert not check.advice.endswith(".")


# Clean data passes.


def test_seeds_may_come_as_text():
    con = make_goods()
    for seed in ("partner", "partner_group", "partner_group_member"):
        con.execute(f"create or replace table {seed} as select columns(*)::varchar from {seed}")
    assert outcome(run_goods(con), "members_match_groups").status == "passed"


@pytest.mark.parametrize("flow", ["import", "export"])
def test_clean_goods_pass_every_check(flow):
    gate = run_goods(make_goods(flow), flow)
    assert gate.passed
    # 2025 lies within the years for which the members of groups were shown.
    assert {name for name, status in statuses(gate).items() if status != "passed"} == {
        "members_match_later_groups"
    }


def test_clean_programmes_pass_every_check():
    assert set(statuses(run_programmes(make_programmes())).values()) == {"passed", "not_served"}
    assert outcome(run_programmes(make_programmes()), "programmes_match_total").status == "passed"


def test_clean_lists_pass_every_check():
    assert set(statuses(run_commodities(make_commodities())).values()) == {"passed"}
    countries = statuses(run_countries(make_countries()))
    assert countries.pop("size") == "not_served"
    assert set(countries.values()) == {"passed"}
    labels = statuses(run_labels(make_labels()))
    assert labels.pop("size") == "not_served"
    assert set(labels.values()) == {"passed"}


# Every planted defect is stopped.

GOODS_DEFECTS = {
    "a column of another type": (
        "alter table goods alter value_usd type varchar",
        "schema",
        "column_name value_usd, expected_type BIGINT, found_type VARCHAR",
    ),
    "a column that is missing": (
        "alter table goods drop column duty_usd",
        "schema",
        "1 columns differ from the agreed schema",
    ),
    "an empty month": ("delete from goods", "not_empty", "goods has no rows"),
    "a text where a number belongs": (
        "insert into bad_values values ('goods', 17, 'value_usd', 'n/a', 'not a whole number')",
        "no_bad_values",
        "row_number 17, column_name value_usd, text_value n/a, reason not a whole number",
    ),
    "rows of another month": (
        "update goods set period_start = date '2025-04-01' where partner_code = '5700'",
        "right_period",
        "another flow or period than the partition",
    ),
    "a duplicate key": (
        "insert into goods from goods limit 1",
        "keys_unique",
        "times 2",
    ),
    "a key without a partner": (
        "update totals set partner_code = null where partner_code = '5700'",
        "keys_unique",
        "occur more than once or are incomplete",
    ),
    "a code with a lost leading zero": (
        "update goods set commodity_code = '101210010' where commodity_code = '0101210010'",
        "commodity_codes",
        "a leading zero was lost",
    ),
    "the total of all chapters among the chapters": (
        "update chapters set commodity_code = '00' where commodity_code = '01'",
        "commodity_codes",
        "a total among its parts",
    ),
    "export codes in imports": (
        "update goods set commodity_system = 'schedule_b10' where partner_code = '1220'",
        "commodity_codes",
        "not the system hts10",
    ),
    "the world row among countries": (
        "update goods set partner_code = '-' where partner_code = '5700'",
        "partner_codes",
        "an aggregate among countries",
    ),
    "a country among aggregates": (
        "update totals_aggregate set partner_code = '1220' where partner_kind = 'group'",
        "partner_codes",
        "not a group",
    ),
    "an unknown partner": (
        "update goods set partner_code = '9999' where partner_code = '5700'",
        "partners_known",
        "add a row to dbt_project/seeds/partner.csv",
    ),
    "a partner that no longer exists": (
        "update goods set partner_code = '2770' where partner_code = '5700'",
        "partners_known",
        "partner_code 2770",
    ),
    "negative money": (
        "update goods set charges_usd = -1 where partner_code = '5700'",
        "no_negative",
        "3 rows hold a negative figure",
    ),
    "ten digits that do not add up to their chapter": (
        "update goods set value_usd = 1007 where partner_code = '5700' and commodity_code[:2] = '01'",
        "parts_match_chapters",
        "1 of 50 published figures differ from the sum of their parts, by up to 7 USD",
    ),
    "a ten-digit prefix that is missing": (
        "delete from goods where commodity_code[:2] = '01'",
        "parts_match_chapters",
        "look for a request that is missing",
    ),
    "duty that does not add up": (
        "update chapters set duty_usd = duty_usd + 1 where partner_code = '1220'",
        "parts_match_chapters",
        "measure duty_usd",
    ),
    "chapters that do not add up to the total": (
        "update totals set general_value_usd = general_value_usd + 11 where partner_code = '2010'",
        "chapters_match_totals",
        "by up to 11 USD",
    ),
    "countries that do not add up to the world": (
        "update totals_aggregate set value_usd = value_usd + 13 where partner_kind = 'world'",
        "countries_match_world",
        "by up to 13 USD",
    ),
    "members that do not add up to their group": (
        "update chapters_aggregate set value_usd = value_usd + 17 where partner_kind = 'group'",
        "members_match_groups",
        "level hs2, partner_code 0020",
    ),
    "a month that shrank by half": (
        "update previous set row_count = 19",
        "size",
        "goods shrank by 53 % against previous vintage of 2025-05",
    ),
    "a value that shrank by half": (
        "update previous set value_usd = value_usd * 3",
        "size",
        "goods shrank by 67 % against previous vintage of 2025-05",
    ),
}


@pytest.mark.parametrize("defect", GOODS_DEFECTS)
def test_a_defect_in_goods_is_stopped(defect):
    sql, name, message = GOODS_DEFECTS[defect]
    con = make_goods()
    con.execute(sql)
    gate = run_goods(con)
    check = outcome(gate, name)
    assert check.status == "failed"
    assert message in check.message
    assert check.message.startswith("imports_monthly 2025-05: ")
    assert not gate.passed
    assert check.message in gate.message


def test_domestic_exports_and_reexports_that_are_not_the_total_are_stopped():
    con = make_goods("export")
    con.execute("update goods set foreign_value_usd = 3 where partner_code = '5700'")
    check = outcome(run_goods(con, "export"), "domestic_and_foreign_match_total")
    assert check.status == "failed"
    assert "3 of 30 published figures differ" in check.message


def test_an_export_without_reexports_is_all_domestic():
    con = make_goods("export")
    for table in trade.TRADE:
        con.execute(f"update {table} set domestic_value_usd = value_usd, foreign_value_usd = null")
    assert run_goods(con, "export").passed


def test_a_table_that_is_missing_closes_the_gate():
    con = make_goods()
    con.execute("drop table chapters")
    gate = run_goods(con)
    assert outcome(gate, "parts_match_chapters").status == "failed"
    assert "the table chapters is not there" in gate.message


def test_warnings_do_not_close_the_gate():
    con = make_goods()
    con.execute("""
        insert into goods_aggregate
            select * replace ('4XXX' as partner_code) from goods_aggregate where partner_kind = 'group';
        insert into chapters_aggregate
            select * replace ('4XXX' as partner_code) from chapters_aggregate where partner_kind = 'group';
        insert into totals_aggregate
            select * replace ('4XXX' as partner_code) from totals_aggregate where partner_kind = 'group'
    """)
    gate = run_goods(con)
    assert gate.passed
    assert outcome(gate, "groups_known").status == "warned"
    assert "partner_group.csv" in outcome(gate, "groups_known").message


def test_duty_above_ten_times_the_value_is_reported():
    con = make_goods()
    for table in trade.TRADE:
        con.execute(f"update {table} set duty_usd = 11 * value_usd")
    gate = run_goods(con)
    assert gate.passed
    assert outcome(gate, "plausible_duty").status == "warned"


PROGRAMME_DEFECTS = {
    "programmes that do not add up": (
        "update programmes set value_usd = 601 where partner_code = '1220' and rate_provision_code = '18'",
        "programmes_match_total",
        "1 of 4 published figures differ",
    ),
    "the total among the programmes": (
        "insert into programmes from programmes_total",
        "rate_provision_codes",
        "rate provisions are malformed",
    ),
    "a repeated programme": ("insert into programmes from programmes", "keys_unique", "times 2"),
    "an unknown partner": (
        "update programmes set partner_code = '9999' where partner_code = '1220'",
        "partners_known",
        "partner.csv",
    ),
    "a negative value": ("update programmes set duty_usd = -1", "no_negative", "4 rows"),
    "no programmes": ("delete from programmes", "not_empty", "programmes has no rows"),
}


@pytest.mark.parametrize("defect", PROGRAMME_DEFECTS)
def test_a_defect_in_programmes_is_stopped(defect):
    sql, name, message = PROGRAMME_DEFECTS[defect]
    con = make_programmes()
    con.execute(sql)
    check = outcome(run_programmes(con), name)
    assert check.status == "failed"
    assert message in check.message


def test_some_programmes_may_be_less_than_the_total_but_not_more():
    con = make_programmes()
    con.execute("delete from programmes where rate_provision_code <> '18'")
    gate = run_programmes(con, rate_provisions=["18"])
    assert outcome(gate, "programmes_match_total").status == "not_served"
    assert outcome(gate, "programmes_within_total").status == "passed"
    con.execute("update programmes set value_usd = 1300 where partner_code = '2010'")
    gate = run_programmes(con, rate_provisions=["18"])
    assert outcome(gate, "programmes_within_total").status == "warned"
    assert gate.passed


LIST_DEFECTS = {
    "a repeated code": (
        make_commodities,
        run_commodities,
        "insert into commodities from commodities",
        "keys_unique",
        "times 2",
    ),
    "a code with a lost leading zero": (
        make_commodities,
        run_commodities,
        "update commodities set commodity_code = '101210010' where commodity_code = '0101210010'",
        "commodity_codes",
        "a leading zero was lost",
    ),
    "a code without description": (
        make_commodities,
        run_commodities,
        "update commodities set description = ' ' where commodity_code = '0101210010'",
        "descriptions_present",
        "1 codes have no description",
    ),
    "another edition": (
        make_commodities,
        run_commodities,
        "update commodities set edition_year = 2025",
        "right_edition",
        "edition_year 2025",
    ),
    "half of the list": (
        make_commodities,
        run_commodities,
        "delete from commodities where commodity_code like '8471%'",
        "size",
        "commodities shrank by 67 % against edition 2025",
    ),
    "a repeated country": (
        make_countries,
        run_countries,
        "insert into countries from countries limit 1",
        "keys_unique",
        "times 2",
    ),
    "an ISO code of three letters": (
        make_countries,
        run_countries,
        "update countries set iso2 = 'CAN' where partner_code = '1220'",
        "partner_codes",
        "iso2 CAN",
    ),
    "a label of an unknown system": (
        make_labels,
        run_labels,
        "update labels set commodity_system = 'naics' where commodity_code = '847150'",
        "label_codes",
        "row_number 6, commodity_system naics",
    ),
    "a label of a code that is too long for its edition": (
        make_labels,
        run_labels,
        "update labels set commodity_code = '84715001' where commodity_system = 'hs2007'",
        "label_codes",
        "commodity_code 84715001",
    ),
    "a label of half a code": (
        make_labels,
        run_labels,
        "update labels set commodity_code = '84715' where commodity_system = 'schedule_b10'",
        "label_codes",
        "commodity_code 84715",
    ),
    "a label without a relevance": (
        make_labels,
        run_labels,
        "update labels set relevance = null where commodity_system = 'hs'",
        "labels_complete",
        "row_number 5",
    ),
    "two labels of one code": (
        make_labels,
        run_labels,
        "insert into labels select * replace ('hts10' as commodity_system, 9 as row_number) from labels "
        "where commodity_system = 'hs'",
        "labels_unique",
        "row_numbers [5, 9]",
    ),
    "a country without a name": (
        make_countries,
        run_countries,
        "update countries set partner_name = null where partner_code = '1220'",
        "descriptions_present",
        "partner_code 1220",
    ),
}


@pytest.mark.parametrize("defect", LIST_DEFECTS)
def test_a_defect_in_a_list_is_stopped(defect):
    make, run, sql, name, message = LIST_DEFECTS[defect]
    con = make()
    con.execute(sql)
    check = outcome(run(con), name)
    assert check.status == "failed"
    assert message in check.message


def test_a_country_that_we_do_not_know_yet_is_reported():
    con = make_countries()
    con.execute("insert into countries values ('7777', 'Newland', null)")
    gate = run_countries(con)
    assert gate.passed
    assert outcome(gate, "partners_known").status == "warned"


# Reconciliations: what is compared, and what that proves.


def test_both_sides_of_one_file_prove_nothing():
    gate = run_goods(make_goods(origin="composed", composed_from=["a.parquet"]))
    check = outcome(gate, "parts_match_chapters")
    assert check.status == "not_independent"
    assert check.metrics["compared"] > 0
    assert "(they agree)" in check.message
    assert gate.passed


def test_a_difference_within_one_file_is_shown_but_proves_nothing():
    con = make_goods(origin="composed", composed_from=["a.parquet"])
    con.execute("update chapters set value_usd = value_usd + 1")
    check = outcome(run_goods(con), "parts_match_chapters")
    assert check.status == "not_independent"
    assert "differ from the sum of their parts" in check.message
    assert not check.failing_rows.empty


def make_composed_of_two_files():
    con = make_goods(origin="composed", composed_from=["a.parquet"])
    con.execute("update provenance set composed_from = ['b.parquet'] where level = 'hs2'")
    return con


def test_two_files_that_agree_pass():
    assert outcome(run_goods(make_composed_of_two_files()), "parts_match_chapters").status == "passed"


def test_two_files_that_differ_are_of_different_vintages():
    con = make_composed_of_two_files()
    con.execute("update chapters set value_usd = value_usd + 195 where partner_code = '5700'")
    gate = run_goods(con)
    check = outcome(gate, "parts_match_chapters")
    assert check.status == "across_vintages"
    assert check.metrics["largest_difference_usd"] == 195
    assert "by up to 195 USD" in check.message
    assert gate.passed


def test_a_side_without_figures_is_not_served():
    con = make_goods()
    for table in ("chapters", "chapters_aggregate"):
        con.execute(f"delete from {table}")
    con.execute("delete from provenance where level = 'hs2'")
    gate = run_goods(con)
    assert outcome(gate, "parts_match_chapters").status == "not_served"
    assert gate.passed


def test_a_partly_served_measure_is_not_compared_with_a_published_total():
    con = make_goods()
    con.execute("update goods set duty_usd = null where partner_code = '1220' and commodity_code like '01%'")
    con.execute(
        "update goods set duty_usd = null where partner_code = '1220' and commodity_code = '8471500150'"
    )
    check = outcome(run_goods(con), "parts_match_chapters")
    assert check.status == "passed"
    assert check.metrics["not_served"] == 2


def test_a_missing_row_is_a_zero_for_an_agency_and_unknown_in_a_composition():
    for origin, status, different in (("agency", "failed", 5), ("composed", "passed", 0)):
        con = make_goods(origin=origin, composed_from=["a.parquet"] if origin == "composed" else [])
        con.execute(
            "update provenance set composed_from = ['b.parquet'] where level = 'hs2' and origin <> 'agency'"
        )
        con.execute("delete from goods where partner_code = '5700' and commodity_code like '01%'")
        check = outcome(run_goods(con), "parts_match_chapters")
        assert (check.status, check.metrics["different"]) == (status, different)


def test_some_partners_do_not_add_up_to_the_world():
    con = make_goods()
    for table in trade.COUNTRIES:
        con.execute(f"delete from {table} where partner_code = '5700'")
    assert outcome(run_goods(con), "countries_match_world").status == "failed"
    gate = run_goods(con, partners=["1220", "2010"])
    assert outcome(gate, "countries_match_world").status == "not_served"
    assert gate.passed


def test_members_are_those_of_the_period():
    # China was a member until 2014-06-15 in these seeds: before, the group is too small without it.
    gate = run_goods(make_goods(period="2014-05-01"), partition="2014-05")
    assert outcome(gate, "members_match_groups").status == "failed"
    # In the month of the change there is no one list of members.
    gate = run_goods(make_goods(period="2014-06-01"), partition="2014-06")
    assert outcome(gate, "members_match_groups").status == "not_served"
    assert run_goods(make_goods(period="2014-07-01"), partition="2014-07").passed


def test_membership_that_is_carried_forward_warns_only():
    con = make_goods(period="2026-05-01")
    con.execute("update totals_aggregate set value_usd = value_usd + 1 where partner_kind = 'group'")
    for table in ("chapters_aggregate", "goods_aggregate"):
        con.execute(f"""
            update {table} set value_usd = value_usd + 1
            where partner_kind = 'group' and commodity_code like '01%'
        """)
    gate = run_goods(con, partition="2026-05")
    assert outcome(gate, "members_match_later_groups").status == "warned"
    assert outcome(gate, "members_match_groups").status == "not_served"
    assert gate.passed


@pytest.mark.parametrize(
    ("provenance", "relation"),
    [
        ([("hs10", "agency", []), ("hs2", "agency", [])], "one snapshot"),
        ([("hs10", "composed", ["a", "b"]), ("hs2", "composed", ["b"])], "same files"),
        ([("hs10", "composed", ["a"]), ("hs2", "composed", ["b"])], "different files"),
        ([("hs10", "agency", []), ("hs2", "composed", ["b"])], "different files"),
        ([("programme", "composed", ["a"])], "same files"),
        ([("hs10", "agency", None), ("hs10", "composed", ["a"]), ("hs2", "composed", ["a"])], "same files"),
    ],
)
def test_independence(provenance, relation):
    assert runner.independence(provenance, (("hs10",), ("hs2",))) == relation


def test_figures_of_one_level_are_never_independent_when_composed():
    assert runner.independence([("hs10", "composed", [])], (("hs10",), ("hs10",))) == "same files"


# The runner.


def test_at_most_twenty_failing_rows_are_shown_and_all_are_counted():
    con = make_goods()
    con.execute("insert into bad_values select 'goods', range, 'value_usd', 'x', 'no number' from range(345)")
    check = outcome(run_goods(con), "no_bad_values")
    assert len(check.failing_rows) == 20
    assert check.metrics == {"rows_failing": 345}
    assert "345 values could not be read" in check.message


def test_a_variable_that_is_missing_is_an_error_and_not_a_null():
    context = landing.context("imports_monthly", "2025-05", flow="import")
    del context["period_start"]
    with pytest.raises(KeyError):
        runner.run_suite(make_goods(), landing.SUITES["import_goods"], context)


def test_an_expectation_that_cannot_be_evaluated_is_an_error():
    check = rule("odd", guards="", problem="", advice="", tables=(), failing="select 1 as one")
    odd = Suite("odd", (runner.replace(check, summary="select 'text' as rows_failing"),))
    with pytest.raises(RuntimeError, match="could not be evaluated"):
        runner.run_suite(duckdb.connect(), odd, {"subject": "odd"})


def test_the_warehouse_can_be_read_only(tmp_path):
    duckdb.connect(str(tmp_path / "w.duckdb")).execute("create table t as select 1 as one").close()
    suite = Suite(
        "t", (rule("none", guards="", problem="", advice="", tables=("t",), failing="from t where one > 1"),)
    )
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as con:
        assert runner.run_suite(con, suite, {"subject": "t"}).passed


def test_results_are_kept_and_rendered(tmp_path):
    con = make_goods()
    con.execute("delete from goods where commodity_code[:2] = '01'")
    context = landing.context("imports_monthly", "2025-05", flow="import")
    suite = landing.SUITES["import_goods"]
    runner.run_suite(make_goods(), suite, context, tmp_path / "results")
    gate = runner.run_suite(con, suite, context, tmp_path / "results")
    [path] = (tmp_path / "results").iterdir()
    kept = json.loads(path.read_text())
    assert kept["success"] is False
    assert kept["meta"]["checks"] == gate.as_rows()

    index = runner.build_data_docs(tmp_path / "results", tmp_path / "docs")
    assert "landing_import_goods" in index.read_text()
    [page] = (tmp_path / "docs" / "validations").rglob("*.html")
    assert "parts_match_chapters" in page.read_text()


def test_several_partitions_give_one_result_per_check():
    bad = make_goods()
    bad.execute("delete from chapters where partner_code = '5700'")
    gates = {"2025-04": run_goods(make_goods()), "2025-05": run_goods(bad)}
    combined = {check.name: check for check in runner.combine(gates)}
    check = combined["parts_match_chapters"]
    assert check.status == "failed"
    assert check.message.startswith(
        "1 of 2 partitions failed (2025-05); the first: imports_monthly 2025-05: "
    )
    assert set(check.failing_rows["partition"]) == {"2025-05"}
    assert combined["schema"].status == "passed"
    assert len(combined) == len(landing.SUITES["import_goods"].checks)


# In Dagster.


def test_checks_in_dagster():
    con = make_goods()
    con.execute(
        "insert into bad_values select 'goods', range, 'value_usd', 'a|b', 'no number' from range(30)"
    )
    key = AssetKey(["census", "imports_monthly"])
    suite = landing.SUITES["import_goods"]
    specs = {spec.name: spec for spec in checks.check_specs(suite, key, blocking=True)}
    results = {check.name: checks.to_asset_check_result(check, key) for check in run_goods(con).checks}
    assert specs.keys() == results.keys()
    assert specs["schema"].blocking
    assert not specs["plausible_duty"].blocking
    assert results["schema"].passed
    bad = results["no_bad_values"]
    assert not bad.passed
    assert bad.severity == AssetCheckSeverity.ERROR
    assert bad.metadata["failing_rows"].value.count("\n") == 21
    assert "a\\|b" in bad.metadata["failing_rows"].value
    nothing_to_compare = results["members_match_later_groups"]
    assert nothing_to_compare.passed
    assert nothing_to_compare.metadata["status"].value == "not_served"


def test_a_run_over_partitions_gives_one_result_for_each_check():
    bad = make_goods()
    bad.execute("insert into bad_values values ('goods', 1, 'value_usd', 'x', 'no number')")
    gates = {"2025-05": run_goods(make_goods()), "2025-06": run_goods(bad)}
    results = checks.partition_check_results(gates, AssetKey("imports_monthly"))
    assert [result.check_name for result in results] == [
        check.name for check in landing.SUITES["import_goods"].checks
    ]
    failed = [result for result in results if result.severity == AssetCheckSeverity.ERROR]
    assert [(result.check_name, result.passed) for result in failed] == [("no_bad_values", False)]


def test_markdown_shows_nulls_as_empty():
    table = checks.markdown_table(pd.DataFrame({"a": [None, "x"], "b": [1, 2]}))
    assert table == "| a | b |\n| --- | --- |\n|  | 1 |\n| x | 2 |"


# The warehouse.


def make_staging():
    con = make_goods()
    con.execute("alter table goods add column vintage_at timestamp")
    for table in trade.TRADE:
        con.execute(f"alter table {table} rename to stg_census__{table}")
    for make, table in (
        (make_programmes, "programmes"),
        (make_commodities, "commodities"),
        (make_countries, "countries"),
        (make_labels, "labels"),
    ):
        con.register("frame", make().execute(f"from {table}").df())
        model, *_ = staging.REFERENCE.get(table, (f"stg_census__{table}",))
        con.execute(f"create table {model} as from frame")
    for model in {model for models in staging.REFERENCE.values() for model in models}:
        con.execute(f"create table if not exists {model} (vintage_at timestamp)")
    con.execute("""
        create table stg_landing__selection (dataset varchar, partition varchar, table_name varchar,
            flow varchar, period_grain varchar, period_start date, row_count bigint, value_usd bigint)
    """)
    for table in staging.PERIODIC:
        con.execute(f"""
            insert into stg_landing__selection
            select 'imports_monthly', '2025-05', '{table}', 'import', 'month', date '2025-05-01', count(*),
                   sum(value_usd) from stg_census__{table}
        """)
    con.execute("""
        insert into stg_landing__selection (dataset, partition, table_name, row_count)
        values ('import_commodities', '2026', 'commodities', 3), ('countries', 'current', 'countries', 3),
               ('user_labels', 'current', 'labels', 4)
    """)
    return con


def run_staging(con):
    return runner.run_suite(con, staging.SUITE, {"subject": "staging"})


def test_clean_staging_passes():
    assert set(statuses(run_staging(make_staging())).values()) == {"passed"}


STAGING_DEFECTS = {
    "a row that is lost": (
        "delete from stg_census__chapters where partner_code = '5700'",
        "rows_match_selection",
    ),
    "a value that changed": (
        "update stg_census__totals set value_usd = value_usd + 1 where partner_code = '5700'",
        "rows_match_selection",
    ),
    "rows in another period": (
        "update stg_census__goods set period_start = date '2025-04-01'",
        "rows_match_selection",
    ),
    "a list that is cut": (
        "delete from stg_census__commodities where commodity_code like '01%'",
        "reference_rows_match_selection",
    ),
    "labels that are lost": (
        "delete from stg_labels__labels where commodity_system = 'hs'",
        "reference_rows_match_selection",
    ),
    "two partitions for a period": (
        "insert into stg_landing__selection from stg_landing__selection where table_name = 'goods'",
        "selected_once",
    ),
    "a partition of another period": (
        "update stg_landing__selection set partition = '2025-06' where table_name = 'goods'",
        "periods_match_partitions",
    ),
    "codes of the other flow": (
        "update stg_census__goods set commodity_system = 'schedule_b10' where partner_code = '1220'",
        "systems_match_flows",
    ),
}


@pytest.mark.parametrize("defect", STAGING_DEFECTS)
def test_a_defect_in_staging_is_stopped(defect):
    sql, name = STAGING_DEFECTS[defect]
    con = make_staging()
    con.execute(sql)
    assert outcome(run_staging(con), name).status == "failed"


def make_marts():
    """One month in which exports and imports are covered; Canada has no AI exports."""
    con = duckdb.connect()
    con.execute("""
        create table dim_partner as select * from (values
            ('-', 'world'), ('0020', 'group'), ('1220', 'country'), ('5700', 'country')
        ) as t(partner_code, partner_kind);
        create table dim_commodity as select * from (values
            ('hts10', '8471500150'), ('schedule_b10', '8471500150')
        ) as t(commodity_system, commodity_code);
        create table ai_product as select 'compute_core' as definition_id, * from dim_commodity;
        create table goods_trade as select * from (values
            ('import', '1220', 'hts10', 100::bigint), ('import', '5700', 'hts10', 300),
            ('export', '5700', 'schedule_b10', 50)
        ) as t(flow, partner_code, commodity_system, value_usd);
        alter table goods_trade add column period_start date default '2025-05-01';
        alter table goods_trade add column commodity_code varchar default '8471500150';
        create table goods_trade_annual as from goods_trade limit 0;
        create table goods_trade_chapter as
            select *, 'month' as period_grain from goods_trade;
        create table goods_trade_total as from goods_trade_chapter;
        create table goods_trade_programme as from goods_trade_chapter where flow = 'import';
        create table goods_trade_aggregate as
            select * replace ('-' as partner_code), 'world' as partner_kind from goods_trade_chapter;
        create table goods_trade_chapter_aggregate as from goods_trade_aggregate;
        create table goods_trade_total_aggregate as from goods_trade_aggregate;
        create table balance_basis as
            select 'consumption_vs_total_exports' as balance_basis, 'value_usd' as exports_measure,
                   'value_usd' as imports_measure;
        create table ai_trade as
            select 'compute_core' as definition_id, 'Compute_Hardware' as category, *
            from goods_trade_chapter;
        create table dim_ai_definition as
            select 'compute_core' as definition_id, 'core' as classification_id, 'High' as relevance_levels,
                   'ex_27_71_98_99' as exclusion_id, true as is_imports_labelled, true as is_exports_labelled,
                   date '2010-01-01' as valid_from, null::date as valid_to;
        create table classified_trade as
            select 'core' as classification_id, 'High' as relevance, false as is_excluded_chapter, *
            from goods_trade_chapter;
        create table ai_trade_growth as
            select 'compute_core' as definition_id, 'import' as flow, 'month' as period_grain,
                   date '2025-05-01' as period_start, product_group, category, value_usd,
                   value_usd as comparable_value_usd, year_earlier_usd as comparable_year_earlier_usd
            from (values ('ai', 'all', 400::bigint, 300::bigint), ('ai', 'Compute_Hardware', 400, 300),
                         ('all_other', 'all', 50, 60), ('all_goods', 'all', 450, 360)
            ) as t(product_group, category, value_usd, year_earlier_usd);
        create table ai_top_products as
            select definition_id, flow, period_grain, period_start, 1 as product_rank,
                   400::bigint as value_usd, 1.0 as ai_share
            from ai_trade_growth limit 1;
        create table ai_top_partners as from ai_trade;
        create table ai_effective_tariff_by_partner as
            select 'compute_core' as definition_id, 'month' as period_grain,
                   date '2025-05-01' as period_start, 'ai' as product_group, 'all' as category, partner_code,
                   value_usd,
                   value_usd // 10 as duty_usd, value_usd as duty_covered_value_usd
            from goods_trade where flow = 'import';
        create table ai_effective_tariff as
            select definition_id, period_grain, period_start, product_group, category,
                   sum(value_usd)::bigint as value_usd, sum(duty_usd)::bigint as duty_usd,
                   sum(duty_covered_value_usd)::bigint as duty_covered_value_usd
            from ai_effective_tariff_by_partner group by all;
        create table ai_counterfactual_balance as
            select 'compute_core' as definition_id, 2023 as base_year, 'low_codes' as non_ai_basis,
                   'month' as period_grain, date '2025-05-01' as period_start, *
            from (values (200::bigint, 80::bigint, -120::bigint, 110::bigint, 50::bigint, -60::bigint,
                          90::bigint, 30::bigint, -60::bigint, -720::bigint, -660::bigint, null, null)
            ) as t(ai_imports_usd, ai_exports_usd, ai_balance_usd, counterfactual_ai_imports_usd,
                   counterfactual_ai_exports_usd, counterfactual_ai_balance_usd, excess_imports_usd,
                   excess_exports_usd, excess_balance_usd, goods_balance_usd,
                   counterfactual_goods_balance_usd, imports_reason, exports_reason);
        create table ai_trade_balance as
            select 'compute_core' as definition_id, 'consumption_vs_total_exports' as balance_basis,
                   'month' as period_grain, date '2025-05-01' as period_start, partner_code, exports_usd,
                   imports_usd, exports_usd - imports_usd as balance_usd, coverage, reason
            from (values ('5700', 50::bigint, 300::bigint, 'both', null),
                         ('1220', null, 100, 'imports_only', 'exports are not covered')
            ) as t(partner_code, exports_usd, imports_usd, coverage, reason);
        create table tariff_rate_daily_overall as
            select date '2025-05-01' as day, 0.15::double as total_rate, 400::bigint as weight_usd,
                   1.0::double as coverage_share;
        create table tariff_rate_daily_by_authority as
            select date '2025-05-01' as day, * from (values ('schedule', 0.05::double), ('section_232', 0.1))
                as t(authority, rate);
        create table tariff_rate_daily_by_partner as
            select date '2025-05-01' as day, 1.0::double as coverage_share, *
            from (values ('5700', 0.18::double, 300::bigint), ('1220', 0.06, 100))
                as t(partner_code, total_rate, weight_usd);
        create table ai_tariff_rate_by_partner as
            select 'compute_core' as definition_id, 'all' as category, '5700' as partner_code,
                   date '2025-05-01' as valid_from, null::date as valid_to, 0.18::double as total_rate;
        create table ai_tariff_scenario as
            select 'no_exemptions' as scenario_id, 'compute_core' as definition_id, 'all' as category,
                   '5700' as partner_code, date '2025-06-01' as valid_from, 0.18::double as law_rate;
        create table source_coverage as
            select *, 'month' as period_grain, date '2025-05-01' as period_start, 'hs10' as level from (values
                ('import', '1220', 'covered', null), ('import', '5700', 'covered', null),
                ('export', '5700', 'covered', null), ('export', '1220', 'not_covered', 'not asked for')
            ) as t(flow, partner_code, status, reason);
        create table ai_trade_headline as
            select 'compute_core' as definition_id, 'month' as period_grain,
                   date '2025-05-01' as period_start, 400::bigint as ai_imports_usd,
                   null::bigint as ai_exports_usd, 0.5::double as ai_import_share,
                   null::double as ai_import_share_all_goods, 1.0 as duty_coverage_share,
                   1.0 as duty_coverage_share_ex_27_71_98_99, 0.02::double as effective_tariff_rate,
                   0.03 as effective_tariff_rate_ex_27_71_98_99;
        create table stg_landing__selection
            (table_name varchar, flow varchar, period_grain varchar, period_start date, row_count bigint,
             value_usd bigint)
    """)
    for table, (landed, _) in marts.TRADE.items():
        con.execute(f"""
            insert into stg_landing__selection
            select '{landed}', flow, 'month', period_start, count(*), sum(value_usd) from {table} group by all
        """)
    return con


def run_marts(con):
    return runner.run_suite(con, marts.SUITE, {"subject": "marts"})


def test_clean_marts_pass():
    assert set(statuses(run_marts(make_marts())).values()) == {"passed"}


MARTS_DEFECTS = {
    "a row that is counted twice": (
        "insert into goods_trade from goods_trade limit 1",
        "totals_match_landing",
    ),
    "a period that is not built": ("delete from goods_trade_chapter", "totals_match_landing"),
    "an orphan partner": ("update ai_trade set partner_code = '9999'", "no_orphan_partner"),
    "an orphan code": ("update goods_trade set commodity_code = '8471500151'", "no_orphan_code"),
    "a product without a code": ("update ai_product set commodity_code = '1'", "no_orphan_code"),
    "an aggregate among countries": ("update goods_trade set partner_code = '0020'", "kinds_never_mix"),
    "a country among aggregates": (
        "update goods_trade_aggregate set partner_code = '1220'",
        "kinds_never_mix",
    ),
    "a balance that is not the difference": (
        "update ai_trade_balance set balance_usd = 1 where partner_code = '5700'",
        "balance_identity",
    ),
    "a balance of one side": (
        "update ai_trade_balance set balance_usd = -100 where partner_code = '1220'",
        "balance_identity",
    ),
    "a side that is not covered": (
        "update ai_trade_balance set exports_usd = 0 where partner_code = '1220'",
        "balance_says_what_is_there",
    ),
    "a null balance without a reason": (
        "update ai_trade_balance set reason = null",
        "balance_says_what_is_there",
    ),
    "a partner that is lost": (
        "delete from ai_trade_balance where partner_code = '1220'",
        "balance_matches_trade",
    ),
    "a headline that is not the sum": (
        "update ai_trade_headline set ai_imports_usd = 401",
        "headline_matches_trade",
    ),
    "a headline without all partners": (
        "update ai_trade_headline set ai_exports_usd = 50",
        "headline_is_covered",
    ),
    "a code without a label": (
        "delete from classified_trade where partner_code = '1220'",
        "classified_matches_goods",
    ),
    "a code with two labels": (
        "insert into classified_trade from classified_trade where flow = 'export'",
        "classified_matches_goods",
    ),
    "a definition that counts another label": (
        "update classified_trade set relevance = 'Low' where flow = 'export'",
        "ai_trade_matches_classified",
    ),
    "a chapter that the definition leaves out": (
        "update classified_trade set is_excluded_chapter = true where flow = 'export'",
        "ai_trade_matches_classified",
    ),
    "a measure that is not the sum": (
        "update ai_trade_growth set value_usd = 399 where category = 'Compute_Hardware'",
        "measures_match_trade",
    ),
    "goods that a family loses": (
        "update ai_trade_growth set comparable_value_usd = 50 where product_group = 'all_other'; "
        "update ai_trade_growth set comparable_year_earlier_usd = 310 where category = 'all' "
        "and product_group = 'ai'",
        "families_move_nothing_away",
    ),
    "a product that is ranked twice": (
        "insert into ai_top_products select * replace (2 as product_rank) from ai_top_products",
        "top_products_within_total",
    ),
    "a member beside its group": (
        "insert into ai_effective_tariff_by_partner "
        "select * replace ('0020' as partner_code) from ai_effective_tariff_by_partner limit 1",
        "tariff_counts_each_partner_once",
    ),
    "an excess that is not the difference": (
        "update ai_counterfactual_balance set excess_imports_usd = 91",
        "counterfactual_identity",
    ),
    "a counterfactual that is null without a reason": (
        "update ai_counterfactual_balance set excess_exports_usd = null, excess_balance_usd = null",
        "counterfactual_identity",
    ),
    "a share above one": ("update ai_trade_headline set ai_import_share = 1.01", "shares_within_one"),
    "a negative rate": ("update ai_trade_headline set effective_tariff_rate = -0.1", "shares_within_one"),
    "an unknown status": ("update source_coverage set status = 'perhaps'", "coverage_statuses"),
    "a law that is not in the total": (
        "delete from tariff_rate_daily_by_authority where authority = 'section_232'",
        "statutory_rates_add_up",
    ),
    "a partner that is counted twice": (
        "insert into tariff_rate_daily_by_partner "
        "select * from tariff_rate_daily_by_partner where partner_code = '5700'",
        "statutory_rates_add_up",
    ),
    "a scenario beside another law": (
        "update ai_tariff_scenario set law_rate = 0.2",
        "scenarios_start_from_the_law",
    ),
    "a gap without a reason": ("update source_coverage set reason = null", "coverage_statuses"),
}


@pytest.mark.parametrize("defect", MARTS_DEFECTS)
def test_a_defect_in_the_marts_is_stopped(defect):
    sql, name = MARTS_DEFECTS[defect]
    con = make_marts()
    con.execute(sql)
    check = outcome(run_marts(con), name)
    assert check.status == "failed", check.message
    assert not check.failing_rows.empty

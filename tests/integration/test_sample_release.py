"""The sample, through the same door that a user takes: one run, then what its release says."""

import json
import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from rich.console import Console

from orchestration import fidelity, headline, tariff_examples
from orchestration.run import _is_current
from orchestration.settings import REPOSITORY, Settings
from tests.integration.pipeline import Pipeline

MOST_SECONDS_WITH_NOTHING_NEW = 10
CORE_2024 = "definition_id = 'compute_core' and period_grain = 'year' and period_start = date '2024-01-01'"


def sample_environment(data_dir: Path) -> dict[str, str]:
    return {
        "AITB_DATA_DIR": str(data_dir),
        "AITB_ARCHIVE_DIR": str(REPOSITORY / "sample" / "archive"),
        "AITB_FETCH": "never",
    }


@pytest.fixture(scope="module")
def sample(forks, parsed_project, tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("sample")
    shutil.copytree(parsed_project, data_dir / "dbt")
    environment = sample_environment(data_dir) | {"COLUMNS": "160"}
    with Pipeline(forks).running(environment) as run:
        assert run.exit_code() == 0, run.printed()
    return data_dir, run.printed()


@pytest.fixture(scope="module")
def release(sample):
    data_dir, _ = sample
    with duckdb.connect(str(data_dir / "published" / "ai_trade.duckdb"), read_only=True) as con:
        yield con


def one(con, query):
    return con.execute(query).fetchone()


def test_headline_of_2024(release):
    head = release.execute(f"select * from ai_trade_headline where {CORE_2024}").df().iloc[0]
    assert head.ai_imports_usd == 225_027_679_662
    assert head.imports_ex_27_71_98_99_usd == 2_792_225_805_168
    assert head.imports_all_goods_usd == 3_251_194_802_380
    assert head.ai_import_share == pytest.approx(0.08059, abs=1e-5)
    assert head.ai_import_share_all_goods == pytest.approx(0.06921, abs=1e-5)
    assert head.effective_tariff_rate == pytest.approx(0.0051, abs=5e-5)
    assert head.effective_tariff_rate_ex_27_71_98_99 == pytest.approx(0.0269, abs=5e-5)
    assert head.duty_covered_value_ex_27_71_98_99_usd == 2_767_662_161_905
    assert pd.isna(head.ai_exports_usd)
    assert pd.isna(head.ai_balance_usd)
    assert "not covered for all partners" in head.exports_reason


def test_default_definition_of_2024(release):
    by_category = dict(
        release.execute("""
            select category, round(sum(value_usd) / 1e9, 1)
            from ai_trade join dim_ai_definition using (definition_id)
            where is_default and flow = 'import' and period_grain = 'year'
            group by category
        """).fetchall()
    )
    assert by_category == {
        "Compute_Hardware": 209.7,
        "Electrical_Power": 123.0,
        "Networking_Telecom": 68.8,
        "Cooling_HVAC": 44.8,
        "Building_Structure": 9.1,
        "Specialty_Materials": 0.7,
        "Fire_Safety_Security": 0.7,
    }


def test_every_definition_of_2024(release):
    imports = dict(
        release.execute("""
            select definition_id, round(ai_imports_usd / 1e9, 1) from ai_trade_headline
            where period_grain = 'year' and period_start = date '2024-01-01'
        """).fetchall()
    )
    assert imports == {
        "compute_core": 225.0,
        "datacenter_high": 456.9,
        "datacenter_high_medium": 872.7,
        "wto_2025": 463.3,
    }
    codes = "select count(distinct hs6), count(*) from ai_product where definition_id = '{}'"
    assert one(release, codes.format("wto_2025"))[0] == 104
    assert one(release, codes.format("compute_core") + " and commodity_system = 'hts10'") == (7, 37)


def test_no_traded_code_is_without_its_label(release):
    assert one(
        release,
        """
        select count(*) from goods_trade_annual anti join (
            select * from ai_classification where classification_id = 'datacenter_rules' and basis = 'rule'
        ) using (commodity_system, commodity_code)
        """,
    ) == (0,)


def test_classified_trade_is_all_trade(release):
    rows = release.execute("""
        select classification_id, sum(value_usd)::bigint from classified_trade
        where flow = 'import' and period_grain = 'year' group by all order by all
    """).fetchall()
    assert rows == [(name, 3_213_364_718_440) for name in ("compute_core", "datacenter_rules", "wto_2025")]


def test_headline_is_shown_only_where_all_partners_are_covered(release):
    assert release.execute(
        "select distinct period_grain, period_start::varchar from ai_trade_headline"
    ).fetchall() == [("year", "2024-01-01")]


def test_balance_is_known_for_three_partners(release):
    rows = release.execute(f"""
        select iso3, sum(exports_usd) / 1e9, sum(imports_usd) / 1e9
        from ai_trade_balance join dim_partner using (partner_code)
        where {CORE_2024} and balance_basis = 'consumption_vs_total_exports' and balance_usd is not null
        group by iso3 order by iso3
    """).fetchall()
    assert [(iso3, round(exports, 3), round(imports, 3)) for iso3, exports, imports in rows] == [
        ("CHE", 0.191, 0.087),
        ("IRL", 1.461, 2.229),
        ("VNM", 2.849, 21.158),
    ]


def test_balance_on_a_basis_that_is_not_served_is_null_with_a_reason(release):
    assert one(
        release,
        "select count(balance_usd), count(*) filter (reason is null) from ai_trade_balance "
        "where balance_basis = 'general_vs_total_exports'",
    ) == (0, 0)


def test_months_of_a_side_that_is_not_covered_are_null(release):
    rows = release.execute("""
        select distinct partner_code, coverage, exports_usd is null, imports_usd is null
        from ai_trade_balance
        where period_grain = 'month' and balance_basis = 'consumption_vs_total_exports'
        order by partner_code
    """).fetchall()
    assert rows == [
        ("1220", "imports_only", True, False),
        ("2010", "imports_only", True, False),
        ("4190", "exports_only", False, True),
        ("4419", "exports_only", False, True),
        ("5520", "exports_only", False, True),
    ]


def test_ten_digit_tables_hold_what_the_agency_published(release):
    assert one(
        release,
        "select count(*), count(distinct partner_code), "
        "sum(value_usd) filter (commodity_code[:2] not in ('98', '99')) "
        "from goods_trade_annual where flow = 'import'",
    ) == (336_416, 233, 3_123_773_412_637)
    assert one(
        release,
        "select count(*), sum(value_usd) from goods_trade "
        "where flow = 'import' and period_start = '2025-01-01'",
    ) == (14_520, 80_195_605_756)
    assert one(release, "select count(*) from goods_trade where partner_code in ('-', '0003')") == (0,)


def test_duty_is_null_where_it_is_not_served(release):
    assert one(
        release,
        "select count(distinct partner_code) filter (duty_usd is not null), count(distinct partner_code) "
        "from goods_trade_annual where flow = 'import'",
    ) == (50, 233)


def test_what_the_sample_lacks_of_a_covered_partner_is_said(release):
    """Chapters 98 and 99 are there for some partners only; all that the world's total has beyond is said."""
    known, missing, words = one(
        release,
        "select count(shortfall_usd), sum(shortfall_usd)::bigint, count(distinct reason) "
        "from source_coverage where flow = 'import' and period_grain = 'year' and level = 'hs10' "
        "and status = 'covered'",
    )
    assert (known, missing, words) == (37, 32_344_770_508, 2)
    assert one(
        release,
        "select count(*), any_value(reason) from source_coverage "
        "where flow = 'import' and period_grain = 'year' and level = 'hs10' and shortfall_usd is null",
    ) == (
        203,
        "all goods of the partner are not served; the rows of all such partners are 5485313432 US dollars "
        "short of those of the world",
    )
    (landed,) = one(release, "select sum(value_usd) from goods_trade_annual where flow = 'import'")
    assert 3_251_194_802_380 - landed == missing + 5_485_313_432


def test_preference_use_is_a_table_of_its_own(release):
    assert one(
        release,
        "select sum(value_usd), min(rate_provision_code), max(rate_provision_code) "
        "from goods_trade_programme where partner_code = '2010' and period_start = '2025-01-01'",
    ) == (19_063_089_699, "18", "18")


def test_the_release_says_where_its_figures_come_from(sample, release):
    data_dir, printed = sample
    info = json.loads((data_dir / "published" / "release.json").read_text())
    assert info["origin"] == "composed"
    assert "imports_hs10_country_2024.parquet" in info["composed_from"]
    assert one(release, "select release_id, origin from release_info") == (info["release_id"], "composed")
    assert "composed in the agency's answer format" in " ".join(printed.split())
    assert str(data_dir / "published" / "ai_trade.duckdb") in printed


def test_a_check_of_one_file_against_itself_is_not_called_passed(release):
    rows = dict(
        release.execute("""
            select check_name, status from release_checks where subject = 'imports_annual 2024'
        """).fetchall()
    )
    assert rows["parts_match_chapters"] == "not_independent"
    assert rows["keys_unique"] == "passed"


def test_measures_of_2024_are_shown_and_what_they_lack_is_said(release):
    rates = dict(
        release.execute("""
            select product_group, effective_tariff_rate from ai_effective_tariff
            where definition_id = 'datacenter_high' and period_grain = 'year' and category = 'all'
        """).fetchall()
    )
    assert rates["ai"] == pytest.approx(0.018, abs=1e-3)
    assert rates["low_codes"] == pytest.approx(0.027, abs=1e-3)
    assert rates["all_goods"] == pytest.approx(0.0269, abs=5e-5)
    assert one(
        release,
        f"select value_usd, value_growth, value_growth_reason from ai_trade_growth where {CORE_2024} "
        "and flow = 'import' and product_group = 'ai' and category = 'all'",
    ) == (225_027_679_662, None, "imports of a year earlier are not loaded")
    assert one(
        release,
        f"select ai_imports_usd, excess_imports_usd, imports_reason from ai_counterfactual_balance "
        f"where {CORE_2024} and non_ai_basis = 'low_codes'",
    ) == (225_027_679_662, None, "the base year 2023 is not covered for all partners")
    assert one(
        release, "select count(index_value), count(*) filter (reason is null) from ai_trade_index"
    ) == (0, 0)
    assert release.execute(f"""
        select commodity_code, round(value_usd / 1e9, 1) from ai_top_products
        where {CORE_2024} and product_rank <= 3 order by product_rank
    """).fetchall() == [("8471500150", 61.6), ("8517620090", 38.5), ("8473301180", 27.9)]
    assert release.execute(f"""
        select partner_name, round(partner_share, 3) from ai_top_partners
        where {CORE_2024} and flow = 'import' and category = 'all' and partner_rank <= 2 order by partner_rank
    """).fetchall() == [("Taiwan", 0.291), ("Mexico", 0.246)]


@pytest.mark.parametrize("written", [fidelity, tariff_examples])
def test_the_pages_of_figures_are_those_of_the_sample(sample, written):
    """When one is not: `make run`, then `make fidelity`."""
    data_dir, _ = sample
    assert written.page(data_dir / "published") == written.PAGE.read_text()


def test_the_table_in_the_readme_is_the_one_that_is_printed(sample):
    """With the exposure to export controls in it, and why that of exports is not covered."""
    data_dir, printed = sample
    table = (REPOSITORY / "README.md").read_text().split("```\n")[1]
    shown = StringIO()
    headline.show(data_dir / "published", Console(file=shown, width=max(map(len, table.splitlines()))))
    lines = [line.rstrip() for line in shown.getvalue().split("Origin:")[0].splitlines()]
    assert lines == table.splitlines()
    assert "at most $217.8 bn, 47.66% of them" in printed
    assert "not covered: exports are covered for 3 of 240 partners; to these 3 at most" in printed


def test_the_claims_in_the_docs_are_those_of_the_release(release):
    page = (REPOSITORY / "docs" / "export-controls.md").read_text().splitlines()
    rows = release.execute("""
        select claim_id, statement, definition, verdict, reason from export_control_claims order by claim_id
    """).fetchall()
    assert len(rows) == 6
    for claim, statement, definition, verdict, reason in rows:
        said = f"{verdict.replace('_', ' ')}: {reason}"
        assert f"| `{claim}` | {statement} | {definition} | {said} |" in page


def test_the_control_lists_are_in_the_sample_and_no_verdict_stands_without_data(release):
    """The Entity List is there to be screened against; what an event did cannot be measured, and says so."""
    assert one(release, "select count(*) from screened_party where list_code = 'EL'") == (3329,)
    assert one(
        release,
        """
        select trust_tier, requirement, review_policy from licence_requirement
        join partner_tier using (partner_code) join dim_partner using (partner_code)
        where dim_partner.iso2 = 'CN' and eccn = '4A090' and scheme = 'ear'
            and licence_requirement.valid_to is null and partner_tier.valid_to is null
        """,
    ) == ("restricted", "required", "presumption_of_denial")
    assert release.execute("""
        select distinct status, reason is not null from export_control_event_coverage
    """).fetchall() == [("not_measured", True)]
    assert one(release, "select count(*) from diversion_signals") == (0,)
    assert release.execute("select distinct did_effect from export_control_event_effect").fetchall() == [
        (None,)
    ]


def test_a_rate_is_the_sum_of_what_explains_it(release):
    """Also for goods that claim a preference, and in the right proportion."""
    products = release.execute("select hts10, partner_code from tariff_example order by position").fetchall()
    assert products == [("8471804000", "5830"), ("8504340000", "2010"), ("8473301140", "5700")]
    for hts10, partner_code in products:
        unexplained = """
            with goods as (
                select distinct valid_from, is_claimed, goods_share, goods_total_rate
                from tariff_rate_explained($hts10, $partner_code)
            ),
            explained as (
                select valid_from, sum(goods_share * goods_total_rate) as total_rate
                from goods group by valid_from
            )
            select valid_from, rates.total_rate, explained.total_rate
            from tariff_rate_statutory as rates left join explained using (valid_from)
            where rates.hts10 = $hts10 and rates.partner_code = $partner_code
            and coalesce(abs(rates.total_rate - explained.total_rate) > 1e-9, true)
        """
        key = {"hts10": hts10, "partner_code": partner_code}
        assert release.execute(unexplained, key).fetchall() == [], key


def test_what_an_exemption_spares_is_said_with_its_heading(release):
    assert one(
        release,
        "select title, rate, share, share_exempted, exempt_by "
        "from tariff_rate_explained('8471804000', '5830') "
        "where date '2025-12-31' between valid_from and valid_to",
    ) == (
        "Reciprocal tariffs",
        Decimal("0.2000"),
        0,
        1,
        "Electronics of the memorandum of 2025-04-11 (9903.01.32)",
    )
    assert release.execute(
        "select parameter_id, value, lower_bound, upper_bound "
        "from tariff_shares_assumed('8504340000', '2010') where action_id = 's232_aluminum_content'"
    ).fetchall() == [("aluminum_content", 0.22, 0.15, 0.4)]


def test_no_check_of_the_release_failed(release):
    assert release.execute("select * from release_checks where status = 'failed'").fetchall() == []
    layers = release.execute(
        "select layer, count(*) from release_checks group by layer order by layer"
    ).fetchall()
    assert {layer for layer, _ in layers} == {"dbt", "landing", "marts", "staging"}


def test_parquet_files_hold_the_same_tables(sample, release):
    data_dir, _ = sample
    tables = {name for (name,) in release.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables == {path.stem for path in (data_dir / "published").glob("*.parquet")}
    frame = pd.DataFrame(duckdb.sql(f"from '{data_dir}/published/ai_trade.parquet'").fetchall())
    assert len(frame) == one(release, "select count(*) from ai_trade")[0]


def test_a_second_run_with_nothing_new_ends_at_once(sample):
    data_dir, _ = sample
    before = (data_dir / "published" / "release.json").read_bytes()
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, "-m", "orchestration.run"],
        cwd=REPOSITORY,
        env={**os.environ, **sample_environment(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - started < MOST_SECONDS_WITH_NOTHING_NEW
    assert finished.returncode == 0
    assert "Nothing is new" in finished.stdout
    assert (data_dir / "published" / "release.json").read_bytes() == before


def test_results_of_another_build_publish_nothing(sample):
    """Materializing the release alone cannot get past gates that judged something else."""
    from dagster import AssetKey, DagsterInstance

    from orchestration.definitions import build_definitions

    data_dir, _ = sample
    built = data_dir / "warehouse" / "current" / "inputs" / "release.json"
    identity, before = built.read_text(), (data_dir / "published" / "release.json").read_bytes()
    settings = Settings(data_dir=data_dir, archive_dir=REPOSITORY / "sample" / "archive")
    refresh = build_definitions(settings).resolve_job_def("refresh")
    built.write_text(json.dumps(json.loads(identity) | {"release_id": "another"}))
    try:
        with DagsterInstance.ephemeral() as instance:
            result = refresh.execute_in_process(
                instance=instance, asset_selection=[AssetKey("release")], raise_on_error=False
            )
    finally:
        built.write_text(identity)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "run the job 'refresh' as a whole" in str(failure.event_specific_data.error)
    assert (data_dir / "published" / "release.json").read_bytes() == before


def test_a_run_that_was_not_complete_is_not_skipped(sample):
    data_dir, _ = sample
    settings = Settings(data_dir=data_dir, archive_dir=REPOSITORY / "sample" / "archive")
    complete = data_dir / "warehouse" / "current" / "complete"
    assert _is_current(settings)
    digest = complete.read_text()
    complete.unlink()
    assert not _is_current(settings)
    complete.write_text(digest)


def test_a_second_run_imports_nothing_heavy():
    code = (
        "import sys; import orchestration.run; "
        "print([m for m in ('dagster', 'dbt', 'great_expectations') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"


# Tariffs ------------------------------------------------------------------------------------------------

CASES = REPOSITORY / "tests" / "dbt" / "tariff" / "cases.csv"
AI_ON = "definition_id = 'datacenter_high' and product_group = 'ai' and category = 'all'"


def test_the_panel_has_the_actions_that_were_checked_by_hand(release):
    differing = release.execute(
        """
        with cases as (
            from read_csv(?, header = true, columns = {
                title: 'varchar', partner_code: 'varchar', hts10: 'varchar', day: 'date',
                action_id: 'varchar', heading: 'varchar', rate: 'decimal(6, 4)', rate_kind: 'varchar',
                shares: 'varchar'
            })
        ), questions as (
            select distinct title, partner_code, hts10, day from cases
        ), found as (
            select distinct questions.*, parts.action_id, parts.heading, parts.rate, parts.rate_kind
            from questions
            join tariff_product as products
                on questions.hts10 = products.hts10
                and questions.day between products.valid_from and coalesce(products.valid_to, questions.day)
            join tariff_partner as partners on questions.partner_code = partners.partner_code
            join tariff_panel as panel
                on products.product_class_id = panel.product_class_id
                and partners.partner_class_id = panel.partner_class_id
                and panel.scenario_id = 'law'
                and questions.day between panel.valid_from and coalesce(panel.valid_to, questions.day)
            join tariff_duty_part as parts on parts.duty_id in (panel.duty_id, panel.claimed_duty_id)
            where parts.share > 0
        ), expected as (
            select * exclude (shares) from cases where action_id is not null
        )
        (from expected except from found) union all (from found except from expected)
        """,
        [str(CASES)],
    ).fetchall()
    assert differing == []


@pytest.mark.parametrize(
    ("day", "rates"),
    [
        ("2025-01-01", {"base": 1.36, "section_301": 1.31, "section_201": 0.05, "total": 2.78}),
        ("2025-04-09", {"ieepa_fentanyl": 3.33, "ieepa_reciprocal": 15.21, "total": 23.9}),
        ("2025-12-15", {"section_232": 4.72, "ieepa_reciprocal": 4.85, "total": 14.58}),
        ("2026-03-01", {"section_232": 4.72, "section_122": 3.43, "section_201": 0, "total": 10.88}),
        ("2026-09-30", {"section_301_forced_labor": 3.31, "section_122": 0, "total": 12.33}),
    ],
)
def test_statutory_rates_of_all_imports(release, day, rates):
    found = release.execute("select * from tariff_rate_daily_overall where day = ?", [day]).df().iloc[0]
    assert {name: round(100 * found[f"{name}_rate"], 2) for name in rates} == rates
    assert found.coverage_share > 0.995


def test_statutory_rates_are_within_half_a_point_of_the_published_ones_or_the_page_says_why(release):
    figures = release.execute("""
        select title, gap, reason from fidelity
        where measure = 'statutory_rate' and publication like '%edition of 2026-08-11%'
    """).df()
    assert len(figures) == 55
    assert figures.gap.notna().all()
    assert figures[(figures.gap.abs() > 0.5) & figures.reason.isna()].title.to_list() == []
    # What is explained is of some partners and months; nearly all of it is there.
    assert (figures.gap.abs() <= 0.5).mean() > 0.65


def test_a_lapsed_preference_is_claimed_again_after_its_renewal(release):
    claims = release.execute("""
        select cast(valid_from as varchar), cast(valid_to as varchar), claimed_share > 0 from tariff_claim
        where partner_code = '7910' and hts10 = '8703230140' order by valid_from
    """).fetchall()
    assert claims == [
        ("2025-01-01", "2025-09-30", True),
        ("2025-10-01", "2026-02-03", False),
        ("2026-02-04", "2026-12-31", True),
        ("2027-01-01", None, False),
    ]


def test_vehicle_parts_that_are_free_for_their_origin_pay_no_duty_on_metal(release):
    rates = dict(
        release.execute("""
            select partner_code, round(section_232_rate, 3)
            from tariff_rate_on(date '2026-04-10')
            where hts10 = '8708998180' and partner_code in ('2010', '5700')
        """).fetchall()
    )
    assert rates["5700"] == 0.25
    assert rates["2010"] < 0.05


def test_every_day_is_the_weighted_sum_of_its_partners_and_of_its_authorities(release):
    assert one(
        release,
        """
        with partners as (
            select day, sum(total_rate * weight_usd * coverage_share) / sum(weight_usd * coverage_share)
                as rate
            from tariff_rate_daily_by_partner group by day
        ), authorities as (
            select day, sum(rate) as rate from tariff_rate_daily_by_authority group by day
        )
        select count(*), max(abs(partners.rate - overall.total_rate)) < 1e-9,
               max(abs(authorities.rate - overall.total_rate)) < 1e-9
        from tariff_rate_daily_overall as overall join partners using (day) join authorities using (day)
        """,
    ) == (638, True, True)


def test_a_day_of_the_panel_is_what_its_intervals_say(release):
    on = "hts10 in ('8471804000', '8504220040', '8703230190', '0901110025') and partner_code < '5000'"
    rows, same = one(
        release,
        f"""
        select count(*), bool_and(days.total_rate is not distinct from spread.total_rate)
        from tariff_rate_on(date '2025-09-20') as days
        join tariff_rate_statutory as spread using (hts10, partner_code)
        where {on} and date '2025-09-20' between spread.valid_from and coalesce(spread.valid_to, '9999-12-31')
        """,
    )
    partners = one(release, "select count(*) from tariff_partner where partner_code < '5000'")[0]
    assert (rows, same) == (4 * partners, True)


def test_the_panel_has_one_rate_for_each_code_and_partner_on_any_day(release):
    products, partners = one(
        release,
        "select (select count(distinct hts10) from tariff_product), (select count(*) from tariff_partner)",
    )
    for day in ("2025-01-01", "2025-04-09", "2026-07-24"):
        rows, keys = one(
            release,
            "select count(*), count(distinct (hts10, partner_code)) "
            f"from tariff_rate_on(date '{day}') where hts10 < '10' or hts10 like '85%'",
        )
        assert rows == keys
    assert products > 20_000
    assert partners > 230


def test_exemptions_are_the_shield_of_computers(release):
    shares = dict(
        release.execute("""
            select category, round(ai_import_share, 3) from ai_exemption_coverage
            where definition_id = 'datacenter_high' and list_id = 'electronics_2025_04'
              and category in ('all', 'Compute_Hardware', 'Networking_Telecom', 'Cooling_HVAC')
        """).fetchall()
    )
    assert shares == {"all": 0.558, "Compute_Hardware": 0.949, "Networking_Telecom": 0.813}
    ai, others = one(
        release,
        """
        select max(exempted_rate) filter (product_group = 'ai'),
               max(exempted_rate) filter (product_group = 'all_other')
        from ai_tariff_rate_daily
        where definition_id = 'datacenter_high' and category = 'all' and day = date '2025-12-15'
        """,
    )
    assert ai == pytest.approx(0.0827, abs=5e-4)
    assert others == pytest.approx(0.0342, abs=5e-4)


def test_what_ending_every_exemption_would_cost_is_what_exemptions_spare(release):
    added, spared = one(
        release,
        f"""
        select
            (select added_duty_usd from ai_tariff_scenario
             where definition_id = 'datacenter_high' and category = 'all' and partner_code = 'all'
               and scenario_id = 'no_exemptions' and valid_from = date '2026-10-01'),
            (select exempted_duty_usd from ai_tariff_rate_daily where {AI_ON} and day = date '2026-09-30')
        """,
    )
    # Each flow is rounded to a dollar.
    assert added == pytest.approx(spared, abs=1000)
    assert added == pytest.approx(24.99e9, rel=1e-3)


def test_a_scenario_answers_for_a_product_too(release):
    law, without = one(
        release,
        """
        select
            (select total_rate from tariff_rate_on(date '2026-10-15')
             where hts10 = '8471500150' and partner_code = '5830'),
            (select total_rate from tariff_rate_under('no_exemptions', date '2026-10-15')
             where hts10 = '8471500150' and partner_code = '5830')
        """,
    )
    assert (law, without) == (0, pytest.approx(0.1))


def test_the_change_log_says_what_changed_by_which_heading(release):
    changes = release.execute("""
        select cast(changed_on as varchar), round(rate_before, 4), round(rate_after, 4), change_text
        from tariff_changes where hts10 = '8473301140' and partner_code = '5700' order by changed_on
    """).fetchall()
    assert [change[:3] for change in changes] == [
        ("2025-02-04", 0.25, 0.35),
        ("2025-03-04", 0.35, 0.45),
        ("2025-11-10", 0.45, 0.35),
        ("2026-02-24", 0.35, 0.25),
    ]
    assert "from China: 35.0 % to 45.0 %" in changes[1][3]
    assert "20.0 % instead of 10.0 % (9903.01.24)" in changes[1][3]


def test_the_gap_goes_from_the_law_without_exceptions_down_to_what_was_calculated(release):
    gap = (
        release.execute(
            f"select * from ai_tariff_gap where {AI_ON} and partner_code = '2010' "
            "and period_start = '2025-05-01'"
        )
        .df()
        .iloc[0]
    )
    assert gap.full_rate - gap.exempted_rate - gap.preference_rate == pytest.approx(gap.statutory_rate)
    assert gap.statutory_rate == pytest.approx(0.0357, abs=5e-4)
    # The sample has no duty of single months.
    assert pd.isna(gap.effective_rate)
    assert pd.isna(gap.gap_rate)

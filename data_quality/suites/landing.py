"""What an agency's answer must fulfil before it is committed to landing.

The gate runs on a connection that holds the tables of one partition as its reader made them, and beside
them `bad_values` (what the reader could not read), `provenance` (whether an agency served a level of
detail or it was composed, and from which files), `previous` (size of the vintage or period before) and
the seeds `partner`, `partner_group`, `partner_group_member`, `ai_category`, `screening_list`. For a list as
it is on a day, `previous_<table>` holds the rows of the day that it is compared with.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from data_quality.suites import Check, Severity, Suite, at_least, at_most, each, rule

MONEY = ("value_usd", "duty_usd", "general_value_usd", "dutiable_value_usd", "charges_usd")
PARTS = ("domestic_value_usd", "foreign_value_usd")
MEASURES = (*MONEY, *PARTS)
SERVED = {"import": MONEY, "export": ("value_usd", *PARTS)}
QUANTITIES = ("quantity_1", "quantity_2")

COUNTRIES = ("goods", "chapters", "totals")
AGGREGATES = ("goods_aggregate", "chapters_aggregate", "totals_aggregate")
TRADE = (*COUNTRIES, *AGGREGATES)
LEVELS = {"hs10": "goods", "hs2": "chapters", "total": "totals"}
ALL_LEVELS = tuple(LEVELS)

TARIFF_TABLES = ("tariff_lines", "tariff_footnotes", "tariff_rate_parts", "tariff_revisions")
RATE_TEXTS = ("general_rate_text", "special_rate_text", "other_rate_text", "additional_rate_text")
# A revision brings or takes some hundred lines; the beginning of a year has taken 577.
MOST_LINES_LOST = 1_000
# There are eleven levels below a heading.
DEEPEST_INDENT = 15

# A day brings or takes a few dozen of 26 thousand parties.
MOST_ENTRIES_LOST_PCT = 5
# Of 26 thousand parties some dozens are in a region rather than a country.
MOST_PLACES_WITHOUT_CODE = 0.02

# Bounds that separate a mistake from a bad month. They are wide on purpose: a gate that cries wolf is
# switched off.
LEAST_KEPT_SHARE = 0.5
MOST_DUTY_PER_DOLLAR = 10

PERIOD = {"flow": "VARCHAR", "period_grain": "VARCHAR", "period_start": "DATE"}
COMMODITY = {"commodity_system": "VARCHAR", "commodity_code": "VARCHAR"}
SCHEMAS: dict[str, dict[str, str]] = {}
for _table in TRADE:
    SCHEMAS[_table] = {
        **PERIOD,
        "partner_code": "VARCHAR",
        **({"partner_kind": "VARCHAR"} if _table in AGGREGATES else {}),
        **({} if _table.startswith("totals") else COMMODITY),
        **dict.fromkeys(MEASURES, "BIGINT"),
        **(
            {"quantity_1": "BIGINT", "unit_1": "VARCHAR", "quantity_2": "BIGINT", "unit_2": "VARCHAR"}
            if _table.startswith("goods")
            else {}
        ),
    }
SCHEMAS["programmes"] = {
    **PERIOD,
    "partner_code": "VARCHAR",
    **COMMODITY,
    "rate_provision_code": "VARCHAR",
    "value_usd": "BIGINT",
    "duty_usd": "BIGINT",
}
SCHEMAS["commodities"] = {
    **COMMODITY,
    "edition_year": "INTEGER",
    **dict.fromkeys(
        (
            "description",
            "short_description",
            "unit_1",
            "unit_2",
            "sitc_code",
            "end_use_code",
            "naics_code",
            "usda_code",
            "hitech_code",
        ),
        "VARCHAR",
    ),
}
SCHEMAS["labels"] = {
    "label_set_id": "VARCHAR",
    **COMMODITY,
    "description": "VARCHAR",
    "relevance": "VARCHAR",
    "confidence": "INTEGER",
    "category": "VARCHAR",
    "specific_use": "VARCHAR",
    "reasoning": "VARCHAR",
    "row_number": "BIGINT",
}
SCHEMAS["tariff_lines"] = {
    "revision": "VARCHAR",
    "line_number": "BIGINT",
    "hts_number": "VARCHAR",
    "indent": "INTEGER",
    "parent_line_number": "BIGINT",
    "rate_line_number": "BIGINT",
    "description": "VARCHAR",
    "is_superior": "BOOLEAN",
    "unit_1": "VARCHAR",
    "unit_2": "VARCHAR",
    "general_rate_text": "VARCHAR",
    "special_rate_text": "VARCHAR",
    "other_rate_text": "VARCHAR",
    "additional_rate_text": "VARCHAR",
    "quota_quantity": "VARCHAR",
    "description_path": "VARCHAR",
}
SCHEMAS["tariff_footnotes"] = {
    "revision": "VARCHAR",
    "line_number": "BIGINT",
    "footnote_number": "INTEGER",
    "line_columns": "VARCHAR",
    "marker": "VARCHAR",
    "footnote_type": "VARCHAR",
    "footnote_text": "VARCHAR",
    "referenced_codes": "VARCHAR",
}
SCHEMAS["tariff_rate_parts"] = {
    "revision": "VARCHAR",
    "rate_text": "VARCHAR",
    "rate_number": "INTEGER",
    "part_number": "INTEGER",
    "programmes": "VARCHAR",
    "part_kind": "VARCHAR",
    "part_text": "VARCHAR",
    "ad_valorem_rate": "DECIMAL(14,10)",
    "specific_amount_usd": "DECIMAL(18,10)",
    "specific_unit": "VARCHAR",
    "applies_to": "VARCHAR",
    "referenced_codes": "VARCHAR",
}
SCHEMAS["tariff_revisions"] = {"revision": "VARCHAR", "release_name": "VARCHAR", "released_on": "DATE"}
SCHEMAS["documents"] = {
    "edition": "VARCHAR",
    "document_number": "VARCHAR",
    "publication_date": "DATE",
    **dict.fromkeys(
        ("type", "subtype", "title", "abstract", "agencies", "html_url", "pdf_url", "citation"), "VARCHAR"
    ),
    "effective_on": "DATE",
    "signing_date": "DATE",
    "executive_order_number": "VARCHAR",
    "docket_ids": "VARCHAR",
}
SCHEMAS["screened_parties"] = {
    "snapshot_date": "DATE",
    "row_number": "BIGINT",
    **dict.fromkeys(
        (
            "list_code",
            "list_name",
            "entity_number",
            "party_type",
            "party_name",
            "alt_names",
            "countries",
            "programs",
            "federal_register_notice",
            "license_requirement",
            "license_policy",
        ),
        "VARCHAR",
    ),
    "start_date": "DATE",
    "end_date": "DATE",
    "source_list_url": "VARCHAR",
}
_PLACE = {"snapshot_date": "DATE", "row_number": "BIGINT"}
SCHEMAS["eccns"] = {
    **_PLACE,
    **dict.fromkeys(
        (
            "eccn",
            "category",
            "product_group",
            "heading",
            "reason_for_control",
            "license_exceptions",
            "item_text",
        ),
        "VARCHAR",
    ),
}
SCHEMAS["eccn_controls"] = {
    **_PLACE,
    "eccn": "VARCHAR",
    "control_number": "INTEGER",
    **dict.fromkeys(("reason_code", "control_text", "requirement_text", "chart_column"), "VARCHAR"),
}
SCHEMAS["chart_cells"] = {
    **_PLACE,
    "country_name": "VARCHAR",
    "chart_column": "VARCHAR",
    "is_controlled": "BOOLEAN",
    "rule_text": "VARCHAR",
}
SCHEMAS["group_members"] = {**_PLACE, "country_name": "VARCHAR", "country_group": "VARCHAR"}
SCHEMAS["entity_list_entries"] = {
    **_PLACE,
    **dict.fromkeys(
        ("country_name", "party_text", "license_requirement", "license_policy", "citation"), "VARCHAR"
    ),
}
SCHEMAS["regulation_amendments"] = {"snapshot_date": "DATE", "part": "VARCHAR", "amendment_date": "DATE"}
for _table in ("partner_trade", "partner_trade_aggregate"):
    SCHEMAS[_table] = {
        "trade_year": "INTEGER",
        **dict.fromkeys(("trade_flow", "reporter", "partner", "hs6", "valuation"), "VARCHAR"),
        "value_usd": "BIGINT",
    }
SCHEMAS["priority_codes"] = {"row_number": "BIGINT", "hs6": "VARCHAR", "tier": "VARCHAR"}
SCHEMAS["eccn_pairs"] = {
    "row_number": "BIGINT",
    **dict.fromkeys(("vendor", "eccn", "hts_code"), "VARCHAR"),
    "part_count": "BIGINT",
}
SCHEMAS["parties"] = {
    "row_number": "BIGINT",
    **dict.fromkeys(("party_name", "country", "reference"), "VARCHAR"),
}
SCHEMAS["countries"] = dict.fromkeys(("partner_code", "partner_name", "iso2"), "VARCHAR")

# A seed row holds from valid_from to valid_to, both included; an empty date is open. Seeds may come as text.
VALID_FOR_A_PART = """
    coalesce(valid_from::date, date '0001-01-01') <= getvariable('period_end')
    and coalesce(valid_to::date, date '9999-12-31') >= getvariable('period_start')
"""
VALID_THROUGHOUT = """
    coalesce(valid_from::date, date '0001-01-01') <= getvariable('period_start')
    and coalesce(valid_to::date, date '9999-12-31') >= getvariable('period_end')
"""
SHOWN_BEFORE = "proven_from::date <= getvariable('period_start')"
ALL_PARTNERS_ASKED = "len(getvariable('partners')) = 0"
ALL_PROVISIONS_ASKED = "len(getvariable('rate_provisions')) = 0"


def context(
    dataset: str,
    partition: str,
    *,
    flow: str | None = None,
    partners: Sequence[str] = (),
    rate_provisions: Sequence[str] = (),
) -> dict[str, Any]:
    """What the landing gate has to know about a partition.

    partition: '2025-05', '2024', or 'current' for reference data.
    partners, rate_provisions: the scope that was asked for; empty means everything.
    """
    start = end = None
    if flow is not None:
        year, month = int(partition[:4]), int(partition[5:] or 0)
        start = date(year, month or 1, 1)
        end = date(year, month or 12, monthrange(year, month or 12)[1])
    return {
        "subject": f"{dataset} {partition}",
        "partition": partition,
        "flow": flow,
        "period_grain": None if flow is None else "month" if len(partition) == 7 else "year",
        "period_start": start,
        "period_end": end,
        "partners": list(partners),
        "rate_provisions": list(rate_provisions),
    }


# Checks that every landing gate has.


def _schema(tables: Sequence[str]) -> Check:
    expected = ", ".join(
        f"('{table}', '{column}', '{kind}')" for table in tables for column, kind in SCHEMAS[table].items()
    )
    found = each(
        tables,
        lambda table: f"select '{table}' as table_name, column_name, column_type from (describe {table})",
    )
    return rule(
        "schema",
        guards="The tables have exactly the agreed columns and types.",
        problem="{rows_failing} columns differ from the agreed schema",
        advice="correct the reader, or change the schema here (suites/landing.py) and in dbt together",
        tables=tables,
        # vintage_at is put on when the partition is committed: it may be there already, or not yet.
        failing=f"""
            with expected(table_name, column_name, expected_type) as (values {expected}), found as ({found})
            select table_name, column_name, expected_type, column_type as found_type
            from expected full join found using (table_name, column_name)
            where expected_type is distinct from column_type
                and (column_name, column_type) is distinct from ('vintage_at', 'TIMESTAMP')
            order by table_name, column_name
        """,
    )


def _not_empty(
    table: str, advice: str = "look whether the period is published yet; an empty answer never replaces data"
) -> Check:
    return Check(
        name="not_empty",
        guards="The answer holds data.",
        problem=f"{table} has no rows",
        advice=advice,
        tables=(table,),
        summary=f"select count(*) as row_count from {table}",
        failing=f"select 0 as row_count where not exists (from {table})",
        expectations=(at_least("row_count", 1),),
    )


def _no_bad_values(advice: str) -> Check:
    return rule(
        "no_bad_values",
        guards="Every value could be read as what it should be.",
        problem="{rows_failing} values could not be read",
        advice=advice,
        tables=("bad_values",),
        failing="select table_name, row_number, column_name, text_value, reason from bad_values order by all",
    )


NO_BAD_VALUES = _no_bad_values(
    "fetch the archived answer again if it is damaged, correct the reader if the format changed"
)


def _keys_unique(keys: Mapping[str, Sequence[str]]) -> Check:
    def repeated(table: str) -> str:
        key = ", ".join(keys[table])
        missing = " or ".join(f"{column} is null" for column in keys[table])
        return f"""
            select '{table}' as table_name, {key}, count(*) as times
            from {table} group by {key} having count(*) > 1 or {missing}
        """

    columns = ", ".join(dict.fromkeys(column for key in keys.values() for column in key))
    return rule(
        "keys_unique",
        guards="A key occurs once, so that no sum counts it twice, and no part of it is missing.",
        problem="{rows_failing} keys occur more than once or are incomplete",
        advice="look for requests that overlap or a dimension that fanned rows out, then fetch again",
        tables=tuple(keys),
        failing=f"from ({each(keys, repeated)}) order by times desc, table_name, {columns}",
    )


def _size(tables: Sequence[str], with_value: bool, severity: Severity = "error") -> Check:
    value = "sum(value_usd)::bigint" if with_value else "null::bigint"
    now = each(
        tables,
        lambda table: (
            f"select '{table}' as table_name, count(*) as rows_now, {value} as value_now from {table}"
        ),
    )
    compared = f"""
        with now as ({now}), compared as (
            select table_name, what, row_count as rows_before, rows_now, value_usd as value_before, value_now,
                   least(rows_now / nullif(row_count, 0), value_now / nullif(value_usd, 0)) as kept_share
            from now join previous using (table_name)
        )
    """
    return Check(
        name="size",
        guards="Nothing shrinks to less than half of what was there before.",
        problem="{table_name} shrank by {shrank_pct} % against {what}",
        advice=(
            "compare with the agency's published total; if the answer was cut off, fetch the partition "
            "again, and if it is right, delete the vintage that it is compared with"
        ),
        tables=(*tables, "previous"),
        summary=f"""
            {compared}
            select count(kept_share) as compared, min(kept_share)::double as kept_share,
                   round(100 * (1 - min(kept_share)))::bigint as shrank_pct,
                   arg_min(table_name, kept_share) as table_name, arg_min(what, kept_share) as what
            from compared
        """,
        failing=f"{compared} from compared where kept_share < {LEAST_KEPT_SHARE} order by kept_share",
        expectations=(at_least("kept_share", LEAST_KEPT_SHARE),),
        severity=severity,
    )


# Checks of trade figures.


def _right_period(tables: Sequence[str]) -> Check:
    def strayed(table: str) -> str:
        return f"""
            select '{table}' as table_name, flow, period_grain, period_start, count(*) as row_count
            from {table}
            where flow is distinct from getvariable('flow')
               or period_grain is distinct from getvariable('period_grain')
               or period_start is distinct from getvariable('period_start')
            group by all
        """

    return rule(
        "right_period",
        guards="All rows belong to the partition that was asked for.",
        problem="rows belong to another flow or period than the partition",
        advice="look at the time that was requested and at the reader",
        tables=tables,
        failing=each(tables, strayed),
    )


def _commodity_codes(tables: Mapping[str, int]) -> Check:
    """tables: table → digits of its codes."""

    def wrong(table: str) -> str:
        digits = tables[table]
        system = (
            "'hs2'"
            if digits == 2
            else "case getvariable('flow') when 'import' then 'hts10' when 'export' then 'schedule_b10' end"
        )
        # Chapter 00 is how some answers name the total of all chapters: it would double every sum.
        return f"""
            select '{table}' as table_name, commodity_system, commodity_code, row_count,
                   case when commodity_system is distinct from {system} then 'not the system ' || {system}
                        when length(commodity_code) = {digits - 1} then 'a leading zero was lost'
                        when commodity_code[:2] = '00' then 'a total among its parts'
                        else 'not {digits} digits' end as fault
            from (select commodity_system, commodity_code, count(*) as row_count from {table} group by all)
            where commodity_system is distinct from {system}
               or not coalesce(regexp_full_match(commodity_code, '[0-9]{{{digits}}}'), false)
               or commodity_code[:2] = '00'
        """

    return rule(
        "commodity_codes",
        guards="Commodity codes are whole: ten digits, or two for a chapter, in the system of the flow.",
        problem="{rows_failing} commodity codes are malformed",
        advice="a code that lost a zero was read as a number somewhere: correct that, never pad it here",
        tables=tuple(tables),
        failing=f"from ({each(tables, wrong)}) order by all",
    )


def _partner_codes(countries: Sequence[str], aggregates: Sequence[str]) -> Check:
    def wrong_country(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, row_count,
                   case when partner_code = '-' or partner_code[1] = '0' or contains(partner_code, 'X')
                        then 'an aggregate among countries'
                        when length(partner_code) < 4 then 'a digit was lost'
                        else 'not four digits' end as fault
            from (select partner_code, count(*) as row_count from {table} group by all)
            where not coalesce(regexp_full_match(partner_code, '[1-9][0-9]{{3}}'), false)
        """

    def wrong_aggregate(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, row_count,
                   'not a ' || coalesce(partner_kind, 'kind of partner') as fault
            from (select partner_code, partner_kind, count(*) as row_count from {table} group by all)
            where partner_kind is distinct from case
                when partner_code = '-' then 'world'
                when regexp_full_match(partner_code, '0[0-9]{{3}}|[0-9X]{{3}}X') then 'group'
            end or partner_kind is null
        """

    selects = [each(countries, wrong_country)] + ([each(aggregates, wrong_aggregate)] if aggregates else [])
    return rule(
        "partner_codes",
        guards="Countries have four digits; the world ('-') and groups (0…, …X) stand apart.",
        problem="{rows_failing} partner codes are malformed or stand in the wrong table",
        advice="correct how the reader tells aggregates from countries",
        tables=(*countries, *aggregates),
        failing=f"from ({' union all by name '.join(selects)}) order by all",
    )


def _partners_known(countries: Sequence[str]) -> Check:
    found = each(
        countries, lambda table: f"select partner_code, count(*) as row_count from {table} group by all"
    )
    return rule(
        "partners_known",
        guards="Every partner is in the list of partners, so that no figure is lost in a join.",
        problem="{rows_failing} partner codes are unknown",
        advice="add a row to dbt_project/seeds/partner.csv, with its source and the date it is valid from",
        tables=(*countries, "partner"),
        failing=f"""
            select partner_code, sum(row_count)::bigint as row_count
            from ({found})
            anti join (
                from partner where partner_kind = 'country' and {VALID_FOR_A_PART}
            ) using (partner_code)
            group by all order by all
        """,
    )


GROUPS_KNOWN = rule(
    "groups_known",
    guards="Every group of countries is described, so that its members can be added up.",
    problem="{rows_failing} groups are unknown",
    advice="add a row to dbt_project/seeds/partner_group.csv; its figures are kept, but not reconciled",
    tables=(*AGGREGATES, "partner_group"),
    failing=f"""
        select distinct partner_code
        from ({each(AGGREGATES, lambda table: f"select partner_code, partner_kind from {table}")})
        where partner_kind = 'group' and partner_code not in (select group_code from partner_group)
        order by all
    """,
    severity="warn",
)


def _no_negative(columns: Mapping[str, Sequence[str]], keys: Mapping[str, Sequence[str]]) -> Check:
    def negative(table: str) -> str:
        numbers = ", ".join(columns[table])
        shown = ", ".join((*keys[table], *columns[table]))
        return f"select '{table}' as table_name, {shown} from {table} where least({numbers}) < 0"

    return rule(
        "no_negative",
        guards="Money and quantities are not negative.",
        problem="{rows_failing} rows hold a negative figure",
        advice="look at the archived answer; if the agency serves it, ask them before the check is changed",
        tables=tuple(columns),
        failing=f"from ({each(columns, negative)}) order by all",
    )


def _plausible_duty(tables: Sequence[str]) -> Check:
    def excessive(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, commodity_code, value_usd, duty_usd
            from {table} where duty_usd > {MOST_DUTY_PER_DOLLAR} * value_usd
        """

    return rule(
        "plausible_duty",
        guards=f"Duty is not more than {MOST_DUTY_PER_DOLLAR} times the value that it is charged on.",
        problem="{rows_failing} rows have more duty than seems possible",
        advice="look at the rows: specific duties on cheap goods can be high, a shifted column looks alike",
        tables=tables,
        failing=f"""
            from ({each(tables, excessive)})
            order by duty_usd desc, table_name, partner_code, commodity_code
        """,
        severity="warn",
    )


# Reconciliations: a published figure beside the sum of its parts.


def _sums(measures: Sequence[str]) -> str:
    """Sums that are null where any of their parts is not served: a part of a sum is not the sum."""
    return ", ".join(f"case when count({m}) = count(*) then sum({m})::bigint end as {m}" for m in measures)


def _agreement(
    name: str,
    *,
    guards: str,
    tables: Sequence[str],
    figures: str,
    key: Sequence[str],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    differs: str = "parts_usd <> published_usd",
    severity: Severity = "error",
) -> Check:
    """A check that two figures agree to the dollar, in each row of `figures`.

    figures: a query that gives `key`, measure, parts_usd and published_usd, null where one is not served.
    """
    return Check(
        name=name,
        guards=guards,
        problem=(
            "{different:,} of {compared:,} published figures differ from the sum of their parts, "
            "by up to {largest_difference_usd:,} USD"
        ),
        advice=(
            "look for a request that is missing or was answered with a part; answers from before and after a "
            "release do not add up: then fetch the whole partition again"
        ),
        tables=(*tables, "provenance"),
        summary=f"""
            select count(*) filter (parts_usd is not null and published_usd is not null) as compared,
                   count(*) filter ({differs}) as different,
                   count(*) filter ((parts_usd is null) <> (published_usd is null)) as not_served,
                   coalesce(max(abs(parts_usd - published_usd)) filter ({differs}), 0)
                       as largest_difference_usd
            from ({figures})
        """,
        failing=f"""
            select *, parts_usd - published_usd as difference_usd from ({figures}) where {differs}
            order by abs(parts_usd - published_usd) desc, {", ".join(key)}, measure
        """,
        expectations=(at_most("different", 0),),
        severity=severity,
        sides=sides,
    )


def _reconciliation(
    name: str,
    *,
    guards: str,
    tables: Sequence[str],
    parts: str,
    published: str,
    key: Sequence[str],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    measures: Sequence[str],
    only_where: str = "true",
    differs: str = "parts_usd <> published_usd",
    severity: Severity = "error",
) -> Check:
    """The agreement of `parts` and `published`, which are queries that give `key` and `measures`.

    In what an agency serves, a row that is missing is a zero; in what was composed it is unknown. So is
    every measure that is null on one side: such figures are counted as not served and not compared.
    """
    # Two levels have to be there both; parts and wholes of one level come in the same answers.
    levels = () if sides[0] == sides[1] else (*sides[0], *sides[1])
    named = ", ".join(f"'{level}'" for level in levels)
    both_asked = f"where level in ({named}) having count(distinct level) = {len(levels)}" if levels else ""
    figures = ", ".join(
        f"""{{'measure': '{m}',
              'parts_usd': case when parts.is_there then parts.{m} else absent.usd end,
              'published_usd': case when published.is_there then published.{m} else absent.usd end}}"""
        for m in measures
    )
    side_by_side = f"""
        with absent as (
            select (
                select case when bool_and(origin = 'agency') then 0::bigint end from provenance {both_asked}
            ) as usd
        ),
        parts as (select *, true as is_there from ({parts})),
        published as (select *, true as is_there from ({published}))
        select {", ".join(key)}, unnest([{figures}], recursive := true)
        from parts full join published using ({", ".join(key)}), absent
        where {only_where}
    """
    return _agreement(
        name,
        guards=guards,
        tables=tables,
        figures=side_by_side,
        key=key,
        sides=sides,
        differs=differs,
        severity=severity,
    )


def _parts_match_chapters(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "parts_match_chapters",
        guards="Ten-digit figures add up to the published chapters, for each partner and measure.",
        tables=("goods", "goods_aggregate", "chapters", "chapters_aggregate"),
        parts=each(
            ("goods", "goods_aggregate"),
            lambda table: (
                f"""
                select partner_code, commodity_code[:2] as commodity_code, {_sums(measures)}
                from {table} group by 1, 2
            """
            ),
        ),
        published=each(
            ("chapters", "chapters_aggregate"),
            lambda table: f"select partner_code, commodity_code, {', '.join(measures)} from {table}",
        ),
        key=("partner_code", "commodity_code"),
        measures=measures,
        sides=(("hs10",), ("hs2",)),
    )


def _chapters_match_totals(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "chapters_match_totals",
        guards="Chapters add up to the published total of all goods, for each partner and measure.",
        tables=("chapters", "chapters_aggregate", "totals", "totals_aggregate"),
        parts=each(
            ("chapters", "chapters_aggregate"),
            lambda table: f"select partner_code, {_sums(measures)} from {table} group by 1",
        ),
        published=each(
            ("totals", "totals_aggregate"),
            lambda table: f"select partner_code, {', '.join(measures)} from {table}",
        ),
        key=("partner_code",),
        measures=measures,
        sides=(("hs2",), ("total",)),
    )


def _code(level: str) -> str:
    return "'all goods'" if level == "total" else "commodity_code"


def _published_aggregates(levels: Sequence[str], where: str, measures: Sequence[str]) -> str:
    return each(
        levels,
        lambda level: (
            f"""
            select '{level}' as level, partner_code, {_code(level)} as commodity_code, {", ".join(measures)}
            from {LEVELS[level]}_aggregate where {where}
        """
        ),
    )


def _countries_match_world(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "countries_match_world",
        guards="The countries add up to the published world row, at each level of detail.",
        tables=TRADE,
        parts=each(
            LEVELS,
            lambda level: (
                f"""
                select '{level}' as level, '-' as partner_code, {_code(level)} as commodity_code,
                       {_sums(measures)}
                from {LEVELS[level]} group by 3
            """
            ),
        ),
        published=_published_aggregates(ALL_LEVELS, "partner_kind = 'world'", measures),
        key=("level", "partner_code", "commodity_code"),
        measures=measures,
        # Without the world row, or with some partners only, there is nothing that should add up.
        only_where=f"level in (select level from published) and {ALL_PARTNERS_ASKED}",
        sides=(ALL_LEVELS, ALL_LEVELS),
    )


def _members_match_groups(
    name: str, *, guards: str, when: str, severity: Severity, measures: Sequence[str]
) -> Check:
    """`when` selects the groups. Ten-digit rows are left out: each side's add up to its chapters anyway
    (parts_match_chapters), and adding up a million memberships would double the cost of the gate.
    """
    levels = ("hs2", "total")
    # A group whose members change inside the period has no one list of members to add up.
    groups = f"""
        select group_code from partner_group where members_known::boolean and {when}
        except
        select group_code from partner_group_member where ({VALID_FOR_A_PART}) and not ({VALID_THROUGHOUT})
    """

    def members(level: str) -> str:
        return f"""
            select '{level}' as level, group_code as partner_code, {_code(level)} as commodity_code,
                   {_sums(measures)}
            from {LEVELS[level]} join (
                select group_code, partner_code from partner_group_member
                where group_code in (select partner_code from {LEVELS[level]}_aggregate)
                  and group_code in ({groups}) and ({VALID_THROUGHOUT})
            ) using (partner_code)
            group by 2, 3
        """

    return _reconciliation(
        name,
        guards=guards,
        tables=(*(table for table in TRADE if "goods" not in table), "partner_group", "partner_group_member"),
        parts=each(levels, members),
        published=_published_aggregates(
            levels, f"partner_kind = 'group' and partner_code in ({groups})", measures
        ),
        key=("level", "partner_code", "commodity_code"),
        measures=measures,
        only_where=ALL_PARTNERS_ASKED,
        severity=severity,
        sides=(levels, levels),
    )


def _domestic_and_foreign(table: str) -> str:
    commodity = "'all goods'" if table.startswith("totals") else "commodity_code"
    return f"""
        select '{table}' as table_name, partner_code, {commodity} as commodity_code, 'value_usd' as measure,
               coalesce(domestic_value_usd, 0) + coalesce(foreign_value_usd, 0) as parts_usd,
               value_usd as published_usd
        from {table} where coalesce(domestic_value_usd, foreign_value_usd) is not null
    """


DOMESTIC_AND_FOREIGN_MATCH_TOTAL = _agreement(
    "domestic_and_foreign_match_total",
    guards="Domestic exports and re-exports add up to total exports, row by row.",
    tables=TRADE,
    figures=each(TRADE, _domestic_and_foreign),
    key=("table_name", "partner_code", "commodity_code"),
    sides=(ALL_LEVELS, ALL_LEVELS),
)

_PROGRAMMES = {
    "tables": ("programmes", "programmes_total"),
    "parts": f"""
        select partner_code, commodity_code, {_sums(("value_usd", "duty_usd"))} from programmes group by 1, 2
    """,
    "published": "select partner_code, commodity_code, value_usd, duty_usd from programmes_total",
    "key": ("partner_code", "commodity_code"),
    "measures": ("value_usd", "duty_usd"),
    "sides": (("hs10",), ("hs10",)),
}
PROGRAMMES_MATCH_TOTAL = _reconciliation(
    "programmes_match_total",
    guards="Rate provisions add up to the published total of each product and partner.",
    only_where=ALL_PROVISIONS_ASKED,
    **_PROGRAMMES,
)
PROGRAMMES_WITHIN_TOTAL = _reconciliation(
    "programmes_within_total",
    guards="Where some rate provisions were asked for, they are not more than the published total.",
    only_where=f"not ({ALL_PROVISIONS_ASKED})",
    differs="parts_usd > published_usd",
    severity="warn",
    **_PROGRAMMES,
)

# Checks of reference data.


def _texts_present(table: str, columns: Sequence[str], key: str) -> Check:
    missing = " or ".join(f"coalesce(trim({column}), '') = ''" for column in columns)
    return rule(
        "descriptions_present",
        guards="Every code is described.",
        problem="{rows_failing} codes have no description",
        advice="look at the list: a shifted fixed-width layout shows as empty or cut descriptions",
        tables=(table,),
        failing=f"select {key}, {', '.join(columns)} from {table} where {missing} order by all",
    )


REFERENCE_CODES = rule(
    "commodity_codes",
    guards="Codes are ten digits of text.",
    problem="{rows_failing} commodity codes are malformed",
    advice="a code that lost a zero was read as a number somewhere: correct that, never pad it here",
    tables=("commodities",),
    failing="""
        select commodity_system, commodity_code,
               case when length(commodity_code) = 9 then 'a leading zero was lost'
                    else 'not ten digits' end as fault
        from commodities
        where not coalesce(regexp_full_match(commodity_code, '[0-9]{10}'), false)
           or commodity_system not in ('hts10', 'schedule_b10')
        order by all
    """,
)
RIGHT_EDITION = rule(
    "right_edition",
    guards="The list is the edition that was asked for.",
    problem="codes belong to another edition than the partition",
    advice="look at the address that was requested and at the reader",
    tables=("commodities",),
    failing="""
        select edition_year, count(*) as row_count from commodities
        where edition_year::varchar is distinct from getvariable('partition') group by all
    """,
)
COUNTRY_CODES = rule(
    "partner_codes",
    guards="Countries have four digits, and a two-letter ISO code where Census gives one.",
    problem="{rows_failing} countries have a malformed code",
    advice="look at the list; Namibia's ISO code is the text NA, which some readers take for a missing value",
    tables=("countries",),
    failing="""
        select partner_code, partner_name, iso2 from countries
        where not coalesce(regexp_full_match(partner_code, '[1-9][0-9]{3}'), false)
           or not coalesce(regexp_full_match(iso2, '[A-Z]{2}'), true)
        order by all
    """,
)
COUNTRIES_KNOWN = rule(
    "partners_known",
    guards="Every country of the agency's list is in ours.",
    problem="{rows_failing} countries are unknown",
    advice="add a row to dbt_project/seeds/partner.csv, before the first figures for it arrive",
    tables=("countries", "partner"),
    failing="from countries anti join partner using (partner_code) order by all",
    severity="warn",
)

# Checks of labels. What the reader has named in bad_values is null in the table, and is not named again.

CORRECT_THE_LIST = "correct these rows in the file; it is read again with the next run"
LABELS_COMPLETE = rule(
    "labels_complete",
    guards="Every row says which code it is about, and how relevant that is.",
    problem="{rows_failing} rows lack their code or their relevance",
    advice=CORRECT_THE_LIST,
    tables=("labels", "bad_values"),
    failing="""
        select row_number, label_set_id, commodity_system, commodity_code, relevance from labels
        where (label_set_id is null or commodity_system is null
               or commodity_code is null or relevance is null)
          and row_number not in (select row_number from bad_values)
        order by row_number
    """,
)
LABEL_CODES = rule(
    "label_codes",
    guards="Codes are whole: six digits of an edition of the Harmonized System; else six, eight or ten.",
    problem="{rows_failing} codes are malformed",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_system, commodity_code from labels
        where commodity_system is not null and not regexp_full_match(commodity_code, case
            when commodity_system in ('hts10', 'schedule_b10', 'hs') then '([0-9]{2}){3,5}'
            when regexp_full_match(commodity_system, 'hs[0-9]{4}') then '[0-9]{6}'
            else 'no system' end)
        order by row_number
    """,
)
LABEL_RELEVANCE = rule(
    "relevance_known",
    guards="Relevance is High, Medium or Low.",
    problem="{rows_failing} rows have a relevance that is not known",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_code, relevance from labels
        where relevance not in ('High', 'Medium', 'Low') order by row_number
    """,
)
LABEL_CATEGORIES = rule(
    "categories_known",
    guards="A category is one of ours, or none is given.",
    problem="{rows_failing} rows have a category that is not known",
    advice="write it as in dbt_project/seeds/ai_category.csv, or add a row there",
    tables=("labels", "ai_category"),
    failing="""
        select row_number, commodity_code, category from labels
        where category not in (select category from ai_category) order by row_number
    """,
)
LABEL_CONFIDENCE = rule(
    "confidence_in_range",
    guards="Confidence lies between 0 and 100.",
    problem="{rows_failing} rows have a confidence beyond that",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_code, confidence from labels
        where confidence not between 0 and 100 order by row_number
    """,
)
LABELS_UNIQUE = rule(
    "labels_unique",
    guards="A code has one label in a set, on each side.",
    problem="{rows_failing} codes are labelled more than once",
    advice="keep one row of each in the file, even where they agree; it is read again with the next run",
    tables=("labels",),
    # What holds for both sides meets what is said of one of them.
    failing="""
        select distinct label_set_id, commodity_code, row_numbers, relevances
        from (
            select label_set_id, commodity_code, side, list(row_number order by row_number) as row_numbers,
                   list(relevance order by row_number) as relevances
            from (
                select *, unnest(case commodity_system when 'hs' then ['hts10', 'schedule_b10']
                                 else [commodity_system] end) as side
                from labels where commodity_code is not null
            )
            group by all having count(*) > 1
        )
        order by row_numbers[1], row_numbers
    """,
)

# Checks of the tariff schedule.

FETCH_THE_REVISION = "fetch the revision again; if it is right, correct the check and say why"
RIGHT_REVISION = rule(
    "right_revision",
    guards="All lines are of the revision that was asked for.",
    problem="lines belong to another revision than the partition",
    advice="look at the reader, which names the revision",
    tables=TARIFF_TABLES,
    failing=each(
        TARIFF_TABLES,
        lambda table: (
            f"""
            select '{table}' as table_name, revision, count(*) as row_count from {table}
            where revision is distinct from getvariable('partition') group by all
        """
        ),
    ),
)
HTS_NUMBERS = rule(
    "hts_numbers",
    guards="A number has four, six, eight or ten digits, and stands in one line only.",
    problem="{rows_failing} numbers are malformed or stand in more than one line",
    advice=FETCH_THE_REVISION,
    tables=("tariff_lines",),
    failing="""
        select hts_number, count(*) as times, min(line_number) as line_number
        from tariff_lines where hts_number is not null
        group by hts_number
        having count(*) > 1 or not regexp_full_match(hts_number, '([0-9]{2}){2,5}')
        order by line_number
    """,
)
CHAPTERS_PRESENT = rule(
    "chapters_present",
    guards="The schedule is whole: every chapter is there, with the additional duties of chapter 99.",
    problem="{rows_failing} chapters are missing",
    advice="the answer was cut off or asked for a part; fetch the revision again",
    tables=("tariff_lines",),
    # Chapter 77 is reserved by the Harmonized System.
    failing="""
        select lpad(chapter::varchar, 2, '0') as chapter from range(1, 100) as numbered(chapter)
        where chapter <> 77
            and lpad(chapter::varchar, 2, '0') not in (
                select left(hts_number, 2) from tariff_lines where hts_number is not null
            )
        order by all
    """,
)
OUTLINE = rule(
    "outline",
    guards="Every line is described and stands below another one, so that it can inherit a rate.",
    problem="{rows_failing} lines have no place in the outline",
    advice=FETCH_THE_REVISION,
    tables=("tariff_lines",),
    failing=f"""
        select line_number, hts_number, indent, description from tariff_lines
        where line_number is null or description is null
            or indent is null or indent not between 0 and {DEEPEST_INDENT}
            or (parent_line_number is null and indent <> 0)
        order by line_number
    """,
)
RATES_WHOLE = rule(
    "rates_whole",
    guards="No rate is lost: the parts of each text hold all of its words.",
    problem="{rows_failing} texts of rates differ from their parts",
    advice="correct sources/tariff_rates.py",
    tables=("tariff_lines", "tariff_rate_parts"),
    failing=f"""
        with texts as (
            select rate_text, min(line_number) as line_number
            from (unpivot tariff_lines on {", ".join(RATE_TEXTS)} into name rate_column value rate_text)
            group by rate_text
        ), summed as (
            select rate_text, rate_number, any_value(programmes) as programmes,
                   string_agg(part_text, ' ' order by part_number) as words
            from tariff_rate_parts group by rate_text, rate_number
        ), joined as (
            select rate_text,
                   string_agg(words || ' ' || coalesce(programmes, ''), ' ' order by rate_number) as words
            from summed group by rate_text
        )
        select line_number, rate_text, words from texts left join joined using (rate_text)
        where regexp_replace(replace(rate_text, 'plus', ''), '[^A-Za-z0-9%$¢]', '', 'g')
            is distinct from regexp_replace(replace(words, 'plus', ''), '[^A-Za-z0-9%$¢]', '', 'g')
        order by line_number
    """,
)
RATES_UNDERSTOOD = rule(
    "rates_understood",
    guards="Every rate is a figure, a reference or a rule; what is none of these is known to be so.",
    problem="{rows_failing} texts of rates were never seen before and are not understood",
    advice=(
        "teach sources/tariff_rates.py to read them, or add them with what they mean to "
        "dbt_project/seeds/tariffs/hts_rate_wording.csv; until then the revision before stays in use"
    ),
    tables=("tariff_lines", "tariff_rate_parts", "hts_rate_wording"),
    failing=f"""
        with texts as (
            select rate_text, rate_column, min(line_number) as line_number, count(*) as line_count,
                   arg_min(hts_number, line_number) as hts_number
            from (unpivot tariff_lines on {", ".join(RATE_TEXTS)} into name rate_column value rate_text)
            group by all
        )
        select line_number, hts_number, rate_column, part_text, line_count
        from tariff_rate_parts join texts using (rate_text)
        where part_kind = 'text' and part_text not in (select part_text from hts_rate_wording)
        order by line_number, rate_column
    """,
)
LINES_KEPT = Check(
    name="lines_kept",
    guards=f"A revision does not have {MOST_LINES_LOST:,} lines fewer than the one before.",
    problem="the schedule has {lines_now} lines, {lines_lost} fewer than {what}",
    advice="the answer was cut off, or something was left out; fetch the revision again",
    tables=("tariff_lines", "previous"),
    summary="""
        select count(row_count) as compared, max(row_count) - any_value(lines_now) as lines_lost,
               any_value(lines_now) as lines_now, any_value(what) as what
        from (select count(*) as lines_now from tariff_lines)
        left join previous on table_name = 'tariff_lines'
    """,
    failing=f"""
        select row_count as lines_before, lines_now, what
        from previous cross join (select count(*) as lines_now from tariff_lines)
        where table_name = 'tariff_lines' and row_count - lines_now >= {MOST_LINES_LOST}
    """,
    expectations=(at_most("lines_lost", MOST_LINES_LOST - 1),),
)

# Checks of documents.

DOCUMENTS = rule(
    "documents_whole",
    guards="Every document has its title, its address and its day, which is of the year that was asked for.",
    problem="{rows_failing} documents lack one of these or are of another year",
    advice="look at the search and at the reader (sources/federal_register.py)",
    tables=("documents",),
    failing="""
        select document_number, publication_date, title, html_url from documents
        where title is null or html_url is null or publication_date is null or type is null
            or year(publication_date)::varchar is distinct from getvariable('partition')
        order by document_number
    """,
)

# Checks of export controls.


def _entries_kept(table: str, key: Sequence[str]) -> Check:
    columns = ", ".join(key)
    lost = f"""
        select distinct {columns} from previous_{table}
        except select {columns} from {table}
    """
    return Check(
        name="entries_kept",
        guards=f"No more than {MOST_ENTRIES_LOST_PCT} % of the entries of the day before are gone.",
        problem="{entries_lost} of {entries_before} entries ({lost_pct} %) of the day before are gone",
        advice=(
            "compare with what the agency shows; if the answer was cut off, fetch it again, and if so "
            "many were really taken off, delete the day that it is compared with"
        ),
        tables=(table, f"previous_{table}"),
        summary=f"""
            select entries_before as compared, entries_before, entries_lost,
                   round(100 * entries_lost / nullif(entries_before, 0), 1)::double as lost_pct
            from (select count(*) as entries_before from (select distinct {columns} from previous_{table}))
            cross join (select count(*) as entries_lost from ({lost}))
        """,
        failing=f"from ({lost}) order by all",
        expectations=(at_most("lost_pct", MOST_ENTRIES_LOST_PCT),),
    )


def _part_kept(table: str, column: str, what: str) -> Check:
    return rule(
        "parts_kept",
        guards=f"No {what} of the day before is gone as a whole.",
        problem=f"{{rows_failing}} {what}s of the day before are gone",
        advice=(
            "look whether the agency still has it; if the answer was cut off, fetch it again, and if it was "
            "really given up, delete the day that it is compared with"
        ),
        tables=(table, f"previous_{table}"),
        failing=f"""
            select {column}, count(*) as entries_before from previous_{table}
            where {column} not in (select {column} from {table} where {column} is not null)
            group by all order by all
        """,
    )


def _right_day(table: str) -> Check:
    return rule(
        "right_day",
        guards="All rows are of the day that was asked for.",
        problem="rows are of another day than the partition",
        advice="correct the reader",
        tables=(table,),
        failing=f"""
            select snapshot_date, count(*) as row_count from {table}
            where snapshot_date::varchar is distinct from getvariable('partition') group by all
        """,
    )


def _complete(table: str, columns: Sequence[str], advice: str) -> Check:
    missing = " or ".join(f"{column} is null" for column in columns)
    return rule(
        "complete",
        guards=f"Every row has {', '.join(columns)}.",
        problem="{rows_failing} rows lack one of these",
        advice=advice,
        tables=(table,),
        failing=f"select row_number, {', '.join(columns)} from {table} where {missing} order by row_number",
    )


def _of_form(name: str, table: str, column: str, pattern: str, what: str) -> Check:
    return rule(
        name,
        guards=f"Each is {what}.",
        problem=f"{{rows_failing}} values are not {what}",
        advice="look at the file; if its format has changed, correct the reader",
        tables=(table,),
        failing=f"""
            select {column}, count(*) as row_count from {table}
            where not coalesce(regexp_full_match({column}, '{pattern}'), true) group by all order by all
        """,
    )


LISTS_KNOWN = rule(
    "lists_known",
    guards="Every list is one that we know the meaning of.",
    problem="{rows_failing} lists are unknown",
    advice=(
        "add it to dbt_project/seeds/controls/screening_list.csv with its agency and whether it controls "
        "exports; until then the day before stays in use"
    ),
    tables=("screened_parties", "screening_list"),
    failing="""
        select list_code, any_value(list_name) as list_name, count(*) as row_count
        from screened_parties anti join screening_list using (list_code) group by all order by all
    """,
)
# Some places of the list are no countries, such as 'Region: Kashmir': they stay as they are.
COUNTRY_CODES_OF_PARTIES = rule(
    "country_codes",
    guards=f"All but {MOST_PLACES_WITHOUT_CODE:.0%} of the parties have codes of two letters for countries.",
    problem="{rows_failing} other values stand where countries should",
    advice="look whether a column has shifted; if the format has changed, correct sources/csl.py",
    tables=("screened_parties",),
    failing=f"""
        with judged as (
            select countries, regexp_full_match(countries, '[A-Z]{{2}}(;[A-Z]{{2}})*') as is_code
            from screened_parties where countries is not null
        )
        select countries, count(*) as row_count from judged
        where not is_code
            and (select avg((not is_code)::integer) > {MOST_PLACES_WITHOUT_CODE} from judged)
        group by all order by row_count desc, countries
    """,
)
CONTROLS_HAVE_ENTRIES = rule(
    "controls_have_entries",
    guards="Every reason for control belongs to an entry of the list.",
    problem="{rows_failing} control numbers have reasons and no entry",
    advice="correct sources/ecfr.py",
    tables=("eccns", "eccn_controls"),
    failing="select distinct eccn from eccn_controls anti join eccns using (eccn) order by all",
)

TRADE_KEYS = {
    table: ("partner_code",) if table.startswith("totals") else ("partner_code", "commodity_code")
    for table in TRADE
}


def _goods(measures: Sequence[str]) -> tuple[Check, ...]:
    """measures: those that the flow serves."""
    return (
        _schema(TRADE),
        _not_empty("goods"),
        NO_BAD_VALUES,
        _right_period(TRADE),
        _keys_unique(TRADE_KEYS),
        _commodity_codes({"goods": 10, "goods_aggregate": 10, "chapters": 2, "chapters_aggregate": 2}),
        _partner_codes(COUNTRIES, AGGREGATES),
        _partners_known(COUNTRIES),
        GROUPS_KNOWN,
        _no_negative(
            {table: (*measures, *(QUANTITIES if table.startswith("goods") else ())) for table in TRADE},
            TRADE_KEYS,
        ),
        _parts_match_chapters(measures),
        _chapters_match_totals(measures),
        _countries_match_world(measures),
        _members_match_groups(
            "members_match_groups",
            guards="Members add up to their published group, in the years for which the members were shown.",
            when=f"{SHOWN_BEFORE} and proven_to::date >= getvariable('period_end')",
            severity="error",
            measures=measures,
        ),
        # Later membership is carried forward in the seed. That it changed since is no fault of the data.
        _members_match_groups(
            "members_match_later_groups",
            guards="Members still add up to their group; else partner_group_member.csv is out of date.",
            when=f"{SHOWN_BEFORE} and proven_to::date < getvariable('period_end')",
            severity="warn",
            measures=measures,
        ),
        _size(TRADE, with_value=True),
    )


# Rows that a reporter keeps back are in the row of the world only.
PARTNERS_MATCH_WORLD = rule(
    "partners_match_world",
    guards="What a reporter gives by partner adds up to what it gives for the world.",
    problem="{rows_failing} sums by partner are more than 1 % away from the row of the world",
    advice="look at the answer; where rows came twice, look at what sources/comtrade.py pins",
    tables=("partner_trade", "partner_trade_aggregate"),
    failing="""
        with parts as (
            select trade_year, trade_flow, reporter, hs6, sum(value_usd)::bigint as parts_usd
            from partner_trade group by all
        )
        select trade_year, trade_flow, reporter, hs6, parts_usd, value_usd as world_usd
        from partner_trade_aggregate join parts using (trade_year, trade_flow, reporter, hs6)
        where partner in ('W00', 'World') and abs(parts_usd - value_usd) > 0.01 * value_usd
        order by abs(parts_usd - value_usd) desc, trade_year, trade_flow, reporter, hs6
    """,
    severity="warn",
)

_TRADE_VARIABLES = ("flow", "period_grain", "period_start", "period_end", "partners", "rate_provisions")
_PROGRAMME_KEY = ("partner_code", "commodity_code", "rate_provision_code")

SUITES: dict[str, Suite] = {
    "import_goods": Suite(
        "landing_import_goods",
        (*_goods(SERVED["import"]), _plausible_duty(("goods", "goods_aggregate"))),
        _TRADE_VARIABLES,
    ),
    "export_goods": Suite(
        "landing_export_goods",
        (*_goods(SERVED["export"]), DOMESTIC_AND_FOREIGN_MATCH_TOTAL),
        _TRADE_VARIABLES,
    ),
    "programmes": Suite(
        "landing_programmes",
        (
            _schema(("programmes",)),
            _not_empty("programmes"),
            NO_BAD_VALUES,
            _right_period(("programmes",)),
            _keys_unique({"programmes": _PROGRAMME_KEY}),
            _commodity_codes({"programmes": 10}),
            rule(
                "rate_provision_codes",
                guards="Rate provisions have two digits; the '-' total is kept apart.",
                problem="{rows_failing} rate provisions are malformed",
                advice="correct how the reader tells the total from its parts",
                tables=("programmes",),
                failing="""
                    select rate_provision_code, count(*) as row_count from programmes
                    where not coalesce(regexp_full_match(rate_provision_code, '[0-9]{2}'), false)
                    group by all order by all
                """,
            ),
            _partner_codes(("programmes",), ()),
            _partners_known(("programmes",)),
            _no_negative({"programmes": ("value_usd", "duty_usd")}, {"programmes": _PROGRAMME_KEY}),
            _plausible_duty(("programmes",)),
            PROGRAMMES_MATCH_TOTAL,
            PROGRAMMES_WITHIN_TOTAL,
            _size(("programmes",), with_value=True),
        ),
        _TRADE_VARIABLES,
    ),
    "commodities": Suite(
        "landing_commodities",
        (
            _schema(("commodities",)),
            _not_empty("commodities"),
            NO_BAD_VALUES,
            _keys_unique({"commodities": ("commodity_system", "commodity_code")}),
            REFERENCE_CODES,
            RIGHT_EDITION,
            _texts_present("commodities", ("description",), "commodity_code"),
            _size(("commodities",), with_value=False),
        ),
        ("partition",),
    ),
    "labels": Suite(
        "landing_labels",
        (
            _schema(("labels",)),
            _not_empty("labels", "write the rows into the file, below its header"),
            _no_bad_values(CORRECT_THE_LIST),
            LABELS_COMPLETE,
            LABEL_CODES,
            LABEL_RELEVANCE,
            LABEL_CATEGORIES,
            LABEL_CONFIDENCE,
            LABELS_UNIQUE,
            # Somebody's own list may well become shorter.
            _size(("labels",), with_value=False, severity="warn"),
        ),
    ),
    "tariff_schedule": Suite(
        "landing_tariff_schedule",
        (
            _schema(TARIFF_TABLES),
            _not_empty("tariff_lines", "the answer is empty; fetch the revision again"),
            _no_bad_values(
                "compare the line with the schedule; if the format has changed, change the reader "
                "(sources/usitc_hts.py) and raise its version"
            ),
            RIGHT_REVISION,
            _keys_unique(
                {
                    "tariff_lines": ("line_number",),
                    "tariff_footnotes": ("line_number", "footnote_number"),
                    "tariff_rate_parts": ("rate_text", "rate_number", "part_number"),
                    "tariff_revisions": ("revision",),
                }
            ),
            HTS_NUMBERS,
            CHAPTERS_PRESENT,
            OUTLINE,
            RATES_WHOLE,
            RATES_UNDERSTOOD,
            LINES_KEPT,
        ),
        ("partition",),
    ),
    "screening_list": Suite(
        "landing_screening_list",
        (
            _schema(("screened_parties",)),
            _not_empty("screened_parties", "the file has a header and no parties; fetch it again"),
            NO_BAD_VALUES,
            _right_day("screened_parties"),
            _complete(
                "screened_parties",
                ("list_code", "list_name", "party_name"),
                "look at the rows in the file; if the format has changed, correct sources/csl.py",
            ),
            LISTS_KNOWN,
            COUNTRY_CODES_OF_PARTIES,
            _part_kept("screened_parties", "list_code", "list"),
            _entries_kept("screened_parties", ("list_code", "coalesce(entity_number, party_name)")),
        ),
        ("partition",),
    ),
    "control_list": Suite(
        "landing_control_list",
        (
            _schema(("eccns", "eccn_controls", "regulation_amendments")),
            _not_empty("eccns"),
            NO_BAD_VALUES,
            _right_day("eccns"),
            _keys_unique({"eccns": ("eccn",), "eccn_controls": ("eccn", "control_number")}),
            _complete(
                "eccns", ("heading",), "look at the entry; if the format has changed, correct the reader"
            ),
            _of_form("eccn_form", "eccns", "eccn", "[0-9][A-E][0-9]{3}", "a control number such as 3A090"),
            CONTROLS_HAVE_ENTRIES,
            _part_kept("eccns", "category", "category"),
            _entries_kept("eccns", ("eccn",)),
        ),
        ("partition",),
    ),
    "country_chart": Suite(
        "landing_country_chart",
        (
            _schema(("chart_cells", "regulation_amendments")),
            _not_empty("chart_cells"),
            NO_BAD_VALUES,
            _right_day("chart_cells"),
            _keys_unique({"chart_cells": ("country_name", "chart_column")}),
            _of_form(
                "column_form", "chart_cells", "chart_column", "[A-Z]{2}_[1-3]|[*]", "a column such as NS_1"
            ),
            _part_kept("chart_cells", "chart_column", "column"),
            _entries_kept("chart_cells", ("country_name",)),
        ),
        ("partition",),
    ),
    "country_groups": Suite(
        "landing_country_groups",
        (
            _schema(("group_members", "regulation_amendments")),
            _not_empty("group_members"),
            NO_BAD_VALUES,
            _right_day("group_members"),
            _keys_unique({"group_members": ("country_name", "country_group")}),
            _of_form("group_form", "group_members", "country_group", "B|[A-E]:[1-9]", "a group such as D:5"),
            _part_kept("group_members", "country_group", "group"),
            _entries_kept("group_members", ("country_name", "country_group")),
        ),
        ("partition",),
    ),
    "entity_list": Suite(
        "landing_entity_list",
        (
            _schema(("entity_list_entries", "regulation_amendments")),
            _not_empty("entity_list_entries"),
            NO_BAD_VALUES,
            _right_day("entity_list_entries"),
            _complete(
                "entity_list_entries",
                ("country_name", "party_text", "license_requirement"),
                "look at the entries in the answer; if its format has changed, correct sources/ecfr.py",
            ),
            _part_kept("entity_list_entries", "country_name", "country"),
            _entries_kept("entity_list_entries", ("country_name", "party_text")),
        ),
        ("partition",),
    ),
    "priority_codes": Suite(
        "landing_priority_codes",
        (
            _schema(("priority_codes",)),
            _not_empty("priority_codes"),
            _no_bad_values(CORRECT_THE_LIST),
            _keys_unique({"priority_codes": ("hs6",)}),
            _complete("priority_codes", ("tier",), CORRECT_THE_LIST),
            _size(("priority_codes",), with_value=False),
        ),
    ),
    "eccn_pairs": Suite(
        "landing_eccn_pairs",
        (
            _schema(("eccn_pairs",)),
            _not_empty("eccn_pairs"),
            _no_bad_values(CORRECT_THE_LIST),
            _complete("eccn_pairs", ("vendor", "eccn", "part_count"), CORRECT_THE_LIST),
            _of_form(
                "eccn_form",
                "eccn_pairs",
                "eccn",
                "EAR99|[0-9][A-E][0-9]{3}([.][a-z0-9]+)*",
                "a control number",
            ),
            _size(("eccn_pairs",), with_value=False, severity="warn"),
        ),
    ),
    "partner_trade": Suite(
        "landing_partner_trade",
        (
            _schema(("partner_trade", "partner_trade_aggregate")),
            _not_empty("partner_trade"),
            NO_BAD_VALUES,
            _keys_unique(
                dict.fromkeys(
                    ("partner_trade", "partner_trade_aggregate"),
                    ("trade_year", "trade_flow", "reporter", "partner", "hs6"),
                )
            ),
            _of_form("code_form", "partner_trade", "hs6", "[0-9]{6}", "a code of six digits"),
            _no_negative(
                {"partner_trade": ("value_usd",)}, {"partner_trade": ("reporter", "partner", "hs6")}
            ),
            PARTNERS_MATCH_WORLD,
            _size(("partner_trade",), with_value=True),
        ),
    ),
    "parties": Suite(
        "landing_parties",
        (
            _schema(("parties",)),
            _not_empty("parties"),
            _no_bad_values(CORRECT_THE_LIST),
            _complete("parties", ("party_name",), CORRECT_THE_LIST),
        ),
    ),
    "documents": Suite(
        "landing_documents",
        (
            _schema(("documents",)),
            _not_empty("documents"),
            NO_BAD_VALUES,
            _keys_unique({"documents": ("document_number",)}),
            DOCUMENTS,
            _size(("documents",), with_value=False),
        ),
        ("partition",),
    ),
    "countries": Suite(
        "landing_countries",
        (
            _schema(("countries",)),
            _not_empty("countries"),
            NO_BAD_VALUES,
            _keys_unique({"countries": ("partner_code",)}),
            COUNTRY_CODES,
            COUNTRIES_KNOWN,
            _texts_present("countries", ("partner_name",), "partner_code"),
            _size(("countries",), with_value=False),
        ),
    ),
}

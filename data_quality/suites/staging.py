"""What staging must fulfil before the marts are built: it is exactly what was selected from landing.

Runs on a connection to the warehouse. `stg_landing__selection` has one row per selected dataset, table and
partition, with the number of rows and the value that its files held when they were committed.
"""

from data_quality.suites import Suite, each, rule

SELECTION = "stg_landing__selection"
PERIODIC = (
    "goods",
    "goods_aggregate",
    "chapters",
    "chapters_aggregate",
    "totals",
    "totals_aggregate",
    "programmes",
)
# Landing table → the models that hold its rows, each of them a part.
REFERENCE = {
    "commodities": ("stg_census__commodities",),
    "countries": ("stg_census__countries",),
    "labels": ("stg_labels__labels",),
    "tariff_lines": ("stg_usitc__tariff_lines",),
    "tariff_footnotes": ("stg_usitc__tariff_footnotes",),
    "tariff_rate_parts": ("stg_usitc__tariff_rate_parts",),
    "tariff_revisions": ("stg_usitc__tariff_revisions",),
    "screened_parties": ("stg_csl__parties",),
    "eccns": ("stg_ecfr__eccns",),
    "eccn_controls": ("stg_ecfr__eccn_controls",),
    "chart_cells": ("stg_ecfr__country_chart",),
    "group_members": ("stg_ecfr__country_groups",),
    "entity_list_entries": ("stg_ecfr__entity_list",),
    "regulation_amendments": ("stg_ecfr__amendments",),
    "priority_codes": ("stg_control_lists__priority_codes",),
    "eccn_pairs": ("stg_control_lists__eccn_pairs",),
    "partner_trade": ("stg_comtrade__partner_trade",),
    "parties": ("stg_control_lists__parties",),
    "documents": ("stg_federal_register__documents", "stg_federal_register__export_control_documents"),
}


def _staged(table: str) -> str:
    return f"stg_census__{table}"


def _staged_sums(table: str) -> str:
    return f"""
        select '{table}' as table_name, flow, period_grain, period_start,
               count(*) as row_count, sum(value_usd)::bigint as value_usd
        from {_staged(table)} group by all
    """


def _staged_count(table: str) -> str:
    counts = " + ".join(f"(select count(*) from {model})" for model in REFERENCE[table])
    return f"select '{table}' as table_name, {counts} as row_count"


ROWS_MATCH_SELECTION = rule(
    "rows_match_selection",
    guards="Each period has exactly the rows and the value that were committed to landing.",
    problem="{rows_failing} periods differ from what was selected",
    advice="look for a landing file that is missing or was changed by hand; rebuild it from the archive",
    tables=(SELECTION, *(_staged(table) for table in PERIODIC)),
    failing=f"""
        with staged as ({each(PERIODIC, _staged_sums)}),
        selected as (
            select table_name, flow, period_grain, period_start,
                   sum(row_count)::bigint as selected_row_count, sum(value_usd)::bigint as selected_value_usd
            from {SELECTION} where period_start is not null group by all
        )
        select * from staged full join selected using (table_name, flow, period_grain, period_start)
        where coalesce(row_count, 0) <> coalesce(selected_row_count, 0)
           or coalesce(value_usd, 0) <> coalesce(selected_value_usd, 0)
        order by all
    """,
)

REFERENCE_ROWS_MATCH_SELECTION = rule(
    "reference_rows_match_selection",
    guards="The lists have exactly the rows that were committed to landing.",
    problem="{rows_failing} lists differ from what was selected",
    advice="look for a landing file that is missing or was changed by hand; rebuild it from the archive",
    tables=(SELECTION, *(model for models in REFERENCE.values() for model in models)),
    failing=f"""
        select table_name, row_count, selected_row_count
        from ({each(REFERENCE, _staged_count)})
        left join (
            select table_name, sum(row_count)::bigint as selected_row_count from {SELECTION} group by all
        ) using (table_name)
        where row_count <> coalesce(selected_row_count, 0)
        order by all
    """,
)

SELECTED_ONCE = rule(
    "selected_once",
    guards="Each period of a table comes from one partition, so that nothing is counted twice.",
    problem="{rows_failing} periods are selected more than once",
    advice="look at how the vintages are selected; two datasets must not serve the same flow and grain",
    tables=(SELECTION,),
    failing=f"""
        select table_name, flow, period_grain, period_start, count(*) as times, list(dataset) as datasets
        from {SELECTION} where period_start is not null
        group by all having count(*) > 1 order by all
    """,
)

PERIODS_MATCH_PARTITIONS = rule(
    "periods_match_partitions",
    guards="The period of the rows is the partition that they were committed under.",
    problem="{rows_failing} partitions hold another period",
    advice="look at the reader of the dataset, correct it, raise its version and rebuild landing",
    tables=(SELECTION,),
    failing=f"""
        select dataset, table_name, partition, period_grain, period_start from {SELECTION}
        where partition <> left(period_start::varchar, case period_grain when 'month' then 7 else 4 end)
        order by all
    """,
)

SYSTEMS_MATCH_FLOWS = rule(
    "systems_match_flows",
    guards="Imports are in the tariff schedule, exports in Schedule B: their codes never meet.",
    problem="commodity codes are in the system of the other flow",
    advice="look at the reader of the dataset and at the staging model",
    tables=tuple(_staged(table) for table in ("goods", "goods_aggregate", "programmes")),
    failing=each(
        ("goods", "goods_aggregate", "programmes"),
        lambda table: (
            f"""
            select '{table}' as table_name, flow, commodity_system, count(*) as row_count
            from {_staged(table)}
            where commodity_system is distinct from
                case flow when 'import' then 'hts10' when 'export' then 'schedule_b10' end
            group by all
        """
        ),
    ),
)

SUITE = Suite(
    "staging",
    (
        ROWS_MATCH_SELECTION,
        REFERENCE_ROWS_MATCH_SELECTION,
        SELECTED_ONCE,
        PERIODS_MATCH_PARTITIONS,
        SYSTEMS_MATCH_FLOWS,
    ),
)

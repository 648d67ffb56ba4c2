"""Lists and regulations of the export controls."""

from collections.abc import Sequence

from data_quality.suites import Check, Suite, at_most, rule
from data_quality.suites.landing.common import (
    CORRECT_THE_LIST,
    NO_BAD_VALUES,
    complete,
    keys_unique,
    no_bad_values,
    not_empty,
    of_form,
    schema,
    size,
)

# A day brings or takes a few dozen of 26 thousand parties.
MOST_ENTRIES_LOST_PCT = 5
# Of 26 thousand parties some dozens are in a region rather than a country.
MOST_PLACES_WITHOUT_CODE = 0.02

_PLACE = {"snapshot_date": "DATE", "row_number": "BIGINT"}
SCHEMAS = {
    "screened_parties": {
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
    },
    "eccns": {
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
    },
    "eccn_controls": {
        **_PLACE,
        "eccn": "VARCHAR",
        "control_number": "INTEGER",
        **dict.fromkeys(("reason_code", "control_text", "requirement_text", "chart_column"), "VARCHAR"),
    },
    "chart_cells": {
        **_PLACE,
        "country_name": "VARCHAR",
        "chart_column": "VARCHAR",
        "is_controlled": "BOOLEAN",
        "rule_text": "VARCHAR",
    },
    "group_members": {**_PLACE, "country_name": "VARCHAR", "country_group": "VARCHAR"},
    "entity_list_entries": {
        **_PLACE,
        **dict.fromkeys(
            ("country_name", "party_text", "license_requirement", "license_policy", "citation"), "VARCHAR"
        ),
    },
    "regulation_amendments": {"snapshot_date": "DATE", "part": "VARCHAR", "amendment_date": "DATE"},
    "priority_codes": {"row_number": "BIGINT", "hs6": "VARCHAR", "tier": "VARCHAR"},
    "eccn_pairs": {
        "row_number": "BIGINT",
        **dict.fromkeys(("vendor", "eccn", "hts_code"), "VARCHAR"),
        "part_count": "BIGINT",
    },
    "parties": {
        "row_number": "BIGINT",
        **dict.fromkeys(("party_name", "country", "reference"), "VARCHAR"),
    },
}


def _schema(*tables: str) -> Check:
    return schema({table: SCHEMAS[table] for table in tables})


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

SUITES = {
    "screening_list": Suite(
        "landing_screening_list",
        (
            _schema("screened_parties"),
            not_empty("screened_parties", "the file has a header and no parties; fetch it again"),
            NO_BAD_VALUES,
            _right_day("screened_parties"),
            complete(
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
            _schema("eccns", "eccn_controls", "regulation_amendments"),
            not_empty("eccns"),
            NO_BAD_VALUES,
            _right_day("eccns"),
            keys_unique({"eccns": ("eccn",), "eccn_controls": ("eccn", "control_number")}),
            complete(
                "eccns", ("heading",), "look at the entry; if the format has changed, correct the reader"
            ),
            of_form("eccn_form", "eccns", "eccn", "[0-9][A-E][0-9]{3}", "a control number such as 3A090"),
            CONTROLS_HAVE_ENTRIES,
            _part_kept("eccns", "category", "category"),
            _entries_kept("eccns", ("eccn",)),
        ),
        ("partition",),
    ),
    "country_chart": Suite(
        "landing_country_chart",
        (
            _schema("chart_cells", "regulation_amendments"),
            not_empty("chart_cells"),
            NO_BAD_VALUES,
            _right_day("chart_cells"),
            keys_unique({"chart_cells": ("country_name", "chart_column")}),
            of_form(
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
            _schema("group_members", "regulation_amendments"),
            not_empty("group_members"),
            NO_BAD_VALUES,
            _right_day("group_members"),
            keys_unique({"group_members": ("country_name", "country_group")}),
            of_form("group_form", "group_members", "country_group", "B|[A-E]:[1-9]", "a group such as D:5"),
            _part_kept("group_members", "country_group", "group"),
            _entries_kept("group_members", ("country_name", "country_group")),
        ),
        ("partition",),
    ),
    "entity_list": Suite(
        "landing_entity_list",
        (
            _schema("entity_list_entries", "regulation_amendments"),
            not_empty("entity_list_entries"),
            NO_BAD_VALUES,
            _right_day("entity_list_entries"),
            complete(
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
            _schema("priority_codes"),
            not_empty("priority_codes"),
            no_bad_values(CORRECT_THE_LIST),
            keys_unique({"priority_codes": ("hs6",)}),
            complete("priority_codes", ("tier",), CORRECT_THE_LIST),
            size(("priority_codes",), with_value=False),
        ),
    ),
    "eccn_pairs": Suite(
        "landing_eccn_pairs",
        (
            _schema("eccn_pairs"),
            not_empty("eccn_pairs"),
            no_bad_values(CORRECT_THE_LIST),
            complete("eccn_pairs", ("vendor", "eccn", "part_count"), CORRECT_THE_LIST),
            of_form(
                "eccn_form",
                "eccn_pairs",
                "eccn",
                "EAR99|[0-9][A-E][0-9]{3}([.][a-z0-9]+)*",
                "a control number",
            ),
            size(("eccn_pairs",), with_value=False, severity="warn"),
        ),
    ),
    "parties": Suite(
        "landing_parties",
        (
            _schema("parties"),
            not_empty("parties"),
            no_bad_values(CORRECT_THE_LIST),
            complete("parties", ("party_name",), CORRECT_THE_LIST),
        ),
    ),
}

"""Checks that fit any table."""

from collections.abc import Mapping, Sequence

from data_quality.suites import Check, Severity, at_least, each, rule

# It separates a mistake from a bad month, and is wide on purpose: a gate that cries wolf is switched off.
LEAST_KEPT_SHARE = 0.5
CORRECT_THE_LIST = "correct these rows in the file; it is read again with the next run"


def schema(columns: Mapping[str, Mapping[str, str]]) -> Check:
    """columns: table → its columns and their types, as DuckDB names them."""
    expected = ", ".join(
        f"('{table}', '{column}', '{kind}')" for table in columns for column, kind in columns[table].items()
    )
    found = each(
        columns,
        lambda table: f"select '{table}' as table_name, column_name, column_type from (describe {table})",
    )
    return rule(
        "schema",
        guards="The tables have exactly the agreed columns and types.",
        problem="{rows_failing} columns differ from the agreed schema",
        advice="correct the reader, or change the schema in data_quality/suites/landing and in dbt together",
        tables=tuple(columns),
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


def not_empty(
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


def no_bad_values(advice: str) -> Check:
    return rule(
        "no_bad_values",
        guards="Every value could be read as what it should be.",
        problem="{rows_failing} values could not be read",
        advice=advice,
        tables=("bad_values",),
        failing="select table_name, row_number, column_name, text_value, reason from bad_values order by all",
    )


NO_BAD_VALUES = no_bad_values(
    "fetch the archived answer again if it is damaged, correct the reader if the format changed"
)


def keys_unique(keys: Mapping[str, Sequence[str]]) -> Check:
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


def size(tables: Sequence[str], with_value: bool, severity: Severity = "error") -> Check:
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


def no_negative(columns: Mapping[str, Sequence[str]], keys: Mapping[str, Sequence[str]]) -> Check:
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


def complete(table: str, columns: Sequence[str], advice: str) -> Check:
    missing = " or ".join(f"{column} is null" for column in columns)
    return rule(
        "complete",
        guards=f"Every row has {', '.join(columns)}.",
        problem="{rows_failing} rows lack one of these",
        advice=advice,
        tables=(table,),
        failing=f"select row_number, {', '.join(columns)} from {table} where {missing} order by row_number",
    )


def of_form(name: str, table: str, column: str, pattern: str, what: str) -> Check:
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

"""Partitions are replaced when the digest of their input changes, and only then (dbt_project/macros/by_content.sql)."""

from pathlib import Path

import duckdb
import pytest

# Ends the process at once, as SIGKILL does, when dbt sends a statement that contains the text given.
KILLED_AT = """
import os
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
send = DuckDBCursorWrapper.execute
state = {{"seen": False}}
def execute(self, sql, bindings=None):
    if {text!r} in sql:
        state["seen"] = True
        if {before!r}:
            os._exit(9)
    result = send(self, sql, bindings)
    if state["seen"] and (not {wait_for!r} or sql.strip().upper().startswith({wait_for!r})):
        os._exit(9)
    return result
DuckDBCursorWrapper.execute = execute
from dbt.cli.main import cli
cli()
"""

INCREMENTAL = {
    "goods_trade": "flow = 'import'",
    "int_goods_summed_by_partner": "flow = 'import'",
    "ai_trade": "flow = 'import'",
    "ai_trade_balance": "true",
}


def mark(warehouse, month: str) -> None:
    """Write a value that no build would write into one month of each incremental table."""
    with duckdb.connect(str(warehouse.file)) as con:
        for table, condition in INCREMENTAL.items():
            column = "exports_usd" if table == "ai_trade_balance" else "value_usd"
            con.execute(f"update {table} set {column} = -1 where {condition} and period_start = date '{month}-01'")


def marked(warehouse, month: str) -> dict[str, bool]:
    rows = {}
    for table in INCREMENTAL:
        column = "exports_usd" if table == "ai_trade_balance" else "value_usd"
        query = f"select count(*) filter ({column} = -1) > 0 from {table} where period_start = date '{month}-01'"
        rows[table] = warehouse.query(query)[0][0]
    return rows


def make_unreadable(warehouse, *months: str) -> None:
    """Files that need not be read are no Parquet files any more."""
    for (_, partition, _), row in warehouse.landed.items():
        if partition in months:
            Path(row[3]).write_bytes(b"not Parquet")


def built_from_nothing(warehouse) -> dict[str, list[tuple]]:
    warehouse.file.unlink()
    warehouse.build()
    return warehouse.tables()


def test_unchanged_partitions_are_not_touched(warehouse):
    mark(warehouse, "2025-02")
    make_unreadable(warehouse, "2025-02", "2025-03")
    warehouse.build()
    assert all(marked(warehouse, "2025-02").values())


def test_only_the_changed_month_is_read_and_replaced(warehouse):
    mark(warehouse, "2025-01")
    mark(warehouse, "2025-02")
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444})
    make_unreadable(warehouse, "2025-03")
    warehouse.build()

    assert all(marked(warehouse, "2025-01").values())
    assert not any(marked(warehouse, "2025-02").values())
    assert warehouse.query(
        "select partner_code, commodity_code, value_usd from goods_trade"
        " where flow = 'import' and period_start = date '2025-02-01'"
    ) == [("5700", "8471500150", 4444)]
    assert warehouse.query(
        "select exports_usd, imports_usd, balance_usd from ai_trade_balance where partner_code = '5700'"
        " and period_start = date '2025-02-01' and category = 'Compute_Hardware'"
        " and balance_basis = 'consumption_vs_total_exports'"
    ) == [(201, 4444, 201 - 4444)]


def test_added_changed_and_removed_months_end_as_a_full_build_does(warehouse):
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444, ("4190", "8542310075"): 8})
    warehouse.remove_month("export", "2025-01")
    warehouse.remove_month("import", "2025-01")
    warehouse.land_month("import", "2025-04", {("4190", "8471500150"): 9})
    warehouse.build()
    assert warehouse.query("select count(*) from goods_trade where period_start = date '2025-01-01'") == [(0,)]
    assert warehouse.query("select count(*) from ai_trade_balance where period_start = date '2025-01-01'") == [(0,)]

    incremental = warehouse.tables()
    assert incremental == built_from_nothing(warehouse)
    assert len(incremental["goods_trade"]) == 11


def test_a_changed_definition_builds_what_depends_on_it_anew(warehouse):
    mark(warehouse, "2025-02")
    with duckdb.connect(str(warehouse.file)) as con:
        con.execute("""
            insert into ai_definition_prefix by name
            select * replace ('0101' as hs_prefix) from ai_definition_prefix where hs_prefix = '847150'
        """)
    warehouse.select()
    assert warehouse.dbt("run") == 0, warehouse.output

    assert marked(warehouse, "2025-02") == {
        "goods_trade": True,
        "int_goods_summed_by_partner": True,
        "ai_trade": False,
        "ai_trade_balance": False,
    }
    assert warehouse.query(
        "select value_usd from ai_trade where flow = 'import' and partner_code = '5700'"
        " and period_start = date '2025-02-01'"
    ) == [(1001 + 71,)]


@pytest.mark.parametrize(
    ("text", "before", "wait_for"),
    [
        pytest.param('delete from "warehouse"."main"."goods_trade"', False, "", id="written-not-committed"),
        pytest.param('delete from "warehouse"."main"."goods_trade"', False, "COMMIT", id="committed"),
        pytest.param('create table "warehouse"."main"."ai_trade_headline"', True, "", id="half-of-the-models"),
    ],
)
def test_a_killed_run_is_completed_by_the_next(warehouse, text, before, wait_for):
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444})
    warehouse.land_month("import", "2025-04", {("5700", "8471500150"): 5555})
    warehouse.select()
    driver = KILLED_AT.format(text=text, before=before, wait_for=wait_for)
    assert warehouse.dbt("run", "--threads", "1", driver=driver) == 9, warehouse.output

    warehouse.build()
    completed = warehouse.tables()
    assert completed == built_from_nothing(warehouse)

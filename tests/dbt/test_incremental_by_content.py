"""Partitions are replaced when the digest of their input changes, and only then (macros/by_content.sql).

So are tables (macros/made_of.sql).
"""

from pathlib import Path

import duckdb

# Ends the process at once, as SIGKILL does, after dbt has sent a statement that contains `text` and then one
# that begins with `wait_for`.
KILLED_AT = """
import os
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

send = DuckDBCursorWrapper.execute
seen = []

def send_and_die(self, sql, bindings=None):
    result = send(self, sql, bindings)
    if {text!r} in sql:
        seen.append(sql)
    if seen and sql.strip().startswith({wait_for!r}):
        os._exit(9)
    return result

DuckDBCursorWrapper.execute = send_and_die
"""

# A column of each incremental table in which a test can leave a mark.
MARKED = {
    "goods_trade": "general_value_usd",
    "int_goods_summed_by_commodity": "partner_count",
    "int_goods_summed_by_product_set": "general_value_usd",
    "classified_trade": "general_value_usd",
    "ai_trade": "general_value_usd",
    "ai_trade_balance": "imports_usd",
    "ai_trade_headline": "ai_imports_usd",
    "ai_effective_tariff": "duty_usd",
    "ai_effective_tariff_by_partner": "duty_usd",
    "int_product_group_trade": "value_usd",
    "ai_trade_growth": "value_usd",
}
# These and two tables that are no incremental ones, with all that they are made of: a third of the models.
# Selected by file, because `ai_trade` is also the project's name and would select all that is in it.
TRADE = ("--select", *(f"+file:{table}.sql" for table in (*MARKED, "ai_trade_index", "ai_classification")))
WITHOUT_FLOW = (
    "ai_trade_balance",
    "ai_trade_headline",
    "ai_effective_tariff",
    "ai_effective_tariff_by_partner",
)


def mark(warehouse, month: str) -> None:
    """Write what no build would write into the imports of one month of each incremental table."""
    with duckdb.connect(str(warehouse.file)) as con:
        for table, column in MARKED.items():
            imports = "true" if table in WITHOUT_FLOW else "flow = 'import'"
            con.execute(f"update {table} set {column} = -1 where period_start = '{month}-01' and {imports}")


def marked(warehouse, month: str) -> dict[str, bool]:
    """Which tables still have the mark."""
    query = "select count(*) filter ({column} = -1) > 0 from {table} where period_start = '{month}-01'"
    return {
        table: warehouse.query(query.format(column=column, table=table, month=month))[0][0]
        for table, column in MARKED.items()
    }


def make_unreadable(warehouse, *months: str) -> None:
    """Files that need not be read are no Parquet files any more."""
    for (_, partition, _), row in warehouse.landed.items():
        if partition in months:
            Path(row[3]).write_bytes(b"not Parquet")


def beside_a_full_build(warehouse) -> tuple[dict[str, list[tuple]], dict[str, list[tuple]]]:
    """The tables as they are, and as they are when all that concerns trade is built from nothing."""
    found = warehouse.tables()
    warehouse.file.unlink()
    warehouse.build(*TRADE)
    anew = warehouse.tables()
    # What was recorded names the models that were left out, too.
    names = anew.keys() - {"loaded_partition", "made_relation"}
    return {name: found[name] for name in names}, {name: anew[name] for name in names}


def test_only_the_changed_month_is_read_and_replaced(warehouse):
    mark(warehouse, "2025-01")
    mark(warehouse, "2025-02")
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444})
    make_unreadable(warehouse, "2025-03")
    warehouse.build(*TRADE)

    assert all(marked(warehouse, "2025-01").values())
    assert not any(marked(warehouse, "2025-02").values())
    assert warehouse.query(
        "select partner_code, commodity_code, value_usd from goods_trade"
        " where flow = 'import' and period_start = date '2025-02-01'"
    ) == [("5700", "8471500150", 4444)]
    assert warehouse.query(
        "select exports_usd, imports_usd, balance_usd from ai_trade_balance where partner_code = '5700'"
        " and definition_id = 'compute_core'"
        " and period_start = date '2025-02-01' and category = 'Compute_Hardware'"
        " and balance_basis = 'consumption_vs_total_exports'"
    ) == [(201, 4444, 201 - 4444)]


def test_added_changed_and_removed_months_end_as_a_full_build_does(warehouse):
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444, ("4190", "8542310075"): 8})
    warehouse.remove_month("export", "2025-01")
    warehouse.remove_month("import", "2025-01")
    warehouse.land_month("import", "2025-04", {("4190", "8471500150"): 9})
    warehouse.build(*TRADE)
    for table in MARKED:
        assert warehouse.query(f"select count(*) from {table} where period_start = '2025-01-01'") == [(0,)]

    incremental, anew = beside_a_full_build(warehouse)
    assert incremental == anew
    assert len(incremental["goods_trade"]) == 10


def test_a_changed_definition_builds_what_depends_on_it_anew(warehouse):
    mark(warehouse, "2025-02")
    warehouse.change("""
        insert into classification_prefix by name
        select * replace ('0101' as hs_prefix) from classification_prefix where hs_prefix = '847150'
    """)
    warehouse.select()
    assert warehouse.dbt("run", *TRADE) == 0, warehouse.log

    assert marked(warehouse, "2025-02") == {
        "goods_trade": True,
        "int_goods_summed_by_commodity": True,
        "int_goods_summed_by_product_set": False,
        "classified_trade": False,
        "ai_trade": False,
        "ai_trade_balance": False,
        "ai_trade_headline": False,
        "ai_effective_tariff": False,
        "ai_effective_tariff_by_partner": False,
        "int_product_group_trade": False,
        "ai_trade_growth": False,
    }
    assert warehouse.query(
        "select value_usd from ai_trade where flow = 'import' and partner_code = '5700'"
        " and definition_id = 'compute_core' and period_start = date '2025-02-01'"
    ) == [(1001 + 71,)]


def test_a_changed_view_builds_what_reads_it_anew_although_another_view_is_between(warehouse):
    mark(warehouse, "2025-02")
    changed = """
manifest.nodes["model.ai_trade.stg_census__goods_monthly"].raw_code += "where value_usd > 300"
manifest.build_flat_graph()
"""
    models = ("stg_census__goods_monthly", "goods_trade", "int_goods_summed_by_commodity")
    assert warehouse.dbt("run", "--select", *models, before=changed) == 0, warehouse.log

    left = marked(warehouse, "2025-02")
    assert (left["goods_trade"], left["int_goods_summed_by_commodity"]) == (False, False)
    assert warehouse.query(
        "select sum(value_usd) from int_goods_summed_by_commodity"
        " where flow = 'import' and period_start = date '2025-02-01'"
    ) == [(1001,)]


def test_what_labels_a_code_without_description_counts_for_all_of_its_trade(warehouse):
    mark(warehouse, "2025-02")
    warehouse.change("""
        insert into commodity_succession by name
        select * replace ('0000000001' as old_code, '0000000002' as new_code)
        from commodity_succession limit 1
    """)
    warehouse.select()
    assert warehouse.dbt("run", "--select", "+file:ai_trade.sql") == 0, warehouse.log
    still = marked(warehouse, "2025-02")
    assert still["goods_trade"]
    assert not still["int_goods_summed_by_product_set"]
    assert not still["ai_trade"]


def test_a_table_that_became_incremental_keeps_no_record_of_the_table(warehouse):
    with duckdb.connect(str(warehouse.file)) as con:
        con.execute("insert into made_relation values ('int_product_group_trade', 'as it was', 'as it was')")
        con.execute("insert into loaded_partition values ('ai_trade_index', '', 'month', '2025-01-01', '')")
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444})
    warehouse.select()
    became = ("+int_product_group_trade", "ai_trade_index")
    assert warehouse.dbt("run", "--select", *became) == 0, warehouse.log
    assert warehouse.query("from made_relation where model_name = 'int_product_group_trade'") == []
    assert warehouse.query("from loaded_partition where model_name = 'ai_trade_index'") == []


def mark_tables(warehouse, *tables: str) -> None:
    """Add a column that no build would make."""
    with duckdb.connect(str(warehouse.file)) as con:
        for table in tables:
            con.execute(f"alter table {table} add column mark integer")


def marked_tables(warehouse) -> set[str]:
    """Tables that were not made again."""
    return {
        name
        for (name,) in warehouse.query("from duckdb_columns() select table_name where column_name = 'mark'")
    }


def test_partitions_and_tables_whose_input_is_as_it_was_are_not_touched(warehouse):
    mark(warehouse, "2025-02")
    mark_tables(warehouse, "ai_classification", "ai_trade_index")
    make_unreadable(warehouse, "2025-02", "2025-03")
    warehouse.build(*TRADE)
    assert all(marked(warehouse, "2025-02").values())
    assert marked_tables(warehouse) == {"ai_classification", "ai_trade_index"}


def test_a_table_is_made_again_when_what_it_reads_has_changed(warehouse):
    mark_tables(warehouse, "ai_classification", "ai_trade_index")
    warehouse.land_month("import", "2025-04", {("5700", "8471500150"): 5555})
    warehouse.build(*TRADE)
    assert marked_tables(warehouse) == {"ai_classification"}


def test_a_table_that_comes_out_as_it_was_leaves_its_readers_alone(warehouse):
    # A rule that no product meets.
    warehouse.change("""
        insert into classification_rule by name
        select * replace ('unmet' as rule_id, 'unicorn' as must_have) from classification_rule limit 1
    """)
    mark_tables(warehouse, "int_labels", "ai_classification")
    warehouse.select()
    assert warehouse.dbt("run", "--select", "+ai_classification") == 0, warehouse.log
    assert marked_tables(warehouse) == {"ai_classification"}


def test_a_changed_seed_is_seen_through_views(warehouse):
    warehouse.change("update partner set partner_name = 'Somewhere' where partner_code = '4190'")
    mark_tables(warehouse, "dim_partner", "ai_classification")
    warehouse.select()
    assert warehouse.dbt("run", "--select", "+dim_partner", "+ai_classification") == 0, warehouse.log
    assert warehouse.query("select partner_name from dim_partner where partner_code = '4190'") == [
        ("Somewhere",)
    ]
    assert marked_tables(warehouse) == {"ai_classification"}


def test_a_column_that_is_renamed_is_noticed_by_its_readers(warehouse):
    contents = "from made_relation select model_name, content order by all"
    recorded = warehouse.query(contents)
    warehouse.change()
    assert warehouse.query(contents) == recorded
    warehouse.change("alter table partner rename partner_name to name_of_partner")
    warehouse.select()
    assert warehouse.dbt("run", "--select", "dim_partner") != 0
    assert 'does not have a column named "partner_name"' in warehouse.log


def test_killed_runs_are_completed_by_the_next(warehouse):
    warehouse.land_month("import", "2025-02", {("5700", "8471500150"): 4444})
    warehouse.land_month("import", "2025-04", {("5700", "8471500150"): 5555})
    warehouse.select()
    replaced = 'delete from "warehouse"."main"."goods_trade" where'
    for text, wait_for in (
        (replaced, ""),  # written, not committed
        (replaced, "COMMIT"),  # committed, the models after it not begun
        ('drop table "warehouse"."main"."ai_trade_index"', ""),  # all but the last
    ):
        kill = KILLED_AT.format(text=text, wait_for=wait_for)
        assert warehouse.dbt("run", *TRADE, "--threads", "1", before=kill) == 9, warehouse.log

    warehouse.build(*TRADE)
    completed, anew = beside_a_full_build(warehouse)
    assert completed == anew

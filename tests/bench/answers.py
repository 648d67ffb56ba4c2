"""A generated month as Census serves it: one JSON answer for each request that the product makes."""

import json
from datetime import UTC, datetime

import duckdb

from orchestration.archive import Archive, Entry, Snapshot
from orchestration.sources.census_trade import EXPORTS, IMPORTS, LEVELS, level
from orchestration.sources.model import EVERYTHING, Dataset, Request

SERVED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def archive_month(con: duckdb.DuckDBPyConnection, archive: Archive, dataset: Dataset, partition: str) -> int:
    """Put the tables of `generate.generate_month` into the archive as answers; gives the rows served."""
    side = {"import": IMPORTS, "export": EXPORTS}[dataset.flow]
    texts = {variable.format(s="MO"): f"{column}::varchar" for column, variable in side.values.items()}
    texts |= {
        side.commodity: "commodity_code",
        "CTY_CODE": "partner_code",
        "UNIT_QY1": "unit_1",
        "UNIT_QY2": "unit_2",
    }
    for i, variable in enumerate(side.quantities, start=1):
        # Null is how "not collected" reads once it has landed; it is served as a zero without a flag.
        texts[variable.format(s="MO")] = f"coalesce(quantity_{i}, 0)::varchar"
        texts[variable.format(s="MO") + "_FLAG"] = "null"
    for level_name, table in LEVELS.items():
        rows = (
            f"select * from {table} union all by name select * exclude (partner_kind) from {table}_aggregate"
        )
        served = _fanned_out(rows) if side.split_by else rows
        con.execute(f"create or replace temp table {level_name}_rows as {served}")

    entries, rows = [], 0
    for request in dataset.plan(partition, EVERYTHING):
        header = [
            *request.values("get")[0].split(","),
            *(name for name, _ in request.params if name != "get"),
        ]
        fixed = {name: f"'{value}'" for name, value in request.params if name in ("COMM_LVL", "time")}
        columns = ", ".join(({"DF": "df"} | texts | fixed)[name] for name in header)
        prefix = "".join(request.values(side.commodity)).rstrip("*")
        where = f"where starts_with(commodity_code, '{prefix}')" if prefix else ""
        order = "" if level(request) == "total" else "commodity_code, "
        lines = con.execute(f"""
            select to_json([{columns}])::varchar from {level(request)}_rows {where}
            order by {order} partner_code {", df" if side.split_by else ""}
        """).fetchall()
        entries.append(_entry(archive, request, header, [line for (line,) in lines]))
        rows += len(lines)
    archive.commit(Snapshot("census_trade", dataset.name, partition, SERVED_AT, EVERYTHING, tuple(entries)))
    return rows


def _fanned_out(rows: str) -> str:
    """Exports come as a total and its parts; a part of nothing is not served."""
    return f"""
        select df, * replace (
            case df when '1' then domestic_value_usd when '2' then foreign_value_usd else value_usd end
                as value_usd
        )
        from ({rows}), (values ('-'), ('1'), ('2')) as parts(df)
        where df = '-' or (df = '1' and domestic_value_usd > 0) or (df = '2' and foreign_value_usd > 0)
    """


def _entry(archive: Archive, request: Request, header: list[str], lines: list[str]) -> Entry:
    body = ("[" + ",\n".join([json.dumps(header), *lines]) + "]").encode()
    return Entry(request, 200, "application/json", SERVED_AT, archive.put(body), len(body), "agency", ())

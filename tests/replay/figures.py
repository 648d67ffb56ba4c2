"""The figures that a replay server serves: a DuckDB connection with a few small typed tables.

`figures.sql` describes them. Tests plant a handful of rows; the sample composer plants the big ones in SQL.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

Figures = duckdb.DuckDBPyConnection

SCHEMA = Path(__file__).with_name("figures.sql")


def no_figures() -> Figures:
    """The tables of `figures.sql`, empty, in memory."""
    figures = duckdb.connect()
    figures.execute(SCHEMA.read_text())
    return figures


def plant(figures: Figures, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows by column name; columns that are left out take their default or null."""
    for row in rows:
        places = ", ".join("?" for _ in row)
        figures.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))

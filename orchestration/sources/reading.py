"""What several sources need to read a file: its text, the rows of a CSV file, a table of what was read."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import zstandard

from orchestration.sources.model import Refused

BAD_COLUMNS = {
    "table_name": "varchar",
    "row_number": "bigint",
    "column_name": "varchar",
    "text_value": "varchar",
    "reason": "varchar",
}


def body_of(path: Path) -> bytes:
    """The bytes of an archived answer."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as body:
        return body.read()


def decoded(content: bytes) -> str:
    """A file as text, without its byte order mark; `Refused` names the row that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"the file is not UTF-8: row {row} holds the byte {content[error.start]:#04x}; save it as CSV in "
            "UTF-8"
        ) from None


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of the line that it begins in; blank ones are left out."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    first_line = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield first_line, [cell.strip() for cell in cells]
            first_line = lines.line_num + 1
    except csv.Error as error:
        raise Refused(
            f"the file is cut off or is not CSV: the row that begins in line {first_line} cannot be read "
            f"({error}); correct it there"
        ) from None


def csv_head(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The names in the first row, in lower case; `Refused` when one of them is there twice."""
    _, head = next(rows, (0, []))
    head = [name.lower() for name in head]
    repeated = sorted({name for name in head if name and head.count(name) > 1})
    if repeated:
        raise Refused(f"the header names {', '.join(repeated)} more than once; keep one column of each name")
    return head


def need_columns(head: Sequence[str], names: Iterable[str]) -> None:
    """Raise `Refused` when a header lacks one of the names."""
    missing = [name for name in names if name not in head]
    if missing:
        raise Refused(
            f"the file lacks the column {', '.join(missing)}; its header is {', '.join(head)[:200]!r}, and "
            "columns are separated by commas"
        )


def make_table(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Iterable[tuple], order: str
) -> None:
    """Make a table of rows that Python holds, in the given order."""
    rows = list(rows)
    each = ", ".join(f"unnest(?::{kind}[]) as {column}" for column, kind in columns.items())
    by_column = [[row[i] for row in rows] for i in range(len(columns))]
    con.execute(f"create table {table} as select * from (select {each}) order by {order}", by_column)

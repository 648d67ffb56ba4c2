"""Lists that say which products are AI-related: published ones, and one of a user's own.

Each is one CSV file with a header, in UTF-8, at an address or a path that a setting names:

- the label files of Waugh (2026), NBER Working Paper 35053: one row for each ten-digit code, labelled once by
  a language model (`hs10_classification_final_v3.csv` in the author's repository);
- the WTO's list of AI-enabling goods: codes of six digits in an edition of the Harmonized System, which the
  header names (WTO, Global Trade Outlook and Statistics, October 2025);
- a user's own: a code or the beginning of one, and its relevance.

Codes that went through a spreadsheet have lost their leading zero. It is put back where the number of digits
says so without doubt: codes have an even number of them. What does not fit is named with its row: here when
it cannot be read, else by the gate (data_quality/suites/landing/labels.py).
"""

import codecs
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

import duckdb

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source
from orchestration.sources.reading import (
    BAD_COLUMNS,
    body_of,
    csv_head,
    csv_rows,
    decoded,
    make_table,
    need_columns,
)

LARGEST_BYTES = 64 * 1024**2  # twenty thousand codes with a paragraph on each are less than twenty

COLUMNS = {
    "label_set_id": "varchar",
    "commodity_system": "varchar",
    "commodity_code": "varchar",
    "description": "varchar",
    "relevance": "varchar",
    "confidence": "integer",
    "category": "varchar",
    "specific_use": "varchar",
    "reasoning": "varchar",
    "row_number": "bigint",
}
WAUGH_NEEDED = ("relevance", "primary_category", "hs10_code", "description")
HS_EDITIONS = ("hs2007", "hs2012", "hs2017", "hs2022")
USER_OPTIONAL = ("commodity_system", "category", "description", "reasoning")

# A row of the file by the names of its header. A fault is a column, its text, and what is wrong with it.
Row = Mapping[str, str]
Fault = tuple[str, str, str]
ReadRow = Callable[[Row], tuple[dict[str, object], list[Fault]]]


def classify(setting: str, status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer can be a list; raises `Refused` for everything else."""
    if status == 404:
        raise Refused(f"there is no such file; check {setting}")
    if status in (301, 302, 303, 307, 308):
        to = headers.get("Location", "").split("?")[0]
        raise Refused(f"redirected to {to}; set {setting} to the address of the file itself")
    if status != 200:
        raise Refused(f"answered {status}; check {setting}")
    text = body.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise Refused(f"the file is empty; check {setting}")
    if text.startswith(b"<"):
        raise Refused(
            f"it is a web page and no CSV file; set {setting} to the address of the file itself (on GitHub "
            "that is the one behind 'Raw')"
        )
    if b"\0" in body:
        raise Refused("it is no text, or is in UTF-16; save it as CSV in UTF-8, not as a workbook")
    return True


def _plan(_: str, __: Scope) -> list[Request]:
    return [Request("")]


def _text(answers: Mapping[Request, Path]) -> str:
    (path,) = answers.values()
    return decoded(body_of(path))


def _make(
    con: duckdb.DuckDBPyConnection,
    label_set_id: str,
    head: Sequence[str],
    rows: Iterable[tuple[int, list[str]]],
    read_row: ReadRow,
) -> None:
    """Make `labels` and `bad_values`. `read_row` gives a label and the faults in it, which are null there."""
    labels, bad_values = [], []
    for row_number, cells in rows:
        if len(cells) != len(head):
            reason = f"has {len(cells)} cells, and the header has {len(head)}"
            bad_values.append(("labels", row_number, None, ",".join(cells)[:200], reason))
        # Cells that are missing are empty, so that the row is still seen.
        label, found = read_row(dict(zip_longest(head, cells[: len(head)], fillvalue="")))
        label = {"label_set_id": label_set_id, **label, "row_number": row_number}
        labels.append(tuple(label.get(column) for column in COLUMNS))
        bad_values += [("labels", row_number, *fault) for fault in found]
    make_table(con, "labels", COLUMNS, labels, order="row_number")
    make_table(con, "bad_values", BAD_COLUMNS, bad_values, order="row_number")


def whole_code(text: str, digits: Sequence[int]) -> tuple[str | None, str]:
    """A code with one of so many digits, its lost zero put back; or None, and what is wrong with it.

    Points are left out: '8471.50' is 847150, and '101.21.0010' is 0101210010.
    """
    code = text.replace(".", "")
    if not re.fullmatch("[0-9]+", code):
        return None, "not a code: only digits and points belong into one"
    if len(code) % 2:
        code = f"0{code}"
    if len(code) not in digits:
        return None, f"{len(text.replace('.', ''))} digits; a code has {' or '.join(map(str, digits))}"
    if code[:2] == "00":
        return None, "there is no chapter 00"
    return code, ""


def _code(column: str, text: str, digits: Sequence[int], faults: list[Fault]) -> str | None:
    code, reason = whole_code(text, digits)
    if code is None:
        faults.append((column, text, reason))
    return code


def _relevance(text: str) -> str | None:
    """High, Medium or Low in any case; what else there is stays as it is, for the gate to name."""
    return text.capitalize() if text.capitalize() in ("High", "Medium", "Low") else text or None


def _confidence(text: str, faults: list[Fault]) -> int | None:
    # Where one is missing, a table of numbers writes all of them with a point and a zero.
    if not re.fullmatch(r"-?[0-9]{1,9}(\.0+)?", text):
        if text:
            faults.append(("confidence", text, "not a whole number"))
        return None
    return int(float(text))


def _read_waugh(system: str, con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `labels`, one row for each ten-digit code of one side."""

    def label(row: Row) -> tuple[dict[str, object], list[Fault]]:
        faults: list[Fault] = []
        if not row["primary_category"]:
            faults.append(("primary_category", "", "empty"))
        return {
            "commodity_system": system,
            "commodity_code": _code("hs10_code", row["hs10_code"], (10,), faults),
            "description": row["description"] or None,
            "relevance": _relevance(row["relevance"]),
            "confidence": _confidence(row.get("confidence", ""), faults),
            "category": row["primary_category"] or None,
            "specific_use": row.get("specific_use") or None,
            "reasoning": row.get("reasoning") or None,
        }, faults

    rows = csv_rows(_text(answers))
    head = csv_head(rows)
    need_columns(head, WAUGH_NEEDED)
    _make(con, "waugh_2026", head, rows, label)


def _read_wto(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `labels`, one row for each code of six digits: what is on the list is of high relevance."""
    rows = csv_rows(_text(answers))
    head = csv_head(rows)
    columns = [f"hs6_{edition}" for edition in HS_EDITIONS]
    found = [column for column in columns if column in head]
    if len(found) != 1:
        raise Refused(
            f"the file needs one column of codes, named by their edition ({', '.join(columns)}); "
            f"its header is {', '.join(head)[:200]!r}"
        )
    (column,) = found

    def label(row: Row) -> tuple[dict[str, object], list[Fault]]:
        faults: list[Fault] = []
        return {
            "commodity_system": column.removeprefix("hs6_"),
            "commodity_code": _code(column, row[column], (6,), faults),
            "description": row.get("description") or None,
            "relevance": "High",
            "specific_use": row.get("group") or None,
        }, faults

    _make(con, "wto_2025", head, rows, label)


def _read_user(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `labels`, one row for each code or beginning of one; without a system it holds for both sides."""
    rows = csv_rows(_text(answers))
    head = csv_head(rows)
    if len(head) < 2:
        raise Refused(
            f"the file has one column, {', '.join(head)[:200]!r}, and needs two, a code and its relevance, "
            "separated by a comma"
        )
    if whole_code(head[0], (6, 8, 10))[0] or _relevance(head[1]) in ("High", "Medium", "Low"):
        raise Refused("row 1 is a label already, and it has to be a header such as 'code,relevance'; add one")
    unknown = [name for name in head[2:] if name not in USER_OPTIONAL]
    if unknown:
        raise Refused(
            f"the column {', '.join(map(repr, unknown))} is not known; behind the code and its relevance "
            f"there may be {', '.join(USER_OPTIONAL)}. Rename it, or take it out"
        )
    # Whatever the first two are called, they are known by their place.
    head = ["code", "relevance", *head[2:]]

    def label(row: Row) -> tuple[dict[str, object], list[Fault]]:
        faults: list[Fault] = []
        side = row.get("commodity_system", "")
        system = {"": "hs", "hts10": "hts10", "schedule_b10": "schedule_b10"}.get(side.lower())
        if system is None:
            reason = "not a side; it may be hts10 (imports), schedule_b10 (exports), or empty for both"
            faults.append(("commodity_system", side, reason))
        return {
            "commodity_system": system,
            "commodity_code": _code("code", row["code"], (6, 8, 10), faults),
            "description": row.get("description") or None,
            "relevance": _relevance(row["relevance"]),
            "category": row.get("category") or None,
            "reasoning": row.get("reasoning") or None,
        }, faults

    _make(con, "user", head, rows, label)


def _source(setting: str, title: str, attribution: str, read: Callable) -> Source:
    """One list, which is a source because it has an address of its own."""
    return Source(
        name="label_lists",
        title=title,
        base_url=setting,
        classify=partial(classify, f"AITB_{setting.upper()}"),
        attribution=attribution,
        largest_bytes=LARGEST_BYTES,
        datasets=(
            Dataset(name=setting, grain="current", tables=("labels",), plan=_plan, read=read, suite="labels"),
        ),
    )


SOURCES = (
    _source(
        "waugh_labels",
        "Waugh (2026), labels of import codes",
        "Waugh (2026), NBER Working Paper 35053.",
        partial(_read_waugh, "hts10"),
    ),
    _source(
        "waugh_export_labels",
        "Waugh (2026), labels of export codes",
        "Waugh (2026), NBER Working Paper 35053.",
        partial(_read_waugh, "schedule_b10"),
    ),
    _source(
        "wto_list",
        "WTO, AI-enabling goods",
        "WTO, Global Trade Outlook and Statistics, October 2025.",
        _read_wto,
    ),
    _source("user_labels", "A user's own labels", "", _read_user),
)

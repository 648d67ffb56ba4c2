"""Lists about controlled products and a user's parties: one CSV file each, at an address or a path.

- The Common High Priority List of the United States and its partners: codes of six digits that matter for
  weapons, by tier (Bureau of Industry and Security, February 2024). It was made for Russia's war, and serves
  here as a list of sensitive products.
- Pairs of export control number and tariff code, as vendors give them for their parts. No official table
  joins the two, and a pair says what some vendor has declared, not what the law says.
- A user's own customers and suppliers, whose names are held against the screening list. They come from
  outside and are shown in tables that people open in spreadsheets: what would be a formula there is refused.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import duckdb

from orchestration.sources.label_lists import classify, whole_code
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

PRIORITY_CODES = {"row_number": "bigint", "hs6": "varchar", "tier": "varchar"}
ECCN_PAIRS = {
    "row_number": "bigint",
    "vendor": "varchar",
    "eccn": "varchar",
    "hts_code": "varchar",
    "part_count": "bigint",
}


PARTIES = {
    "row_number": "bigint",
    "party_name": "varchar",
    "country": "varchar",
    "reference": "varchar",
}
# A cell that begins so is taken for a formula by a spreadsheet.
FORMULA = re.compile(r"[=+@\t\r-]")
LONGEST_NAME = 300
# As many take five minutes to be held against the screening list.
MOST_PARTIES = 100_000


def _plan(_: str, __: Scope) -> list[Request]:
    return [Request("")]


def _lines(answers: Mapping[Request, Path], needed: tuple[str, ...], table: str) -> tuple[list, list]:
    """The rows of a file by the names of its header, and what is wrong with their number of cells."""
    (path,) = answers.values()
    rows = csv_rows(decoded(body_of(path)))
    head = csv_head(rows)
    need_columns(head, needed)
    lines, faults = [], []
    for number, cells in rows:
        if len(cells) != len(head):
            reason = f"has {len(cells)} cells, and the header has {len(head)}"
            faults.append((table, number, None, ",".join(cells)[:200], reason))
        padded = [*cells, *[""] * len(head)][: len(head)]
        lines.append((number, dict(zip(head, padded, strict=True))))
    return lines, faults


def _read_priority(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `priority_codes`, one row for each code of six digits."""
    lines, faults = _lines(answers, ("hs6", "tier"), "priority_codes")
    rows = []
    for number, line in lines:
        code, reason = whole_code(line["hs6"], (6,))
        if code is None:
            faults.append(("priority_codes", number, "hs6", line["hs6"], reason))
        rows.append((number, code, line["tier"] or None))
    make_table(con, "priority_codes", PRIORITY_CODES, rows, order="row_number")
    make_table(con, "bad_values", BAD_COLUMNS, faults, order="row_number")


def _read_pairs(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `eccn_pairs`, one row for each vendor, control number and code; some parts have no code."""
    lines, faults = _lines(answers, ("vendor", "eccn", "hts_digits", "n_parts"), "eccn_pairs")
    rows = []
    for number, line in lines:
        code, reason = whole_code(line["hts_digits"], (6, 8, 10)) if line["hts_digits"] else (None, "")
        if reason:
            faults.append(("eccn_pairs", number, "hts_digits", line["hts_digits"], reason))
        count = line["n_parts"]
        is_whole = re.fullmatch("[0-9]{1,9}", count) is not None
        if not is_whole:
            faults.append(("eccn_pairs", number, "n_parts", count, "not a whole number"))
        parts = int(count) if is_whole else None
        rows.append((number, line["vendor"] or None, line["eccn"] or None, code, parts))
    make_table(con, "eccn_pairs", ECCN_PAIRS, rows, order="row_number")
    make_table(con, "bad_values", BAD_COLUMNS, faults, order="row_number")


def _read_parties(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `parties`, one row for each party: its name, and its country and a reference where given."""
    lines, faults = _lines(answers, ("name",), "parties")
    if len(lines) > MOST_PARTIES:
        raise Refused(
            f"the file has {len(lines):,} names, and no more than {MOST_PARTIES:,} are taken at once"
        )
    rows = []
    for number, line in lines:
        cells = {name: line.get(name) or None for name in ("name", "country", "reference")}
        for column, text in cells.items():
            if text and FORMULA.match(text):
                faults.append(("parties", number, column, text[:200], "begins as a formula does"))
            elif text and len(text) > LONGEST_NAME:
                faults.append(("parties", number, column, text[:200], f"is longer than {LONGEST_NAME}"))
        rows.append((number, *cells.values()))
    make_table(con, "parties", PARTIES, rows, order="row_number")
    make_table(con, "bad_values", BAD_COLUMNS, faults, order="row_number")


def _source(setting: str, title: str, attribution: str, dataset: Dataset) -> Source:
    return Source(
        name="control_lists",
        title=title,
        base_url=setting,
        classify=partial(classify, f"AITB_{setting.upper()}"),
        attribution=attribution,
        largest_bytes=16 * 1024**2,
        datasets=(dataset,),
    )


SOURCES = (
    _source(
        "chpl_list",
        "Common High Priority List",
        "Bureau of Industry and Security, Common High Priority List, February 2024.",
        Dataset(
            name="chpl_list",
            grain="current",
            tables=("priority_codes",),
            plan=_plan,
            read=_read_priority,
            suite="priority_codes",
        ),
    ),
    _source(
        "eccn_pairs",
        "Vendors' control numbers and tariff codes",
        "AMD and NVIDIA, classification of their parts.",
        Dataset(
            name="eccn_pairs",
            grain="current",
            tables=("eccn_pairs",),
            plan=_plan,
            read=_read_pairs,
            suite="eccn_pairs",
        ),
    ),
    _source(
        "parties",
        "Parties of a user",
        "The file that AITB_PARTIES names.",
        Dataset(
            name="parties",
            grain="current",
            tables=("parties",),
            plan=_plan,
            read=_read_parties,
            suite="parties",
        ),
    ),
)

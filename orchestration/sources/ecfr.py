"""Electronic Code of Federal Regulations: the Export Administration Regulations as they stood on a day.

https://www.ecfr.gov/developers/documentation/api/v1, title 15. Of its parts 738 (country chart), 740 (country
groups), 744 (entity list) and 774 (Commerce Control List) one supplement each is read, as XML. A partition is
a day on which one of the parts was amended, so that the text of a partition never changes and the days
between two of them are the law of the first. No key is needed.

What somebody has prepared from the regulations comes from a folder that AITB_ECFR_URL names, and so does XML
that was kept: ccl_eccn_2026-07-23.csv, ear_country_chart_2026-07-23.csv, ear_country_groups_2026-07-23.csv,
title-15_part-744_2026-07-23.xml. All of them become the same tables.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import duckdb
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source, Unavailable
from orchestration.sources.reading import (
    BAD_COLUMNS,
    body_of,
    csv_head,
    csv_rows,
    decoded,
    make_table,
    need_columns,
)

TITLE = 15
TITLES = Request("titles.json")
PARTS = ("738", "740", "744", "774")

AMENDMENTS = {"snapshot_date": "date", "part": "varchar", "amendment_date": "date"}
PLACE = {"snapshot_date": "date", "row_number": "bigint"}
ECCNS = {
    **PLACE,
    "eccn": "varchar",
    "category": "varchar",
    "product_group": "varchar",
    "heading": "varchar",
    "reason_for_control": "varchar",
    "license_exceptions": "varchar",
    "item_text": "varchar",
}
ECCN_CONTROLS = {
    **PLACE,
    "eccn": "varchar",
    "control_number": "integer",
    "reason_code": "varchar",
    "control_text": "varchar",
    "requirement_text": "varchar",
    "chart_column": "varchar",
}
CHART_CELLS = {
    **PLACE,
    "country_name": "varchar",
    "chart_column": "varchar",
    "is_controlled": "boolean",
    "rule_text": "varchar",
}
GROUP_MEMBERS = {**PLACE, "country_name": "varchar", "country_group": "varchar"}
ENTITY_LIST = {
    **PLACE,
    "country_name": "varchar",
    "party_text": "varchar",
    "license_requirement": "varchar",
    "license_policy": "varchar",
    "citation": "varchar",
}
# The header of the entity list, each by what its cell begins with.
ENTITY_HEADER = ("country", "entity", "license requirement", "license review policy", "federal register")
# Fewer labels than this in a row do not make it the header of the country chart, which has sixteen.
LEAST_CHART_LABELS = 10
# A party of the entity list has some hundred addresses at most; a span beyond that is no table to be read.
MOST_SPANNED = 300

# A number with a paragraph behind it (3A001.a) is spoken of, and begins no entry.
_ECCN = re.compile(r"([0-9][A-E][0-9]{3})(?![\w]|\.[a-z0-9])[\s.:–—-]*")
# Between entries stand the names of the ten categories and of their five groups of products.
_DIVISION = re.compile(r"Category [0-9]\b|[A-E]\. ")
_ITEM = re.compile(r"[a-z]\. ")
_REASON = re.compile(r"([A-Z]{2})\b")
_CHART_COLUMN = re.compile(r"\b([A-Z]{2}) Column ([1-3])\b")
_CHART_LABEL = re.compile(r"(CB|NP|NS|MT|RS|FC|CC|AT)[\s_]*(?:Column\s*)?([1-3])")
_GROUP_LABEL = re.compile(r"\[\s*([A-E])\s*:\s*([1-9])\s*\]")
_MARK = re.compile(r"X(?:\s*\d+)?", re.IGNORECASE)
_FOOTNOTE = re.compile(r"[\s\d*]+$")
_EXCEPTION = re.compile(r"[A-Z]{3}(?:/[A-Z]{3})?:")

Rows = list[tuple]
Faults = list[tuple]


@dataclass(frozen=True)
class Table:
    """A table of the regulations: its title and its rows, with spans filled in."""

    title: str
    rows: list[list[str]]


def versions_of(part: str) -> Request:
    """The question on which days a part was amended."""
    return Request(f"versions/title-{TITLE}.json", (("part", part),))


def in_force(body: bytes) -> date:
    """Up to which day the regulations can be asked for, by an answer to `TITLES`."""
    try:
        (title,) = (one for one in json.loads(body)["titles"] if one["number"] == TITLE)
        return date.fromisoformat(title["up_to_date_as_of"])
    except (ValueError, KeyError, TypeError):
        raise Refused(
            f"titles.json does not say up to which day title {TITLE} goes; look at it in a browser, and "
            "correct sources/ecfr.py"
        ) from None


def last_amendment(answers: Iterable[bytes], until: date) -> str:
    """The last day on which one of the parts was amended, of those that can be asked for."""
    days = [day for answer in answers for _, day in _amendments(answer) if day <= until]
    if not days:
        raise Refused("no amendment of the export control regulations is named; correct sources/ecfr.py")
    return str(max(days))


def _amendments(answer: bytes) -> list[tuple[str, date]]:
    try:
        found = json.loads(answer)["content_versions"]
        return sorted({(str(one["part"]), date.fromisoformat(one["amendment_date"])) for one in found})
    except (ValueError, KeyError, TypeError):
        raise Refused(
            "the list of versions cannot be read: the format has changed, or it is cut off; look at it in a "
            "browser, and correct sources/ecfr.py"
        ) from None


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds text, False when there is none for the day; raises for everything else."""
    if status == 404:
        return False
    if status == 406:
        raise Refused("did not accept what was asked for (406): the service wants another Accept header")
    if status != 200:
        raise Refused(f"answered {status}; check AITB_ECFR_URL")
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise Unavailable("the answer is empty")
    if text[:14].lower().startswith((b"<html", b"<!doctype html")):
        raise Refused(
            "answered with a page instead of data; open the address in a browser, check AITB_ECFR_URL"
        )
    end = {b"<": b">", b"{": b"}"}.get(text[:1])
    if end is not None and text[-1:] != end:
        raise Unavailable("the answer is cut off")
    return True


def _plan(part: str, partition: str, _: Scope) -> list[Request]:
    return [Request(f"full/{partition}/title-{TITLE}.xml", (("part", part),)), versions_of(part)]


def _files(part: str, prepared: str | None, names: Sequence[str]) -> dict[str, Request]:
    known = re.compile(rf"(?:title-{TITLE}_part-{part}|{prepared})_(\d{{4}}-\d\d-\d\d)\.(?:xml|csv)")
    found = {name: known.fullmatch(name) for name in sorted(names)}
    return {match[1]: Request(name) for name, match in found.items() if match}


def _read(
    part: str,
    tables: Mapping[str, Mapping[str, str]],
    of_xml: Callable[[Element], tuple[Mapping[str, Rows], Faults]],
    of_csv: Callable[[list[dict[str, str]]], tuple[Mapping[str, Rows], Faults]] | None,
    con: duckdb.DuckDBPyConnection,
    partition: str,
    answers: Mapping[Request, Path],
) -> None:
    """Make the tables of a part, and `regulation_amendments`: its days of amendment, none for a file."""
    amended: list[tuple[str, date]] = []
    rows: Mapping[str, Rows] = {}
    faults: Faults = []
    for request, path in answers.items():
        body = body_of(path)
        if request.path == versions_of(part).path:
            amended = _amendments(body)
        elif body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
            rows, faults = of_xml(_supplement(part, body))
        else:
            rows, faults = of_csv(_csv(body)) if of_csv else ({}, [])
    for table, columns in tables.items():
        numbered = [(partition, number, *row) for number, row in enumerate(rows.get(table, ()), start=1)]
        make_table(con, table, columns, numbered, order="row_number")
    days = [(partition, named, day) for named, day in amended if named == part]
    make_table(con, "regulation_amendments", AMENDMENTS, days, order="amendment_date")
    make_table(con, "bad_values", BAD_COLUMNS, faults, order="row_number")


def _csv(body: bytes) -> list[dict[str, str]]:
    rows = csv_rows(decoded(body))
    head = csv_head(rows)
    found = []
    for line, cells in rows:
        if len(cells) != len(head):
            raise Refused(f"line {line} has {len(cells)} cells, and the header has {len(head)}")
        found.append(dict(zip(head, cells, strict=True)))
    return found


def _supplement(part: str, body: bytes) -> Element:
    """The supplement of a part that is read, as an element."""
    number = "4" if part == "744" else "1"
    wanted = f"supplement no. {number} to part {part}"
    try:
        # Entities, and a document type that would declare them, are refused: no answer has them.
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise Refused(
            "the XML declares a document type or entities, which the service never does; it was not read"
        ) from None
    except ParseError as error:
        raise Refused(f"the text is cut off or is not XML ({error})") from None
    for element in root.iter():
        if element.tag == "DIV9" and element.get("N", "").lower() == wanted:
            return element
    raise Refused(
        f"there is no 'Supplement No. {number} to Part {part}' in the answer; look at it in a browser, and "
        "if the format has changed, correct sources/ecfr.py"
    )


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _blocks(element: Element) -> Iterator[Element]:
    """Paragraphs, headings, entries of lists and tables below an element, in their order."""
    for child in element:
        if child.tag in ("TABLE", "P", "LI", "HEAD", "TITLE") or child.tag[:2] in ("FP", "HD"):
            yield child
        else:
            yield from _blocks(child)


def _tables(element: Element) -> Iterator[Table]:
    title = ""
    for block in _blocks(element):
        if block.tag == "TABLE":
            lines = list(block.iter("TR"))
            # A single cell in a row of a wider table is a footnote or a title, and no row of it.
            least = min(2, max(map(len, lines), default=0))
            yield Table(title, _grid([line for line in lines if len(line) >= least]))
        else:
            title = _words(block)


def _grid(lines: Sequence[Element]) -> list[list[str]]:
    """The cells of lines, row by row; a cell that spans rows or columns stands in each of its places."""
    cells: dict[tuple[int, int], str] = {}
    for row, line in enumerate(lines):
        column = 0
        for cell in line:
            if cell.tag not in ("TD", "TH"):
                continue
            while (row, column) in cells:
                column += 1
            width = _span(cell, "colspan")
            places = product(range(row, row + _span(cell, "rowspan")), range(column, column + width))
            cells |= dict.fromkeys(places, _words(cell))
            column += width
    width = 1 + max((column for _, column in cells), default=0)
    grid = [[cells.get((row, column)) for column in range(width)] for row in range(len(lines))]
    return [[text or "" for text in row if text is not None] for row in grid]


def _span(cell: Element, name: str) -> int:
    text = cell.get(name) or cell.get(name.upper()) or "1"
    return min(int(text), MOST_SPANNED) if text.isdigit() and int(text) else 1


def _country(text: str) -> str:
    """The name of a country without the numbers of its footnotes."""
    return _FOOTNOTE.sub("", text)


# Part 774: the Commerce Control List.


def _control_list(supplement: Element) -> tuple[dict[str, Rows], Faults]:
    eccns: list[dict[str, str | list[str]]] = []
    controls: Rows = []
    for block in _blocks(supplement):
        entry = _entry(block)
        if entry is not None:
            eccns.append({**entry, "reason": "", "exceptions": [], "items": [], "at": "head", "controls": 0})
        elif block.tag.startswith("HD") and _DIVISION.match(_words(block)):
            if eccns:
                eccns[-1]["at"] = "end"
        elif eccns:
            _continue(eccns[-1], block, controls)
    if not eccns:
        raise Refused(
            "no entry of the control list was found: each begins with its number in bold; look at the "
            "answer, and if the format has changed, correct sources/ecfr.py"
        )
    rows = [
        (
            entry["eccn"],
            entry["eccn"][0],
            entry["eccn"][1],
            entry["heading"] or None,
            entry["reason"] or None,
            "; ".join(entry["exceptions"]) or None,
            " | ".join(entry["items"]) or None,
        )
        for entry in eccns
    ]
    return {"eccns": rows, "eccn_controls": controls}, []


def _entry(block: Element) -> dict[str, str] | None:
    """The number and the heading, where a paragraph begins an entry; a number inside a text does not."""
    is_heading = block.tag.startswith("HD")
    is_bold = not (block.text or "").strip() and len(block) > 0 and block[0].tag in ("B", "E", "STRONG")
    found = _ECCN.match(_words(block)) if (is_heading or is_bold) and block.tag != "TABLE" else None
    if found is None or (is_bold and not _ECCN.match(_words(block[0]))):
        return None
    return {"eccn": found[1], "heading": _words(block)[found.end() :]}


def _continue(entry: dict, block: Element, controls: Rows) -> None:
    """Take what follows the heading of an entry: reasons, the table of controls, exceptions, items."""
    if block.tag == "TABLE":
        rows = _grid(list(block.iter("TR")))
        head = [cell.lower() for cell in rows[0]] if rows else []
        if len(head) == 2 and head[0].startswith("control") and "chart" in head[1]:
            for control, requirement in rows[1:]:
                entry["controls"] += 1
                controls.append(_control(entry["eccn"], entry["controls"], control, requirement))
            return
    text = _words(block)
    lower = text.lower()
    if lower.startswith("reason for control:"):
        entry["reason"] = text.partition(":")[2].strip()
    elif lower.startswith("list of items controlled"):
        entry["at"] = "list"
    elif lower.startswith("control(s):"):
        # What needs a licence everywhere has a sentence in place of the table.
        entry["controls"] += 1
        rule = text.partition(":")[2].strip()
        controls.append(_control(entry["eccn"], entry["controls"], rule, rule))
    elif entry["at"] in ("head", "list") and (begun := re.match(r"items\b:?", lower)):
        entry["at"] = "items"
        entry["items"] += [text[begun.end() :].strip()] if text[begun.end() :].strip() else []
    elif entry["at"] == "items" or (entry["at"] == "list" and _ITEM.match(text)):
        # Some entries have no word before their first item.
        entry["at"] = "items"
        entry["items"].append(text)
    elif entry["at"] == "head" and _EXCEPTION.match(text):
        entry["exceptions"].append(text)


def _control(eccn: str, number: int, control: str, requirement: str) -> tuple:
    reason, column = _REASON.match(control), _CHART_COLUMN.search(requirement)
    return (
        eccn,
        number,
        reason[1] if reason else None,
        control or None,
        requirement or None,
        f"{column[1]}_{column[2]}" if column else None,
    )


def _prepared_control_list(lines: list[dict[str, str]]) -> tuple[dict[str, Rows], Faults]:
    _need(lines, ("eccn", "heading", "reason_for_control", "country_chart_json", "license_exceptions_json"))
    eccns, controls, faults = [], [], []
    for number, line in enumerate(lines, start=1):
        eccn = line["eccn"]
        try:
            chart = json.loads(line["country_chart_json"] or "[]")
            exceptions = json.loads(line["license_exceptions_json"] or "{}")
            found = [(one["control"], one["countryChart"]) for one in chart]
            granted = [f"{name}: {text}" for name, text in exceptions.items()]
        except (ValueError, KeyError, TypeError, AttributeError):
            reason = "the controls or exceptions are not the JSON that they should be"
            faults.append(("eccns", number, "country_chart_json", line["country_chart_json"][:200], reason))
            found, granted = [], []
        for place, (control, requirement) in enumerate(found, start=1):
            controls.append(_control(eccn, place, control, requirement))
        eccns.append(
            (
                eccn,
                eccn[:1],
                eccn[1:2],
                line["heading"] or None,
                line["reason_for_control"] or None,
                "; ".join(granted) or None,
                line.get("items_text") or None,
            )
        )
    return {"eccns": eccns, "eccn_controls": controls}, faults


# Part 738: the country chart.


def _country_chart(supplement: Element) -> tuple[dict[str, Rows], Faults]:
    cells: Rows = []
    faults: Faults = []
    for table in _tables(supplement):
        labels: list[str | None] = []
        for row in table.rows:
            found = [_CHART_LABEL.fullmatch(cell) for cell in row]
            if sum(label is not None for label in found) >= LEAST_CHART_LABELS:
                labels = [f"{label[1]}_{label[2]}" if label else None for label in found]
            elif labels:
                _chart_row(row, labels, cells, faults)
    if not cells:
        raise Refused(
            "no country chart was found: a row with CB 1, CB 2, … above the countries; look at the answer, "
            "and if the format has changed, correct sources/ecfr.py"
        )
    return {"chart_cells": cells}, faults


def _chart_row(row: list[str], labels: list[str | None], cells: Rows, faults: Faults) -> None:
    country = _country(row[0])
    # A country under an embargo has a sentence in place of marks.
    sentence = next((cell for cell in row[1:] if len(cell) > 20), None)
    if sentence is not None:
        cells.append((country, "*", None, sentence))
        return
    for label, cell in zip(labels[1:], row[1:], strict=False):
        if label is None:
            continue
        if cell and not _MARK.fullmatch(cell):
            faults.append(("chart_cells", None, label, cell, f"neither X nor empty, for {country}"))
        cells.append((country, label, bool(cell), None))
    if len(row) != len(labels):
        reason = f"{len(row)} cells, and the header has {len(labels)}"
        faults.append(("chart_cells", None, None, " | ".join(row)[:200], reason))


def _prepared_chart(lines: list[dict[str, str]]) -> tuple[dict[str, Rows], Faults]:
    _need(lines, ("country",))
    cells: Rows = []
    faults: Faults = []
    for number, line in enumerate(lines, start=1):
        for name, text in line.items():
            label = _CHART_LABEL.fullmatch(name.upper())
            if name == "country" or label is None:
                if name != "country":
                    faults.append(("chart_cells", number, name, text, "a column that is not known"))
                continue
            if text not in ("0", "1"):
                faults.append(("chart_cells", number, name, text, "neither 0 nor 1"))
            cells.append((line["country"], f"{label[1]}_{label[2]}", text == "1", None))
    return {"chart_cells": cells}, faults


# Part 740: the country groups.


def _country_groups(supplement: Element) -> tuple[dict[str, Rows], Faults]:
    members: Rows = []
    faults: Faults = []
    unknown = []
    of_list = ""
    for block in _blocks(supplement):
        if block.tag.startswith("HD"):
            of_list = _words(block).lower()
        elif block.tag == "LI" and of_list.startswith("country group b"):
            members.append((_country(_words(block)), "B"))
    for table in _tables(supplement):
        labels: list[str | None] = []
        is_group_b = "country group b" in table.title.lower()
        for row in table.rows:
            found = [_GROUP_LABEL.search(cell) for cell in row]
            if any(found):
                labels = [f"{label[1]}:{label[2]}" if label else None for label in found]
            elif labels:
                _group_row(row, labels, members, faults)
            elif is_group_b and row[0] and not row[0].lower().startswith("countr"):
                members += [(_country(cell), "B") for cell in row if cell]
        if not labels and not is_group_b:
            unknown.append(table.title or "without a title")
    if not members or unknown:
        what = f"the table '{unknown[0][:80]}' is none of them" if unknown else "none was found"
        raise Refused(
            f"country groups are tables with [A:1], [D:5], … above marks, and a list for group B; {what}. "
            "Look at the answer, and if the format has changed, correct sources/ecfr.py"
        )
    return {"group_members": members}, faults


def _group_row(row: list[str], labels: list[str | None], members: Rows, faults: Faults) -> None:
    country = _country(row[0])
    for label, cell in zip(labels, row, strict=False):
        if label is None or not cell:
            continue
        if not _MARK.fullmatch(cell):
            faults.append(("group_members", None, label, cell, f"neither X nor empty, for {country}"))
            continue
        members.append((country, label))


def _prepared_groups(lines: list[dict[str, str]]) -> tuple[dict[str, Rows], Faults]:
    _need(lines, ("country", "country_group"))
    return {"group_members": [(line["country"], line["country_group"]) for line in lines]}, []


# Part 744: the entity list.


def _entity_list(supplement: Element) -> tuple[dict[str, Rows], Faults]:
    entries: Rows = []
    faults: Faults = []
    country = ""
    for table in _tables(supplement):
        is_list = False
        for row in table.rows:
            lower = [cell.lower() for cell in row]
            if len(row) == len(ENTITY_HEADER) and all(map(str.startswith, lower, ENTITY_HEADER)):
                is_list = True
            elif is_list and len(row) != len(ENTITY_HEADER):
                reason = f"{len(row)} cells, and the header has {len(ENTITY_HEADER)}"
                faults.append(("entity_list_entries", None, None, " | ".join(row)[:200], reason))
            elif is_list:
                # A country is named once, above all of its entities.
                country = _country(row[0]) or country
                party = re.sub(r"[;,.]?\s*and$|[;.]$", "", row[1])
                if party and party.lower() != "[reserved]":
                    entries.append((country or None, party, *(cell or None for cell in row[2:])))
    if not entries:
        raise Refused(
            "no entity list was found: a table with country, entity, license requirement, license review "
            "policy and citation; look at the answer, and if the format has changed, correct sources/ecfr.py"
        )
    return {"entity_list_entries": entries}, faults


def _need(lines: list[dict[str, str]], names: Sequence[str]) -> None:
    need_columns(list(lines[0]) if lines else [], names)


def _dataset(
    name: str,
    part: str,
    tables: Mapping[str, Mapping[str, str]],
    of_xml: Callable,
    prepared: str | None = None,
    of_csv: Callable | None = None,
) -> Dataset:
    return Dataset(
        name=name,
        grain="amendment",
        tables=(*tables, "regulation_amendments"),
        plan=partial(_plan, part),
        files=partial(_files, part, prepared),
        read=partial(_read, part, tables, of_xml, of_csv),
        suite=name,
        reader_version=2,
    )


SOURCE = Source(
    name="ecfr",
    title="Code of Federal Regulations",
    base_url="ecfr_url",
    classify=classify,
    attribution="Office of the Federal Register, Electronic Code of Federal Regulations, title 15.",
    largest_bytes=128 * 1024**2,
    datasets=(
        _dataset(
            "control_list",
            "774",
            {"eccns": ECCNS, "eccn_controls": ECCN_CONTROLS},
            _control_list,
            "ccl_eccn",
            _prepared_control_list,
        ),
        _dataset(
            "country_chart",
            "738",
            {"chart_cells": CHART_CELLS},
            _country_chart,
            "ear_country_chart",
            _prepared_chart,
        ),
        _dataset(
            "country_groups",
            "740",
            {"group_members": GROUP_MEMBERS},
            _country_groups,
            "ear_country_groups",
            _prepared_groups,
        ),
        _dataset("entity_list", "744", {"entity_list_entries": ENTITY_LIST}, _entity_list),
    ),
)

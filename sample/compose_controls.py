"""The export control lists of the sample: tables that were prepared from them, back in the agencies' formats.

The screening list is reduced to `LISTS`. Of the regulations, texts are written in the shape that the service
gives them, with what the tables hold and no more; items are kept for the entries in `ITEMS_OF` alone.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from tests.replay.figures import Figures, plant

# All lists but those of sanctions that are long and not about exports, and that of arms.
LISTS = ("EL", "UVL", "MEU", "DPL", "CMIC", "ISN", "SSI", "NS-MBS", "CAP")
ITEMS_OF = ("3A001", "3A090", "3B001", "3B993", "3B994", "4A003", "4A090", "4E091", "5A002", "5A992")

PARTIES = "csl_entities_2026-07-31.csv"
ENTRIES = "ccl_eccn_2026-07-23.csv"
CHART = "ear_country_chart_2026-07-23.csv"
GROUPS = "ear_country_groups_2026-07-23.csv"
READ_ON = "2026-07-23"

# The country groups as amended on the last day before, but for what that amendment did (91 FR 43034).
LAST_AMENDMENT, AMENDMENT_BEFORE = "2026-07-10", "2026-02-03"
MOVED_IN = {("United Arab Emirates", "A:5")}
MOVED_OUT = {("United Arab Emirates", "D:3"), ("United Arab Emirates", "D:4")}


def plant_export_controls(figures: Figures, folder: Path) -> None:
    """Put the lists of a folder into the tables that the replay server serves."""
    parties = [_party(line) for line in _lines(folder, PARTIES) if line["source_code"] in LISTS]
    plant(figures, "screened_parties", ({"party": json.dumps(p), "composed_from": PARTIES} for p in parties))
    members = {(line["country"], line["country_group"]) for line in _lines(folder, GROUPS)}
    texts = (
        ("774", READ_ON, False, ENTRIES, _control_list(_lines(folder, ENTRIES))),
        ("738", READ_ON, False, CHART, _country_chart(_lines(folder, CHART))),
        ("740", LAST_AMENDMENT, True, GROUPS, _country_groups(members)),
        ("740", AMENDMENT_BEFORE, True, GROUPS, _country_groups(members - MOVED_IN | MOVED_OUT)),
    )
    plant(
        figures,
        "regulations",
        (
            {"part": part, "amended_on": day, "is_amendment": amends, "xml": xml, "composed_from": name}
            for part, day, amends, name, xml in texts
        ),
    )


def _lines(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _party(line: dict[str, str]) -> dict[str, str]:
    same = (
        *("source", "name", "alt_names", "type", "entity_number", "license_requirement", "license_policy"),
        *("programs", "federal_register_notice", "source_list_url"),
    )
    # Of an address only the country is known, in which each of them ends.
    addresses = {"addresses": "; ".join(line["countries_iso2"].split(";"))}
    return {name: value for name, value in ({c: line[c] for c in same} | addresses).items() if value}


def _part(number: str, content: str) -> str:
    name = f"Supplement No. 1 to Part {number}"
    return (
        f'<DIV5 N="{number}" TYPE="PART"><HEAD>PART {number}</HEAD><DIV9 N="{name}" TYPE="APPENDIX">\n'
        f"<HEAD>{name}</HEAD>\n{content}</DIV9></DIV5>\n"
    )


def _row(cells: Iterable[str], tag: str = "TD") -> str:
    return f"<TR>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</TR>\n"


def _control_list(lines: list[dict[str, str]]) -> str:
    entries = []
    for line in lines:
        entries.append(f"<P><B>{line['eccn']}</B> {escape(line['heading'])}</P>\n")
        if line["reason_for_control"]:
            entries.append(f"<P><I>Reason for Control:</I> {escape(line['reason_for_control'])}</P>\n")
        controls = json.loads(line["country_chart_json"] or "[]")
        if controls:
            head = _row(("Control(s)", "Country Chart (See Supp. No. 1 to part 738)"), "TH")
            rows = "".join(_row((one["control"], one["countryChart"])) for one in controls)
            entries.append(f"<TABLE>{head}{rows}</TABLE>\n")
        for name, text in json.loads(line["license_exceptions_json"] or "{}").items():
            entries.append(f"<P>{escape(name)}: {escape(text)}</P>\n")
        if line["items_text"] and line["eccn"] in ITEMS_OF:
            items = "".join(f"<P>{escape(item)}</P>\n" for item in line["items_text"].split(" | "))
            entries.append(f"<HD1>List of Items Controlled</HD1>\n<P><I>Items:</I></P>\n{items}")
    return _part("774", "".join(entries))


def _country_chart(lines: list[dict[str, str]]) -> str:
    labels = [name for name in lines[0] if name != "country"]
    head = _row(("Countries", *(label.replace("_", " ") for label in labels)), "TH")
    rows = "".join(
        _row((line["country"], *("X" if line[label] == "1" else "" for label in labels))) for line in lines
    )
    return _part("738", f"<TABLE>{head}{rows}</TABLE>\n")


def _country_groups(members: set[tuple[str, str]]) -> str:
    tables = []
    for letter in "ADE":
        groups = sorted({group for _, group in members if group.startswith(letter)})
        countries = sorted({country for country, group in members if group in groups})
        head = _row(("Country", *(f"[{group}]" for group in groups)), "TH")
        marks = "".join(
            _row((country, *("X" if (country, group) in members else "" for group in groups)))
            for country in countries
        )
        tables.append(f"<HD1>Country Group {letter}</HD1>\n<TABLE>{head}{marks}</TABLE>\n")
    names = "".join(_row((country,)) for country in sorted(c for c, group in members if group == "B"))
    tables.append(f"<HD1>Country Group B</HD1>\n<TABLE>{_row(('Country',), 'TH')}{names}</TABLE>\n")
    return _part("740", "".join(tables))

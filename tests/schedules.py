"""A small tariff schedule: a heading for every chapter, and lines that show what a rate can be."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.replay.figures import Figures

Line = dict[str, Any]


def line(
    number: str,
    indent: int,
    description: str,
    general: str = "",
    special: str = "",
    other: str = "",
    **more: Any,
) -> Line:
    """A line as the service writes it."""
    return {
        "htsno": number,
        "indent": str(indent),
        "description": description,
        "superior": None if number else "true",
        "units": [],
        "general": general,
        "special": special,
        "other": other,
        "footnotes": [] if number else None,
        "quotaQuantity": None,
        "additionalDuties": None,
        "addiitionalDuties": None,
        **more,
    }


def footnote(text: str, *columns: str) -> Line:
    return {"columns": list(columns or ("general",)), "value": text, "type": "endnote"}


SHOWN = (
    line("2009", 0, "Fruit juices:"),
    line("", 1, "Grape juice:"),
    line(
        "2009.61.00",
        2,
        "Of a Brix value not exceeding 30",
        "4.4¢/liter",
        "Free (A+,AU) 8.8¢/liter (JO)",
        "26¢/liter",
    ),
    line("2009.61.00.20", 3, "Frozen", units=["liters"]),
    line("8471", 0, "Automatic data processing machines:"),
    line("8471.50.01", 1, "Processing units", "Free", "", "35%", footnotes=[footnote("See 9903.88.03. ")]),
    line("8471.50.01.50", 2, "Other", units=["No."], footnotes=[footnote("See 9903.88.69. ", "desc")]),
    line("8504", 0, "Electrical transformers:"),
    line("8504.23.00", 1, "Having a power handling capacity exceeding 10,000 kVA", "1.6%", "Free (S)", "35%"),
    line("8504.23.00.40", 2, "Not exceeding 100,000 kVA", units=["No."]),
    line("8504.23.00.80", 2, "Other", "", "", "20%", units=["No.", "kg"]),
    line(
        "9903.88.03",
        0,
        "Articles the product of China",
        "The duty provided in the applicable subheading + 25%",
    ),
)


def schedule(*others: Line) -> list[Line]:
    """The lines of all chapters, in order: `SHOWN` and others, and a heading where a chapter has none."""
    lines = [*SHOWN, *others]
    there = {found["htsno"][:2] for found in lines}
    missing = [f"{chapter:02}" for chapter in range(1, 100) if chapter != 77 and f"{chapter:02}" not in there]
    headings = [
        line(f"{chapter}01", 0, f"Articles of chapter {chapter}", "Free", "", "10%") for chapter in missing
    ]
    ordered: dict[str, list[Line]] = {}
    chapter = ""
    for found in [*lines, *headings]:
        chapter = found["htsno"][:2] or chapter
        ordered.setdefault(chapter, []).append(found)
    return [found for chapter in sorted(ordered) for found in ordered[chapter]]


def plant_release(
    figures: Figures,
    name: str,
    released_on: str,
    lines: Iterable[Mapping[str, Any]],
    composed_from: str | None = None,
) -> None:
    """Make a release the current one, as the service names it: 2026HTSRev9."""
    figures.execute("update tariff_releases set is_current = false")
    figures.execute("insert into tariff_releases values (?, ?, true, ?)", [name, released_on, composed_from])
    rows = [(name, number, json.dumps(found), composed_from) for number, found in enumerate(lines, start=1)]
    figures.executemany("insert into tariff_schedule values (?, ?, ?, ?)", rows)

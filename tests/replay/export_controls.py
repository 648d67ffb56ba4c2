"""How the screening list and the Code of Federal Regulations are served, from the figures. No HTTP here."""

import csv
import io
import json
from collections.abc import Sequence

from tests.replay.answer import Answer, provenance, text
from tests.replay.figures import Figures

Params = Sequence[tuple[str, str]]

# The header of the file, in its order.
PARTY_COLUMNS = (
    *("_id", "source", "entity_number", "type", "programs", "name", "title", "addresses"),
    *("federal_register_notice", "start_date", "end_date", "standard_order", "license_requirement"),
    *("license_policy", "call_sign", "vessel_type", "gross_tonnage", "gross_registered_tonnage"),
    *("vessel_flag", "vessel_owner", "remarks", "source_list_url", "alt_names", "citizenships"),
    *("dates_of_birth", "nationalities", "places_of_birth", "source_information_url", "ids"),
)


def screening_list(figures: Figures) -> Answer:
    """The file with all parties, in the order in which they were planted."""
    found = figures.execute("select party::varchar, composed_from from screened_parties").fetchall()
    written = io.StringIO()
    writer = csv.DictWriter(written, PARTY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(json.loads(party) for party, _ in found)
    names = "; ".join(sorted({name for _, name in found if name})) or None
    return Answer(200, "text/csv", written.getvalue().encode(), provenance(names))


def regulations(figures: Figures, path: str, params: Params) -> Answer:
    """`titles.json`, the versions of a part, or its text on a day: that of its last amendment until then."""
    part = dict(params).get("part", "")
    if path == "titles.json":
        (day,) = figures.execute("select max(amended_on) from regulations").fetchone()
        said = {"number": 15, "name": "Commerce and Foreign Trade", "up_to_date_as_of": str(day)}
        return _json({"titles": [said]}) if day else _json({"titles": []})
    if path == "versions/title-15.json":
        rows = figures.execute(
            """
            select amended_on, is_amendment, composed_from from regulations
            where part = ? order by amended_on
            """,
            [part],
        ).fetchall()
        versions = [
            {
                "date": str(day),
                "amendment_date": str(day),
                "issue_date": str(day),
                "identifier": f"Supplement No. 1 to Part {part}",
                "name": f"Supplement No. 1 to Part {part}",
                "part": part,
                "substantive": True,
                "removed": False,
                "subpart": None,
                "title": "15",
                "type": "appendix",
            }
            for day, is_amendment, _ in rows
            if is_amendment
        ]
        names = "; ".join(name for *_, name in rows if name) or None
        return _json({"content_versions": versions}, names)
    day = path.removeprefix("full/").removesuffix("/title-15.xml")
    found = figures.execute(
        """
        select xml, composed_from from regulations
        where part = ? and amended_on <= try_cast(? as date) order by amended_on desc limit 1
        """,
        [part, day],
    ).fetchone()
    if found is None:
        return _json({"error": "No matching content found."}, status=404)
    return Answer(200, "application/xml", found[0].encode(), provenance(found[1]))


def _json(said: object, composed_from: str | None = None, status: int = 200) -> Answer:
    if status != 200:
        return text(status, json.dumps(said))
    return Answer(status, "application/json", json.dumps(said).encode(), provenance(composed_from))

"""How the service of the tariff schedule answers, as SQL over the figures. No HTTP here."""

import json
from collections.abc import Sequence

from tests.replay.answer import Answer, provenance, text
from tests.replay.figures import Figures

Params = Sequence[tuple[str, str]]


def answer(figures: Figures, path: str, params: Params) -> Answer:
    """`currentRelease`, or `exportList` with the lines of the current release."""
    current = figures.execute(
        """
        select release_name, strftime(released_on, '%m/%d/%Y'), composed_from
        from tariff_releases where is_current
        """
    ).fetchone()
    if current is None or path not in ("currentRelease", "exportList"):
        return text(404, "Not Found")
    name, released_on, composed_from = current
    if path == "currentRelease":
        said = {
            "name": name,
            "description": name,
            "title": name,
            "date": released_on,
            "status": "current",
            "releaseStartDate": released_on,
            "releaseEndDate": None,
        }
        return _json(json.dumps(said), composed_from)
    asked = dict(params)
    if asked.get("format") != "JSON":
        return text(400, "Bad Request")
    lines, composed_from = figures.execute(
        """
        select coalesce(string_agg(line::varchar, ',' order by line_number), ''),
               string_agg(distinct composed_from, '; ')
        from (
            select *, left(last_value(nullif(line ->> 'htsno', '') ignore nulls)
                           over (order by line_number), 4) as heading
            from tariff_schedule where release_name = ?
        )
        where heading between ? and ?
        """,
        [name, asked.get("from", ""), asked.get("to", "")],
    ).fetchone()
    return _json(f"[{lines}]", composed_from)


def _json(body: str, composed_from: str | None) -> Answer:
    return Answer(200, "application/json", body.encode(), provenance(composed_from))

"""How UN Comtrade serves the trade that reporters give, from the figures. No HTTP here."""

import json
from collections.abc import Sequence

from tests.replay.answer import Answer
from tests.replay.figures import Figures

Params = Sequence[tuple[str, str]]


def trade(figures: Figures, params: Params, keys: Sequence[str]) -> Answer:
    """The rows of a year, of some codes and flows; each comes twice where a dimension is not pinned."""
    asked = dict(params)
    if asked.get("subscription-key") not in keys:
        said = {"statusCode": 401, "message": "Access denied due to missing subscription key."}
        return Answer(401, "application/json", json.dumps(said).encode())
    rows = figures.execute(
        """
        select record::varchar from partner_trade
        where (record ->> 'refYear') = ? and (record ->> 'cmdCode') in ? and (record ->> 'flowCode') in ?
        """,
        [asked["period"], asked["cmdCode"].split(","), asked["flowCode"].split(",")],
    ).fetchall()
    found = [json.loads(record) for (record,) in rows]
    if asked.get("includeDesc", "true") != "true":
        found = [record | {"reporterISO": None, "partnerISO": None} for record in found]
    if any(name not in asked for name in ("partner2Code", "customsCode", "motCode")):
        found *= 2
    said = {"elapsedTime": "0.1 secs", "count": len(found), "data": found, "error": ""}
    return Answer(200, "application/json", json.dumps(said).encode())

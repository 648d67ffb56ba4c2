"""How the search of the Federal Register answers, as SQL over the figures. No HTTP here."""

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from tests.replay.answer import Answer, provenance
from tests.replay.figures import Figures

Params = Sequence[tuple[str, str]]

MOST = 10_000


def documents(figures: Figures, params: Params) -> Answer:
    """One page of a search; the number of documents and of pages stops at ten thousand documents."""

    def values(name: str) -> list[str]:
        return [value for key, value in params if key == name]

    def one(name: str, otherwise: str) -> str:
        return next(iter(values(name)), otherwise)

    size, page = min(int(one("per_page", "20")), 1000), int(one("page", "1"))
    order = "asc" if one("order", "newest") == "oldest" else "desc"
    rows = figures.execute(
        f"""
        select document::varchar, composed_from from documents
        where publication_date between ?::date and ?::date
            and (len(?) = 0 or list_has_any(agencies, ?))
            and (len(?) = 0 or document_type in ?)
            and (select coalesce(bool_and(words ilike '%' || trim(term, '"') || '%'), true)
                 from unnest(?::varchar[]) as terms(term))
        order by publication_date {order}, document ->> 'document_number' {order}
        limit {MOST}
        """,
        [
            one("conditions[publication_date][gte]", "1900-01-01"),
            one("conditions[publication_date][lte]", "2999-12-31"),
            *[values("conditions[agencies][]")] * 2,
            *[values("conditions[type][]")] * 2,
            values("conditions[term]"),
        ],
    ).fetchall()
    fields = values("fields[]")
    found = [json.loads(row) for row, _ in rows[(page - 1) * size : page * size]]
    pages = -(-len(rows) // size)
    others = [(name, value) for name, value in params if name != "page"]
    following = f"https://www.federalregister.gov/api/v1/documents?{urlencode([*others, ('page', page + 1)])}"
    said = {
        "count": len(rows),
        "description": "Documents",
        "total_pages": pages,
        "next_page_url": following if page < pages else None,
        "results": [{name: document.get(name) for name in fields or document} for document in found],
    }
    names = "; ".join(sorted({name for _, name in rows if name})) or None
    return Answer(200, "application/json", json.dumps(said).encode(), provenance(names))

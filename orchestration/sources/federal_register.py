"""Federal Register: the documents that set, change or end tariffs and export controls.

https://www.federalregister.gov/developers/documentation/api/v1. A search answers in pages of at most a
thousand documents, and never with more than ten thousand: one that finds as many is split by its dates.
A document that several searches find is kept once. No key is needed.

An edition is a year of publication: that of the day of a release is asked for again with it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import duckdb
import zstandard

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source, TooLarge, Unavailable

PATH = "documents.json"
PAGE = 1000
MOST = 10_000
FIRST_DAY, LAST_DAY = "conditions[publication_date][gte]", "conditions[publication_date][lte]"
AGENCIES, TERM, KIND = "conditions[agencies][]", "conditions[term]", "conditions[type][]"

# Words are searched in whole documents, and several in one search must all be there: each stands for itself.
SEARCHES = (
    ((KIND, "PRESDOCU"), (TERM, "tariff")),
    ((AGENCIES, "trade-representative-office-of-united-states"),),
    ((AGENCIES, "industry-and-security-bureau"), (TERM, "tariff")),
    ((AGENCIES, "u-s-customs-and-border-protection"), (TERM, '"Harmonized Tariff Schedule"')),
    ((AGENCIES, "international-trade-administration"), (TERM, '"Section 232"')),
)
CONTROL_SEARCHES = (
    ((AGENCIES, "industry-and-security-bureau"),),
    ((KIND, "PRESDOCU"), (TERM, '"export controls"')),
)
COLUMNS = {
    "document_number": "varchar",
    "publication_date": "date",
    "type": "varchar",
    "subtype": "varchar",
    "title": "varchar",
    "abstract": "varchar",
    "agencies": "varchar",
    "html_url": "varchar",
    "pdf_url": "varchar",
    "citation": "varchar",
    "effective_on": "date",
    "signing_date": "date",
    "executive_order_number": "varchar",
    "docket_ids": "varchar",
}
DATES = tuple(name for name, kind in COLUMNS.items() if kind == "date")


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds documents, False when the search finds none; raises for everything else.

    `TooLarge` when the search finds more than the service gives.
    """
    if status != 200:
        said = body[:200].decode("utf-8", "replace").strip()
        raise Refused(f"answered {status}: {said}; check AITB_FEDERAL_REGISTER_URL and the search")
    try:
        said = json.loads(body)
        count = said["count"]
    except ValueError:
        if body.lstrip().startswith(b"{"):
            raise Unavailable("the answer is cut off") from None
        raise Refused(
            "answered with a page or text instead of data; open the address in a browser, check "
            "AITB_FEDERAL_REGISTER_URL"
        ) from None
    except (KeyError, TypeError):
        raise Refused(
            "the answer does not say how many documents there are; the format has changed"
        ) from None
    if count >= MOST:
        raise TooLarge(f"the search finds {count:,} documents, and no more than {MOST:,} are given")
    return count > 0


def _plan(searches: Sequence[tuple], partition: str, _: Scope) -> list[Request]:
    return [
        Request(
            PATH,
            (
                *search,
                (FIRST_DAY, f"{partition}-01-01"),
                (LAST_DAY, f"{partition}-12-31"),
                # The oldest come first, so that a page that is full stays as it is.
                ("order", "oldest"),
                ("per_page", str(PAGE)),
                ("page", "1"),
                *(("fields[]", name) for name in COLUMNS),
            ),
        )
        for search in searches
    ]


def split(request: Request) -> list[Request]:
    """Two searches, each over half of the days; none for a single day."""
    (first,), (last,) = request.values(FIRST_DAY), request.values(LAST_DAY)
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin == end:
        return []
    middle = begin + (end - begin) // 2
    halves = ((begin, middle), (middle + timedelta(days=1), end))
    return [
        _with(request, {FIRST_DAY: str(start), LAST_DAY: str(until), "page": "1"}) for start, until in halves
    ]


def follow(request: Request, body: bytes) -> list[Request]:
    """The next page, which an answer names by its address."""
    address = json.loads(body).get("next_page_url")
    if not address:
        return []
    page = dict(parse_qsl(urlsplit(address).query)).get("page")
    (before,) = request.values("page")
    if page != str(int(before) + 1):
        raise Refused(f"the page after {before} is said to be {page}; the format has changed")
    return [_with(request, {"page": page})]


def _with(request: Request, changed: Mapping[str, str]) -> Request:
    return Request(request.path, tuple((name, changed.get(name, value)) for name, value in request.params))


def _read(con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]) -> None:
    """Make `documents`, one row for each document of a year; a list within a document is joined by '; '."""
    documents = {}
    for path in answers.values():
        for document in _documents(path):
            documents.setdefault(document["document_number"], _row(document))
    each = ", ".join(f"unnest(?::varchar[]) as {name}" for name in COLUMNS)
    rows = [documents[number] for number in sorted(documents)]
    con.execute(
        f"create temp table served as select {each}", [[row[name] for row in rows] for name in COLUMNS]
    )
    typed = ", ".join(f"try_cast({name} as {kind}) as {name}" for name, kind in COLUMNS.items())
    con.execute(f"""
        create table documents as
        select '{partition}' as edition, {typed} from served order by publication_date, document_number
    """)
    wrong = " union all ".join(
        f"select '{name}' as column_name, {name} as text_value from served "
        f"where {name} is not null and try_cast({name} as date) is null"
        for name in DATES
    )
    con.execute(f"""
        create table bad_values as
        select 'documents' as table_name, null::bigint as row_number, column_name, text_value,
               'not a date' as reason
        from ({wrong})
    """)


def _documents(path: Path) -> Sequence[dict]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        body = stream.read()
    try:
        found = json.loads(body)["results"]
        for document in found:
            document["document_number"].strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(
            "a page of documents cannot be read: the format has changed, or it is cut off"
        ) from None
    return found


def _row(document: Mapping[str, object]) -> dict[str, str | None]:
    return {name: _text(document.get(name)) for name in COLUMNS}


def _text(value: object) -> str | None:
    if isinstance(value, list):
        value = "; ".join(
            str(one.get("name") or one.get("raw_name")) if isinstance(one, dict) else str(one)
            for one in value
        )
    return " ".join(str(value).split()) or None if value is not None else None


SOURCE = Source(
    name="federal_register",
    title="Federal Register",
    base_url="federal_register_url",
    classify=classify,
    attribution="Federal Register, National Archives and Records Administration.",
    datasets=(
        Dataset(
            name="tariff_documents",
            grain="edition",
            tables=("documents",),
            plan=partial(_plan, SEARCHES),
            split=split,
            follow=follow,
            read=_read,
            suite="documents",
            fills=True,
        ),
        Dataset(
            name="export_control_documents",
            grain="edition",
            tables=("documents",),
            plan=partial(_plan, CONTROL_SEARCHES),
            split=split,
            follow=follow,
            read=_read,
            suite="documents",
            fills=True,
        ),
    ),
)

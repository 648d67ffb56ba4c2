"""Documents of the Federal Register: pages, searches that find too much, and documents found twice."""

import json
from datetime import date

import duckdb
import pytest

from orchestration.archive import Archive
from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import Landed, Rejected, landed
from orchestration.sources.federal_register import FIRST_DAY, LAST_DAY, classify, follow, split
from orchestration.sources.model import EVERYTHING, Refused, TooLarge, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay.answer import Answer
from tests.replay.faults import Fault
from tests.replay.federal_register import MOST

SOURCE, DATASET = DATASETS["tariff_documents"]
USTR = "trade-representative-office-of-united-states"


@pytest.fixture
def publish(server):
    def act(
        number: str, day: str, kind: str = "PRESDOCU", agencies: tuple[str, ...] = (), **more: object
    ) -> None:
        document = {
            "document_number": number,
            "publication_date": day,
            "type": "Presidential Document" if kind == "PRESDOCU" else "Notice",
            "title": f"Title of {number}",
            "html_url": f"https://www.federalregister.gov/d/{number}",
            "agencies": [{"name": name.title(), "slug": name} for name in agencies],
            **more,
        }
        server.figures.execute(
            "insert into documents values (?, ?, ?, ?, 'a tariff', null)",
            [json.dumps(document), day, kind, list(agencies)],
        )

    return act


@pytest.fixture
def publish_many(server):
    """Documents that share a day or are spread over days, one each."""

    def act(count: int, day: str, days: int = 1) -> None:
        server.figures.execute(f"""
            insert into documents
            select json_object('document_number', printf('2025-%05d', i), 'type', 'Presidential Document',
                               'publication_date', (date '{day}' + (i % {days})::integer)::varchar,
                               'title', 'Title', 'html_url', 'https://www.federalregister.gov/d/' || i),
                   date '{day}' + (i % {days})::integer, 'PRESDOCU', [], 'a tariff', null
            from range({count}) as numbered(i)
        """)

    return act


@pytest.fixture
def bring(settings, client):
    return lambda edition="2025": bring_in(settings, client, SOURCE, DATASET, edition)


def documents(result: Landed, columns: str) -> list[tuple]:
    return duckdb.sql(
        f"select {columns} from '{result.folder / 'documents.parquet'}' order by all"
    ).fetchall()


def test_a_document_is_landed_once_with_what_it_says(bring, publish):
    publish(
        "2025-06063", "2025-04-07", agencies=(USTR,), subtype="Executive Order", citation="90 FR 15041",
        effective_on=None, signing_date="2025-04-02", executive_order_number="14257",
        abstract="  Regulating\nimports ", docket_ids=["A-1", "A-2"],
    )  # fmt: skip
    publish("2024-21217", "2024-09-18", "NOTICE", (USTR,))

    result = bring()

    assert documents(result, "* exclude (vintage_at)") == [
        (
            "2025", "2025-06063", date(2025, 4, 7), "Presidential Document", "Executive Order",
            "Title of 2025-06063", "Regulating imports", USTR.title(),
            "https://www.federalregister.gov/d/2025-06063", None, "90 FR 15041", None, date(2025, 4, 2),
            "14257", "A-1; A-2",
        )
    ]  # fmt: skip
    # Nothing to compare its size with.
    assert [check.status for check in result.gate.checks] == ["passed"] * 5 + ["not_served"]


def test_a_year_that_has_just_begun_is_small_and_does_not_shrink_later(bring, publish_many, server):
    publish_many(100, "2025-01-01", days=300)
    bring("2025")
    publish_many(10, "2026-01-01", days=10)

    assert bring("2026").tables["documents"]["row_count"] == 10
    server.figures.execute("delete from documents where publication_date >= '2026-01-05'")
    with pytest.raises(Rejected, match="documents shrank by 60 % against the vintage of"):
        bring("2026")


def test_all_pages_are_asked_for(bring, publish_many, server):
    publish_many(2100, "2025-01-01", days=300)

    assert bring().tables["documents"]["row_count"] == 2100
    pages = [request.values("page") for request in server.requests if request.values("conditions[type][]")]
    assert pages == [["1"], ["2"], ["3"]]


def test_a_search_that_finds_more_than_is_given_is_split_by_its_dates(bring, publish_many, server):
    publish_many(MOST + 500, "2025-01-01", days=300)

    assert bring().tables["documents"]["row_count"] == MOST + 500
    ranges = [
        (*request.values(FIRST_DAY), *request.values(LAST_DAY))
        for request in server.requests
        if request.values("conditions[type][]") and request.values("page") == ["1"]
    ]
    assert ranges == [
        ("2025-01-01", "2025-12-31"),
        ("2025-01-01", "2025-07-02"),
        ("2025-07-03", "2025-12-31"),
    ]


def test_a_day_with_more_than_is_given_cannot_be_had(bring, publish_many, settings):
    publish_many(MOST, "2025-03-04")

    with pytest.raises(
        TooLarge, match="the search finds 10,000 documents, and no more than 10,000 are given"
    ):
        bring()
    assert Archive(settings.archive_dir).partitions(SOURCE.name, DATASET.name) == []


def test_a_year_without_documents_is_not_there(bring):
    assert bring() == Absent("not published yet")


def test_a_search_that_finds_nothing_beside_one_that_does_is_no_fault(bring, publish):
    publish("2025-06063", "2025-04-07")
    assert documents(bring(), "document_number") == [("2025-06063",)]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"title": ""}, "documents_whole"),
        ({"html_url": None}, "documents_whole"),
        ({"publication_date": "2024-04-07"}, "documents_whole"),
        ({"effective_on": "next week"}, "no_bad_values"),
    ],
)
def test_a_spoilt_document_keeps_its_year_out(bring, publish, settings, server, changed, check):
    publish("2025-06063", "2025-04-07")
    good = bring()
    server.figures.execute("delete from documents")
    publish("2025-06063", "2025-04-07", **changed)

    with pytest.raises(Rejected) as rejection:
        bring()

    assert [failed.name for failed in rejection.value.gate.failed] == [check]
    assert landed(settings, SOURCE.name, DATASET.name, "2025")[-1].folder == good.folder


def test_results_that_are_no_documents_are_said(bring, publish, server):
    publish("2025-06063", "2025-04-07")
    server.faults.append(Fault(lambda _: Answer(200, "application/json", b'{"count": 1, "results": [{}]}')))
    with pytest.raises(Rejected, match="a page of documents cannot be read"):
        bring()


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (400, b'{"errors": "bad"}', Refused, 'answered 400: {"errors": "bad"}'),
        (200, b"<html>Request Access</html>", Refused, "a page or text instead of data"),
        (200, b'{"count": 12, "results": [{"docu', Unavailable, "cut off"),
        (200, b'{"results": []}', Refused, "does not say how many"),
        (200, b'{"count": 10000}', TooLarge, "10,000"),
    ],
)
def test_what_is_no_answer_is_said(status, body, error, says):
    with pytest.raises(error, match=says):
        classify(status, {}, body)


def test_an_answer_holds_documents_or_none():
    assert classify(200, {}, b'{"count": 2086, "results": []}') is True
    assert classify(200, {}, b'{"count": 0, "total_pages": 0, "next_page_url": null, "results": []}') is False


def test_the_next_page_is_the_one_that_is_named():
    """The address holds a place to go on from, which is left out: the number of the page is enough."""
    request = DATASET.plan("2025", EVERYTHING)[0]
    address = "https://www.federalregister.gov/api/v1/documents?page=2&per_page=1000&search_after_cursor=WzE"

    (following,) = follow(request, json.dumps({"next_page_url": address}).encode())

    assert following.values("page") == ("2",)
    assert following.values(FIRST_DAY) == request.values(FIRST_DAY)
    assert follow(request, b'{"next_page_url": null}') == []
    with pytest.raises(Refused, match="the page after 1 is said to be 7"):
        follow(request, json.dumps({"next_page_url": address.replace("page=2", "page=7")}).encode())


def test_a_search_is_halved_down_to_a_day():
    request = DATASET.plan("2024", EVERYTHING)[0]
    days = []
    waiting = [request]
    while waiting:
        one = waiting.pop(0)
        parts = split(one)
        waiting += parts
        days += [] if parts else [one.values(FIRST_DAY) == one.values(LAST_DAY)]
    assert days == [True] * 366

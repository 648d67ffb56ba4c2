"""The replay server itself: does it answer as the Census API does, and misbehave as planned?"""

import http.client
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest

from tests.replay import faults
from tests.replay.faults import Fault, status
from tests.replay.figures import Figures, no_figures, plant
from tests.replay.server import KEY, Replay

IMPORTS = "/data/timeseries/intltrade/imports/hs"
EXPORTS = "/data/timeseries/intltrade/exports/hs"
JANUARY = ("time", "2025-01")


def an_import(level: str, partner: str, commodity: str, value: int, **more: object) -> dict:
    row = {"flow": "imports", "period": "2025-01", "grain": "month", "level": level, "partner_code": partner}
    return row | {"commodity_code": commodity, "con_val": value} | more


@pytest.fixture
def figures() -> Figures:
    planted = no_figures()
    plant(
        planted,
        "trade",
        [
            an_import("-", "-", "-", 900, partner_name="TOTAL FOR ALL COUNTRIES"),
            an_import("-", "0003", "-", 300, partner_name="EUROPEAN UNION"),
            an_import("-", "5XXX", "-", 500, partner_name="ASIA"),
            an_import("-", "5700", "-", 500, partner_name="CHINA"),
            an_import("HS2", "5700", "84", 450),
            an_import("HS10", "5700", "8471500150", 400),
            an_import("HS10", "5700", "8471500150", 30, kind="18"),
            an_import("HS10", "5700", "8542310075", 50),
            an_import("HS10", "1220", "8471500150", 70),
            an_import("HS10", "2010", "8471500150", 80),
            an_import("HS10", "5700", "8471500150", 9999, period="2024-12", grain="year"),
        ]
        + [
            {"flow": "exports", "period": "2025-01", "grain": "month", "partner_code": "4190", "kind": kind,
             "all_val": value} for kind, value in (("-", 10), ("1", 7), ("2", 3))
        ],
    )  # fmt: skip
    return planted


@pytest.fixture
def server(figures: Figures) -> Iterator[Replay]:
    with Replay(figures) as running:
        yield running


class Reply:
    def __init__(self, response: http.client.HTTPResponse):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def rows(self) -> list[list[str | None]]:
        return json.loads(self.body)


def ask(server: Replay, path: str, *params: tuple[str, str], key: str | None = KEY) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    sent = [*params, ("key", key)] if key is not None else list(params)
    try:
        connection.request("GET", f"{path}?{urlencode(sent, safe='*,')}")
        return Reply(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize(("key", "page"), [(None, "missing_key"), ("", "missing_key"), ("no", "invalid_key")])
def test_without_a_good_key_it_redirects_to_a_page_with_status_200(server, key, page):
    redirect = ask(server, IMPORTS, ("get", "CON_VAL_MO"), JANUARY, key=key)

    assert redirect.status == 302
    assert redirect.headers["Location"] == f"/data/{page}.html"
    assert redirect.headers["X-DataWebAPI-KeyError"] == "1"
    followed = ask(server, redirect.headers["Location"], key=None)
    assert (followed.status, followed.headers["Content-Type"]) == (200, "text/html")


def test_a_valid_question_without_data_is_204_without_a_body(server):
    reply = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), ("time", "2026-10"))

    assert (reply.status, reply.body) == (204, b"")


def test_a_variable_that_is_asked_for_and_filtered_stands_in_the_header_twice(server):
    reply = ask(
        server, IMPORTS, ("get", "I_COMMODITY,CTY_CODE,CON_VAL_MO,CAL_DUT_MO"), ("COMM_LVL", "HS10"), JANUARY,
        ("CTY_CODE", "1220"), ("CTY_CODE", "2010"),
    )  # fmt: skip

    assert reply.rows == [
        ["I_COMMODITY", "CTY_CODE", "CON_VAL_MO", "CAL_DUT_MO", "COMM_LVL", "time", "CTY_CODE"],
        ["8471500150", "1220", "70", None, "HS10", "2025-01", "1220"],
        ["8471500150", "2010", "80", None, "HS10", "2025-01", "2010"],
    ]


def test_the_world_row_is_called_detail_and_the_groups_are_called_groups(server):
    reply = ask(server, IMPORTS, ("get", "CTY_CODE,SUMMARY_LVL"), JANUARY)
    detail = ask(server, IMPORTS, ("get", "CTY_CODE"), JANUARY, ("SUMMARY_LVL", "DET"))

    assert {row[0]: row[1] for row in reply.rows[1:]} == {
        "-": "DET",
        "0003": "CGP",
        "5XXX": "CGP",
        "5700": "DET",
    }
    assert [row[0] for row in detail.rows[1:]] == ["-", "5700"]


def test_a_named_dimension_fans_out_and_keeps_its_total(server):
    total = ask(server, EXPORTS, ("get", "CTY_CODE,ALL_VAL_MO"), JANUARY)
    fanned_out = ask(server, EXPORTS, ("get", "CTY_CODE,DF,ALL_VAL_MO"), JANUARY)
    one = ask(server, EXPORTS, ("get", "CTY_CODE,DF,ALL_VAL_MO"), JANUARY, ("DF", "2"))

    assert [row[1] for row in total.rows[1:]] == ["10"]
    assert [row[1:3] for row in fanned_out.rows[1:]] == [["-", "10"], ["1", "7"], ["2", "3"]]
    assert [row[1:3] for row in one.rows[1:]] == [["2", "3"]]


def test_a_wildcard_takes_a_prefix_and_prints_the_codes(server):
    reply = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), ("COMM_LVL", "HS10"), JANUARY,
                ("I_COMMODITY", "84*"))  # fmt: skip

    assert {(row[0], row[-1]) for row in reply.rows[1:]} == {
        ("1220", "8471500150"), ("2010", "8471500150"), ("5700", "8471500150")
    }  # fmt: skip


def test_months_and_the_year_to_date_of_december_are_apart(server):
    year = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_YR"), ("COMM_LVL", "HS10"), ("time", "2024-12"))
    december = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), ("COMM_LVL", "HS10"), ("time", "2024-12"))
    span = ask(server, IMPORTS, ("get", "CON_VAL_MO"), ("time", "from 2024-01 to 2025-06"))

    assert year.rows[1][:2] == ["5700", "9999"]
    assert december.status == 204
    assert span.rows[1:] == [["900", "2025-01"]]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([("get", "CON_VAL_MO,X")], "error: unknown variable 'X'"),
        ([("get", "CON_VAL_MO"), ("FOO", "1")], "error: unknown predicate variable: 'FOO'"),
        ([("get", "CON_VAL_MO"), ("for", "us")], "error: unknown predicate variable: 'for'"),
        ([("get", ",".join(["CON_VAL_MO"] * 51))], "error: 'get' is limited to 50 variables"),
    ],
)
def test_a_wrong_question_is_a_400_in_plain_text(server, params, message):
    reply = ask(server, IMPORTS, *params, JANUARY)

    assert (reply.status, reply.body.decode()) == (400, message)
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_an_unknown_dataset_is_404(server):
    assert ask(server, IMPORTS + "x", ("get", "CON_VAL_MO")).status == 404


def test_only_composed_answers_say_that_they_are(server, figures):
    plain = ask(server, IMPORTS, ("get", "CON_VAL_MO"), JANUARY)
    plant(figures, "trade", [an_import("-", "9999", "-", 1, composed_from="b.parquet; a.parquet")])
    composed = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), JANUARY)
    nothing = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), ("time", "2031-01"))

    assert plain.headers["X-Archive-Origin"] is None
    assert composed.headers["X-Archive-Origin"] == nothing.headers["X-Archive-Origin"] == "composed"
    assert composed.headers["X-Archive-Composed-From"] == "a.parquet; b.parquet"


def test_the_code_lists_have_their_columns_in_place(server, figures):
    made = {
        "flow": "imports",
        "edition": 2026,
        "commodity_code": "8471500150",
        "short_description": "UNITS",
        "long_description": "PROCESSING UNITS",
        "unit_1": "NO",
        "naics": "334111",
        "hitech": "04",
    }
    plant(figures, "commodities", [made])
    plant(figures, "countries", [{"partner_code": "7920", "partner_name": "Namibia", "iso2": "NA"}])
    line = ask(server, "/foreign-trade/schedules/b/2026/imp-code.txt", key=None).body.decode()
    countries = ask(server, "/foreign-trade/schedules/c/country.txt", key=None).body.decode()

    assert (len(line), line[278:]) == (280, "\r\n")
    fields = [line[start - 1 : end].strip() for start, end in ((1, 10), (15, 64), (70, 219), (225, 227))]
    assert fields == ["8471500150", "UNITS", "PROCESSING UNITS", "NO"]
    assert (line[265:271], line[276:278]) == ("334111", "04")
    assert countries.endswith("7920 | Namibia | NA\r\n")
    assert ask(server, "/foreign-trade/schedules/b/2031/imp-code.txt", key=None).status == 404


def test_a_fault_hits_the_planned_requests_and_no_other(server):
    server.faults.append(
        Fault(
            status(429, {"Retry-After": "7"}), path="imports/hs", params={"COMM_LVL": "HS10"}, nth=2, times=1
        )
    )
    detail = [("get", "CTY_CODE,CON_VAL_MO"), ("COMM_LVL", "HS10"), JANUARY]

    assert ask(server, IMPORTS, ("get", "CON_VAL_MO"), JANUARY).status == 200
    replies = [ask(server, IMPORTS, *detail) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 429, 200]
    assert replies[1].headers["Retry-After"] == "7"


def test_requests_are_recorded_with_their_keys(server):
    ask(server, IMPORTS, ("get", "CON_VAL_MO"), JANUARY, ("CTY_CODE", "1220"), ("CTY_CODE", "2010"))

    (received,) = server.requests
    assert received.path == IMPORTS
    assert received.values("key") == [KEY]
    assert received.values("CTY_CODE") == ["1220", "2010"]


@pytest.mark.parametrize(
    ("act", "sign"),
    [
        (faults.query_error_page, b"There was an error while running your query"),
        (faults.rejected_page, b"Request Rejected"),
        (faults.set_cell("CON_VAL_MO", "n.a."), b'"n.a."'),
        (faults.set_cell("CON_VAL_MO", "-5"), b'"-5"'),
        (faults.set_cell("CTY_CODE", "9Z99"), b'"9Z99"'),
        (faults.rename_column("CTY_CODE", "COUNTRY"), b'[["COUNTRY"'),
        (faults.repeat_column("CTY_CODE"), b'"time","CTY_CODE"]'),
    ],
)
def test_spoilt_answers_still_come_with_status_200(server, act, sign):
    server.faults.append(Fault(act))
    reply = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), JANUARY)

    assert reply.status == 200
    assert sign in reply.body


def test_rows_can_be_repeated_halved_and_dropped(server):
    question = (IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), JANUARY)
    right = ask(server, *question).rows
    server.faults += [
        Fault(faults.repeat_row(), nth=1),
        Fault(faults.first_half, nth=2),
        Fault(faults.header_only, nth=3),
    ]

    assert ask(server, *question).rows == [*right, right[1]]
    assert ask(server, *question).rows == right[:3]
    assert ask(server, *question).rows == right[:1]


def test_a_truncated_body_is_no_json(server):
    server.faults.append(Fault(faults.truncated))

    with pytest.raises(ValueError, match=r"Expecting|delimiter|Unterminated"):
        _ = ask(server, IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), JANUARY).rows


def test_a_connection_can_be_cut_or_dropped(server):
    question = (IMPORTS, ("get", "CTY_CODE,CON_VAL_MO"), JANUARY)
    server.faults += [Fault(faults.cut_off), Fault(faults.dropped, nth=2)]

    with pytest.raises(http.client.IncompleteRead):
        ask(server, *question)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        ask(server, *question)
    assert ask(server, *question).status == 200


def test_a_stalled_connection_holds_until_the_client_gives_up_and_blocks_nobody_else(figures):
    with Replay(figures, faults=[Fault(faults.stalled)]) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=0.05)
        connection.request("GET", f"{IMPORTS}?get=CON_VAL_MO&key={KEY}")
        while not server.requests:  # else the next request might come first, and stall
            time.sleep(0.001)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        assert ask(server, IMPORTS, ("get", "CON_VAL_MO"), JANUARY).status == 200


def test_closing_the_server_ends_a_stalled_connection(figures):
    with Replay(figures, faults=[Fault(faults.stalled)]) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
        connection.request("GET", f"{IMPORTS}?get=CON_VAL_MO&key={KEY}")
        while not server.requests:  # the request has to arrive before the server closes
            time.sleep(0.001)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        connection.getresponse()

"""How patiently a source is asked, what is tried again, and that a key is never shown."""

import logging
import time
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest
from pydantic import SecretStr

from orchestration.http import Client, post_notice
from orchestration.sources import census_trade
from orchestration.sources.model import (
    KeyRefused,
    Refused,
    Request,
    Source,
    SourceError,
    TooLarge,
    Unavailable,
)
from tests.replay import faults
from tests.replay.answer import Answer
from tests.replay.faults import Fault, status
from tests.world import ALL_IMPORTS, KEY

TOTALS = Request(census_trade.IMPORTS.path, (("get", "CTY_CODE,CON_VAL_MO"), ("time", "2025-01")))
SOURCE = census_trade.SOURCE


def test_an_answer_comes_with_what_is_known_about_it(client, server):
    answer = client.ask(SOURCE, TOTALS)

    assert (answer.request, answer.status, answer.media_type) == (TOTALS, 200, "application/json")
    assert f'"{ALL_IMPORTS}"'.encode() in answer.body
    assert (answer.origin, answer.composed_from) == ("agency", ())
    assert server.requests[0].values("key") == [KEY]


def test_a_composed_answer_says_so(client, server):
    headers = {"X-Archive-Origin": "composed", "X-Archive-Composed-From": "b.parquet; a.parquet"}
    server.faults.append(Fault(lambda answer: Answer(200, "text/plain", answer.body, headers)))

    answer = client.ask(SOURCE, TOTALS)

    assert (answer.origin, answer.composed_from) == ("composed", ("b.parquet", "a.parquet"))


def test_no_content_is_an_answer_without_a_body(client, server):
    answer = client.ask(SOURCE, Request(TOTALS.path, (("get", "CON_VAL_MO"), ("time", "2031-01"))))

    assert (answer.status, answer.body) == (204, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "act",
    [status(500), status(503), status(429), faults.dropped, faults.cut_off],
    ids=["500", "503", "429", "dropped", "cut off"],
)
def test_what_may_pass_is_tried_again_with_growing_waits(client, server, slept, act):
    server.faults.append(Fault(act, times=3))

    assert client.ask(SOURCE, TOTALS).status == 200
    assert slept == [1.0, 2.0, 4.0]


def test_waits_are_spread_by_up_to_half(client, server, slept, monkeypatch):
    monkeypatch.setattr("orchestration.http.random.random", lambda: 0.999)
    server.faults.append(Fault(status(500), times=2))

    client.ask(SOURCE, TOTALS)

    assert slept == pytest.approx([1.5, 3.0], rel=1e-2)


def test_five_tries_are_enough(client, server, slept):
    server.faults.append(Fault(status(500), times=None))

    with pytest.raises(
        Unavailable, match=r"answered 500 to .*time=2025-01, tried 5 times\. .*start again later"
    ):
        client.ask(SOURCE, TOTALS)
    assert (len(server.requests), slept) == (5, [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    ("named", "waited"),
    [("7", 7.0), ("0", 0.0), ("-3", 0.0), ("2.5", 2.5), ("99999", 120.0), ("soon", 1.0), ("", 1.0)],
)
def test_retry_after_in_seconds_is_obeyed_within_reason(client, server, slept, named, waited):
    server.faults.append(Fault(status(429, {"Retry-After": named})))

    client.ask(SOURCE, TOTALS)

    assert slept == [waited]


@pytest.mark.parametrize(("seconds", "waited"), [(60, 60), (-60, 0), (100_000, 120)])
def test_retry_after_as_a_date_is_obeyed(client, server, slept, monkeypatch, seconds, waited):
    now = 1_793_000_000.0
    monkeypatch.setattr("orchestration.http.time.time", lambda: now)
    server.faults.append(Fault(status(503, {"Retry-After": formatdate(now + seconds, usegmt=True)})))

    client.ask(SOURCE, TOTALS)

    assert slept == [waited]


@pytest.mark.parametrize(
    "act",
    [faults.query_error_page, status(504), faults.truncated],
    ids=["failed query", "504", "truncated"],
)
@pytest.mark.parametrize(("can_be_split", "tries"), [(True, 2), (False, 5)], ids=["can be split", "cannot"])
def test_a_question_that_may_be_too_much_is_tried_twice(client, server, act, can_be_split, tries):
    """It is better split than asked a third time; one that cannot be split has nothing but its tries."""
    server.faults.append(Fault(act, times=None))

    with pytest.raises(Unavailable) as failure:
        client.ask(SOURCE, TOTALS, can_be_split=can_be_split)
    assert failure.value.smaller_may_help
    assert len(server.requests) == tries


def test_no_answer_in_time_may_be_too_much_but_no_connection_is_not(settings, server, make_client):
    server.faults.append(Fault(faults.stalled, times=None))
    with make_client(settings, timeout=0.05) as client, pytest.raises(Unavailable) as stalled:
        client.ask(SOURCE, TOTALS)

    nobody = settings.model_copy(update={"census_url": "http://127.0.0.1:1"})
    with make_client(nobody) as client, pytest.raises(Unavailable, match="ConnectError") as refused:
        client.ask(SOURCE, TOTALS)

    assert stalled.value.smaller_may_help
    assert not refused.value.smaller_may_help


def test_an_answer_that_drips_without_end_is_given_up(client, server, slept):
    server.faults.append(Fault(faults.dripping, times=None))

    with pytest.raises(Unavailable, match=r"was still sending after 600 s: .*, tried 2 times") as dripping:
        client.ask(SOURCE, TOTALS, can_be_split=True)

    assert dripping.value.smaller_may_help
    assert slept == [1.0]


@pytest.mark.parametrize(
    ("size", "error"), [(10, TooLarge), (100_000, None)], ids=["larger than allowed", "within"]
)
def test_an_answer_may_not_grow_without_end(client, size, error):
    source = replace(SOURCE, largest_bytes=size)
    if error is None:
        assert client.ask(source, TOTALS).body
    else:
        with pytest.raises(error, match=r"The answer of .* to .*time=2025-01 is larger than"):
            client.ask(source, TOTALS)


def test_an_answer_that_cannot_be_unpacked_is_tried_again(client, server):
    server.faults.append(
        Fault(lambda answer: Answer(200, "application/json", answer.body, {"Content-Encoding": "gzip"}))
    )

    assert client.ask(SOURCE, TOTALS).status == 200
    assert len(server.requests) == 2


@pytest.mark.parametrize("address", ["http://localhost:abc", "http://a..b"])
def test_an_address_without_a_host_is_named(settings, make_client, address):
    wrong = settings.model_copy(update={"census_url": address})
    with make_client(wrong) as client, pytest.raises(Refused, match="is no host; check AITB_CENSUS_URL"):
        client.ask(SOURCE, TOTALS)


def test_redirects_are_not_followed(client, server):
    server.faults.append(
        Fault(lambda _: Answer(302, headers={"Location": "/data/elsewhere?x=1"}), times=None)
    )

    with pytest.raises(Refused, match="redirected to /data/elsewhere, where no data is expected"):
        client.ask(SOURCE, TOTALS)
    assert len(server.requests) == 1


@pytest.mark.parametrize("key", [None, "not-the-right-key-0123456789"])
def test_a_key_that_is_missing_or_wrong_is_named_by_its_setting(settings, server, make_client, key):
    given = settings.model_validate(settings.model_dump() | {"census_api_key": key})

    with make_client(given) as client, pytest.raises(KeyRefused, match="AITB_CENSUS_API_KEY") as refused:
        client.ask(SOURCE, TOTALS)

    assert key is None or key not in str(refused.value)
    assert len(server.requests) == (0 if key is None else 1)


def test_the_key_of_another_source_is_a_word_like_any_other(settings, make_client):
    """Servers of language models on one's own machine take any key, and 'EMPTY' is what many give."""
    given = settings.model_copy(update={"llm_api_key": SecretStr(str(ALL_IMPORTS))})
    with make_client(given) as client:
        assert str(ALL_IMPORTS).encode() in client.ask(SOURCE, TOTALS).body


def test_an_answer_that_repeats_the_key_is_refused(client, server):
    server.faults.append(Fault(lambda _: Answer(200, "application/json", f'[["{KEY}"]]'.encode())))
    with pytest.raises(Refused, match="repeats the key in its answer, which is not kept"):
        client.ask(SOURCE, TOTALS)


def test_a_source_without_a_key_gets_none(client, server):
    open_source = Source("open", "Open", "census_url", (), lambda *_: True)

    client.ask(open_source, Request("missing_key.html"))

    assert server.requests[0].params == ()


def test_requests_to_one_source_are_spaced_out(settings):
    slept, now = [], [100.0]

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        now[0] += seconds

    with Client(settings, sleep=sleep, clock=lambda: now[0]) as client:
        client.ask(SOURCE, TOTALS)
        now[0] += 0.2
        client.ask(SOURCE, TOTALS)
        now[0] += 5
        client.ask(SOURCE, TOTALS)

    assert slept == [0.3]


@pytest.mark.parametrize(
    "act",
    [None, faults.dropped, faults.missing_key, faults.stalled, status(400)],
    ids=["good", "dropped", "missing key", "stalled", "400"],
)
def test_the_key_is_in_no_log_and_in_no_error(settings, server, make_client, caplog, act):
    for name in ("", "httpx", "httpcore", "orchestration"):
        caplog.set_level(logging.DEBUG, name) if name != "httpcore" else None
    if act is not None:
        server.faults.append(Fault(act, times=None))
    shown = ""
    with make_client(settings, timeout=0.05 if act is faults.stalled else 10) as client:
        try:
            client.ask(SOURCE, TOTALS)
        except SourceError as error:
            shown = f"{error!r} {error.__cause__!r} {error.__context__!r}"

    assert server.requests[-1].values("key") == [KEY]
    assert KEY not in shown
    assert KEY not in caplog.text


def test_a_webhook_gets_a_line_and_its_address_is_not_shown(server, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    sent = []

    def receive(url: str, json: dict, timeout: float) -> httpx.Response:
        sent.append((url, json))
        return httpx.Response(200 if len(sent) == 1 else 410)

    monkeypatch.setattr(httpx, "post", receive)
    post_notice("http://hooks.test/secret", "a step failed")
    with pytest.raises(SourceError, match="answered 410; check AITB_FAILURE_WEBHOOK_URL"):
        post_notice("http://hooks.test/secret", "a step failed")
    monkeypatch.undo()

    with pytest.raises(SourceError, match="could not be reached: ConnectError") as failure:
        post_notice("http://127.0.0.1:1/secret", "a step failed")

    assert sent == [("http://hooks.test/secret", {"text": "a step failed"})] * 2
    assert "secret" not in str(failure.value) + caplog.text


def test_nothing_here_waits_for_real(client, server):
    server.faults.append(Fault(status(500), times=4))
    began = time.monotonic()

    client.ask(SOURCE, TOTALS)

    assert time.monotonic() - began < 5

"""The HTTP side of the replay server: keys, paths, planned faults, and a record of what was asked.

    with Replay(figures, faults=[Fault(status(500))]) as server:
        fetch(server.census_url, key=server.keys[0])
        assert server.requests[0].params ...

By hand: `python -m tests.replay.server figures.duckdb --port 8080`.
"""

import argparse
import contextlib
import re
import select
import socket
import struct
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import duckdb

from tests.replay import census, comtrade, export_controls, federal_register, usitc
from tests.replay.answer import Answer, key_page, page, text
from tests.replay.faults import Fault
from tests.replay.figures import Figures, no_figures

KEY = "replay-key"

_CSL = "/downloadable_consolidated_screening_list/v1"
_ECFR = "/api/versioner/v1"
_COMTRADE = "/comtrade/data/v1/get"
_TRADE = re.compile(r"/data/timeseries/intltrade/(imports|exports)/hs")
_COMMODITIES = re.compile(r"/foreign-trade/schedules/b/(\d{4})/(imp|exp)-code\.txt")
_HTS = "/reststop/"
_DOCUMENTS = "/api/v1/documents.json"
_COUNTRIES = "/foreign-trade/schedules/c/country.txt"
_KEY_PAGES = {
    "/data/missing_key.html": page("Missing Key", "A valid key must be included with each data API request."),
    "/data/invalid_key.html": page("Invalid Key", "A valid key must be included with each data API request."),
}


@dataclass(frozen=True)
class Received:
    """A request as it came, the key included."""

    path: str
    params: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]


class Replay:
    """A server on 127.0.0.1 while the `with` block runs. `faults` may be changed at any time.

    figures: what it serves; see `figures.py`.
    keys:    the keys that the trade API accepts.
    port:    0 takes a free one.
    """

    def __init__(
        self, figures: Figures, keys: Sequence[str] = (KEY,), faults: Iterable[Fault] = (), port: int = 0
    ):
        self.figures = figures
        self.keys = tuple(keys)
        self.faults = list(faults)
        self.requests: list[Received] = []
        self.closing = False
        self._lock = threading.Lock()
        self._port = port

    def __enter__(self) -> "Replay":
        # Stalled connections wait on `closed`, which becomes readable when the other end is shut.
        self._close, self.closed = socket.socketpair()
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.census_url = f"{self.url}/data"
        self.schedules_url = f"{self.url}/foreign-trade/schedules"
        self.hts_url = f"{self.url}/reststop"
        self.federal_register_url = f"{self.url}/api/v1"
        self.csl_url = f"{self.url}{_CSL}"
        self.ecfr_url = f"{self.url}{_ECFR}"
        self.comtrade_url = f"{self.url}{_COMTRADE}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing = True
        self._close.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, path: str, params: tuple[tuple[str, str], ...]) -> Answer:
        """What is sent for a request: the right answer, or what a planned fault makes of it."""
        with self._lock:
            self.requests.append(Received(path, params))
            acts = [fault.act for fault in self.faults if fault.applies(path, params)]
        answer = self._right_answer(path, params)
        for act in acts:
            answer = act(answer)
        return answer

    def _right_answer(self, path: str, params: tuple[tuple[str, str], ...]) -> Answer:
        figures = self.figures.cursor()
        if path in _KEY_PAGES:
            return _KEY_PAGES[path]
        if path == _COUNTRIES:
            return census.country_list(figures)
        if found := _COMMODITIES.fullmatch(path):
            edition, side = found.groups()
            return census.commodity_list(figures, "imports" if side == "imp" else "exports", int(edition))
        if path.startswith(_HTS):
            return usitc.answer(figures, path.removeprefix(_HTS), params)
        if path == f"{_CSL}/consolidated.csv":
            return export_controls.screening_list(figures)
        if path.startswith(f"{_ECFR}/"):
            return export_controls.regulations(figures, path.removeprefix(f"{_ECFR}/"), params)
        if path == f"{_COMTRADE}/C/A/HS":
            return comtrade.trade(figures, params, self.keys)
        if path == _DOCUMENTS:
            return federal_register.documents(figures, params)
        if not path.startswith("/data/"):
            return text(404, "error: not found")
        keys = [value for name, value in params if name == "key"]
        if not any(keys):
            return key_page("missing_key")
        if keys[0] not in self.keys:
            return key_page("invalid_key")
        if found := _TRADE.fullmatch(path):
            return census.trade(figures, found[1], [pair for pair in params if pair[0] != "key"])
        return text(404, "error: unknown dataset")


def handler(replay) -> type[BaseHTTPRequestHandler]:
    """Delivers what `replay.answer(path, params)` gives, well or badly; it needs `closing` and `closed`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if replay.closing:
                self._hang_up()
                return
            url = urlsplit(self.path)
            self.deliver(replay.answer(url.path, tuple(parse_qsl(url.query, keep_blank_values=True))))

        def deliver(self, answer: Answer) -> None:
            if answer.wire == "stalled":
                select.select([self.connection, replay.closed], [], [])
                self.close_connection = True
            elif answer.wire == "dropped":
                self._hang_up()
            else:
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            if answer.media_type:
                self.send_header("Content-Type", answer.media_type)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                announced = 1 << 40 if answer.wire == "dripping" else len(answer.body)
                self.send_header("Content-Length", str(announced))
            self.end_headers()
            if answer.wire == "dripping":
                self._drip()
            elif answer.wire == "cut":
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.close_connection = True
            else:
                self.wfile.write(answer.body)

        def _drip(self) -> None:
            """Send blanks until the client has had enough."""
            self.close_connection = True
            with contextlib.suppress(ConnectionError):
                while not replay.closing:
                    self.wfile.write(b" ")

        def _hang_up(self) -> None:
            """Reset the connection, so that the client cannot take it for the end of an answer."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def log_message(self, *_: object) -> None:
            """Tests read `Replay.requests` instead."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer like the agencies, from a file of figures.")
    parser.add_argument(
        "figures", nargs="?", help="DuckDB file with the tables of figures.sql; empty without"
    )
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    figures = duckdb.connect(given.figures, read_only=True) if given.figures else no_figures()
    with Replay(figures, port=given.port) as server:
        print(f"AITB_CENSUS_URL={server.census_url}")
        print(f"AITB_CENSUS_SCHEDULES_URL={server.schedules_url}")
        print(f"AITB_HTS_URL={server.hts_url}")
        print(f"AITB_FEDERAL_REGISTER_URL={server.federal_register_url}")
        print(f"AITB_CSL_URL={server.csl_url}")
        print(f"AITB_ECFR_URL={server.ecfr_url}")
        print(f"AITB_COMTRADE_URL={server.comtrade_url}")
        print(f"AITB_CENSUS_API_KEY={KEY}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()

"""Asking a source over HTTP: politely, patiently, and without ever showing a key; or reading its file.

All sources are asked through this module. Redirects are not followed (an agency answers a wrong key
with one), and what is worth another try is said by the source itself (`Source.classify`) or by the transport.
"""

import logging
import random
import ssl
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache, partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from orchestration.settings import Settings, is_address
from orchestration.sources.model import (
    KeyRefused,
    Refused,
    Request,
    Source,
    SourceError,
    TooLarge,
    Unavailable,
)

# These write addresses into the log, with the key in them.
logging.getLogger("httpx").disabled = True
logging.getLogger("httpcore").setLevel(logging.WARNING)

ATTEMPTS = 5
ATTEMPTS_BEFORE_SPLIT = 2  # a question that is too much twice is better split than asked a third time
LONGEST_WAIT_SECONDS = 120.0
TIMEOUT = httpx.Timeout(60.0, connect=20.0)
# The timeout above bounds each read: an answer that drips would never end.
LONGEST_ANSWER_SECONDS = 600.0


@dataclass(frozen=True)
class Answer:
    """What a source answered. `body` is None when it said that there is nothing (yet)."""

    request: Request
    status: int
    media_type: str
    body: bytes | None
    origin: str
    composed_from: tuple[str, ...]


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust; once per process, for each landing step makes a client, mostly to ask nobody."""
    return httpx.create_ssl_context()


class Client:
    """Asks sources, one request at a time. `sleep` and `clock` are seams for tests."""

    def __init__(
        self,
        settings: Settings,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        timeout: httpx.Timeout = TIMEOUT,
    ):
        self.settings = settings
        self._sleep = sleep
        self._clock = clock
        self._last_request_at: dict[str, float] = {}
        self._http = httpx.Client(
            verify=_trusted(),
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": "ai-trade-balance", "Accept": "*/*"},
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, source: Source, request: Request, can_be_split: bool = False) -> Answer:
        """Give the source's answer, after as many tries as it takes.

        A question that can be split is tried less often when it seems to be too much. Raises `Refused` when
        asking again is no use, `TooLarge` when the question has to be split, and `Unavailable` when the tries
        are used up.
        """
        file = file_of(self.settings, source, request)
        if file is not None:
            return self._read(source, request, file)
        if source.key is not None and self._key(source) is None:
            raise KeyRefused(
                f"{source.title} needs a key: set AITB_{source.key.upper()} "
                "(it is free, see 'Live data' in the README)."
            )
        retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=partial(_enough, can_be_split=can_be_split),
            wait=seconds_to_wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._ask_once, source, request)
        except Unavailable as error:
            tries = retrying.statistics["attempt_number"]
            advice = "Look whether the service is up, and start again later."
            error.args = (f"{error}, tried {tries} times. {advice}",)
            raise

    def _ask_once(self, source: Source, request: Request) -> Answer:
        self._be_polite(source)
        params = list(request.params)
        if source.key is not None:
            params.append((source.key_param, self._key(source)))
        url = getattr(self.settings, source.base_url).rstrip("/")
        url = f"{url}/{request.path}" if request.path else url
        try:
            with self._http.stream("GET", url, params=params, headers=dict(source.headers)) as response:
                body = self._bounded_body(source, response, request)
        except httpx.TimeoutException as error:
            raise Unavailable(
                f"{source.title} did not answer in time: {request}",
                smaller_may_help=isinstance(error, httpx.ReadTimeout),
            ) from None
        except (httpx.InvalidURL, UnicodeError):
            raise Refused(
                f"{source.title}: {urlsplit(url).netloc!r} is no host; check AITB_{source.base_url.upper()}"
            ) from None
        except httpx.RequestError as error:
            # The error's own text can hold the address with the key in it.
            raise Unavailable(f"{source.title}: {type(error).__name__} on {request}") from None
        if response.status_code == 429 or response.status_code >= 500:
            raise Unavailable(
                f"{source.title} answered {response.status_code} to {request}",
                retry_after=retry_after(response.headers.get("Retry-After")),
                smaller_may_help=response.status_code == 504,
            )
        headers = {
            name: self._without_key(source, value.encode()).decode()
            for name, value in response.headers.items()
        }
        holds_data = self._holds_data(source, str(request), response.status_code, response.headers, body)
        # An address that names one file gives what somebody has published, and speaks for no agency.
        origin, name = ("agency", "") if request.path else ("file", PurePosixPath(urlsplit(url).path).name)
        composed_from = headers.get("x-archive-composed-from", name)
        return Answer(
            request=request,
            status=response.status_code,
            media_type=headers.get("content-type", "").split(";")[0].strip(),
            body=body if holds_data else None,
            origin=headers.get("x-archive-origin", origin),
            composed_from=tuple(part.strip() for part in composed_from.split(";") if part.strip()),
        )

    def _holds_data(
        self, source: Source, asked: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> bool:
        try:
            readable = self._without_key(source, body)
            holds_data = source.classify(status, headers, readable)
            if holds_data and readable != body:
                raise Refused("repeats the key in its answer, which is not kept; check its address")
        except SourceError as error:
            error.args = (self._without_key(source, f"{source.title}: {error} ({asked})".encode()).decode(),)
            raise
        return holds_data

    def _read(self, source: Source, request: Request, file: Path) -> Answer:
        try:
            status, body = 200, content_of(source, file)
        except FileNotFoundError:
            status, body = 404, b""
        holds_data = self._holds_data(source, str(file), status, {}, body)
        return Answer(request, status, "", body if holds_data else None, "file", (file.name,))

    def _bounded_body(self, source: Source, response: httpx.Response, request: Request) -> bytes:
        body = bytearray()
        begun_at = self._clock()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > source.largest_bytes:
                raise _too_large(f"The answer of {source.title} to {request}", source)
            if self._clock() - begun_at > LONGEST_ANSWER_SECONDS:
                raise Unavailable(
                    f"{source.title} was still sending after {LONGEST_ANSWER_SECONDS:.0f} s: {request}",
                    smaller_may_help=True,
                )
        return bytes(body)

    def _be_polite(self, source: Source) -> None:
        since = self._clock() - self._last_request_at.get(source.name, float("-inf"))
        if since < source.seconds_between_requests:
            self._sleep(source.seconds_between_requests - since)
        self._last_request_at[source.name] = self._clock()

    def _key(self, source: Source) -> str | None:
        key = None if source.key is None else getattr(self.settings, source.key)
        return None if key is None else key.get_secret_value()

    def _without_key(self, source: Source, text: bytes) -> bytes:
        """A source knows its own key alone: another one that stands in its text is a word like any other."""
        key = self._key(source)
        return text if key is None else text.replace(key.encode(), b"***")


def post_notice(url: str, text: str) -> None:
    """Send one line of text to a webhook; raises `SourceError`, which does not name its address."""
    try:
        response = httpx.post(url, json={"text": text}, timeout=10)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise SourceError(f"The failure webhook could not be reached: {type(error).__name__}") from None
    if not response.is_success:
        raise SourceError(
            f"The failure webhook answered {response.status_code}; check AITB_FAILURE_WEBHOOK_URL"
        )


def file_of(settings: Settings, source: Source, request: Request) -> Path | None:
    """The file that answers a request; None for a source that is asked over the network, or not set.

    Raises `Refused` for one that leads out of the folder that is named, or in which the named file lies: a
    link that somebody put there must not bring in what the operator alone may read.
    """
    location = getattr(settings, source.base_url)
    if location is None or is_address(location):
        return None
    folder = Path(location) if request.path else Path(location).parent
    file = folder / request.path if request.path else Path(location)
    if not file.resolve().is_relative_to(folder.resolve()):
        raise Refused(
            f"{source.title}: {file} leads out of its folder, to {file.resolve()}; give the file itself, or "
            "put it into the folder"
        )
    return file


def content_of(source: Source, file: Path) -> bytes:
    """The bytes of a file; raises `FileNotFoundError`, or a `SourceError` when it cannot be used."""
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Refused(f"{source.title}: {file} is not a file; give the path of one")
        if about.st_size > source.largest_bytes:
            raise _too_large(f"{source.title}: {file}", source)
        return file.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused(
            f"{source.title}: {file} cannot be read ({error.strerror}); allow it, or give another path"
        ) from None


def _too_large(what: str, source: Source) -> TooLarge:
    return TooLarge(f"{what} is larger than {source.largest_bytes / 1024**2:g} MiB, which is too much.")


def _enough(state: RetryCallState, can_be_split: bool) -> bool:
    error = state.outcome.exception()
    too_much = can_be_split and isinstance(error, Unavailable) and error.smaller_may_help
    return state.attempt_number >= (ATTEMPTS_BEFORE_SPLIT if too_much else ATTEMPTS)


def seconds_to_wait(state: RetryCallState) -> float:
    """Seconds until the next try: what the source asked for, else 1, 2, 4, 8 … with up to half again."""
    error = state.outcome.exception()
    if isinstance(error, Unavailable) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_WAIT_SECONDS)
    backoff = min(2.0 ** (state.attempt_number - 1), LONGEST_WAIT_SECONDS)
    return backoff * (1 + random.random() / 2)


def retry_after(value: str | None) -> float | None:
    """Seconds named by a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None

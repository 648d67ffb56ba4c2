"""The small vocabulary in which a source is described."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import duckdb

# The clock by which the agencies publish.
NEW_YORK = ZoneInfo("America/New_York")

Grain = Literal["month", "year", "edition", "revision", "amendment", "day", "current"]


class SourceError(Exception):
    """A source gave something that cannot be used; the message says what happened and what to do."""


class Refused(SourceError):
    """Asking again will not help: a wrong key, a wrong question, a page where data should be."""


class KeyRefused(Refused):
    """The key is missing or was not accepted: no other question would fare better."""


class Unavailable(SourceError):
    """Asking again may help.

    retry_after: seconds that the source asked us to wait, if it said so.
    smaller_may_help: whether the question may simply have been too much (no answer in time, a failed
        query), so that it is worth splitting.
    """

    def __init__(self, message: str, retry_after: float | None = None, smaller_may_help: bool = False):
        super().__init__(message)
        self.retry_after = retry_after
        self.smaller_may_help = smaller_may_help


class TooLarge(SourceError):
    """The answer would be too large; the question has to be split."""


@dataclass(frozen=True)
class Request:
    """A question to a source, without its base address and without secrets.

    path: what is asked for below the base address; empty when the base names the very file.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        path = self.path or "the file"
        return f"{path}?{urlencode(self.params, safe='*,')}" if self.params else path

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a parameter, in order."""
        return tuple(value for key, value in self.params if key == name)


@dataclass(frozen=True)
class Scope:
    """A part of what a source has. Empty means everything; coverage is what was asked and answered."""

    partners: tuple[str, ...] = ()
    rate_provisions: tuple[str, ...] = ()


EVERYTHING = Scope()


@dataclass(frozen=True)
class Dataset:
    """One kind of data of a source, which arrives, is checked and is kept partition by partition.

    plan:   the requests that together answer a partition; the first one tells whether it is published.
    split:  the smaller requests that together answer a request, or none when it cannot be split.
    level:  which part of a partition a request asks for, so that parts can be reconciled.
    read:   given a DuckDB connection, the partition and where each answer lies, make the tables `tables`
            and `bad_values` in it (see docs/adding-a-source.md).
    reader_version: raised whenever `read` would give other rows for the same bytes.
    suite:  the expectations that the tables must meet before they are landed (data_quality/suites).
    follow: the requests that an answer leads to, such as its next page.
    agree:  given the partition and the answers so far, whether they are of it; False after the first one says
            that the source has something else there now. Raises a `SourceError` when they do not belong
            together. None: nothing to compare, and no answer is kept in memory.
    fills:  whether a partition is small when its year begins and fills while it goes on: its size is compared
            with its own earlier vintages only, not with the year before.
    files:  given the names of the files in a folder, the partitions that they hold and the request for each.
            Where the address of the source is such a folder, this takes the place of `plan`.
    """

    name: str
    grain: Grain
    tables: tuple[str, ...]
    plan: Callable[[str, Scope], Sequence[Request]]
    read: Callable[[duckdb.DuckDBPyConnection, str, Mapping[Request, Path]], None]
    suite: str
    level: Callable[[Request], str] = lambda _: "all"
    split: Callable[[Request], Sequence[Request]] = lambda _: ()
    flow: Literal["import", "export"] | None = None
    reader_version: int = 1
    follow: Callable[[Request, bytes], Sequence[Request]] = lambda *_: ()
    agree: Callable[[str, Mapping[Request, bytes]], bool] | None = None
    fills: bool = False
    files: Callable[[Sequence[str]], Mapping[str, Request]] | None = None


@dataclass(frozen=True)
class Source:
    """An agency's service, or files that somebody has.

    base_url, key: names of the settings that hold the address and the key, if one is needed. An address may
                   also be the path of a file or a folder, which is read as a server would serve it: with
                   status 200, or 404 where no file is. A source whose address is not set is not asked.
    key_param:     the query parameter that carries the key.
    classify:      given status, headers and body, says whether an answer holds data (True) or says that
                   there is none yet (False), and raises a `SourceError` for anything else.
    largest_bytes: an answer that is larger is refused, or split where it can be.
    """

    name: str
    title: str
    base_url: str
    datasets: tuple[Dataset, ...]
    classify: Callable[[int, Mapping[str, str], bytes], bool]
    key: str | None = None
    key_param: str | None = None
    seconds_between_requests: float = 0.5
    attribution: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    largest_bytes: int = 512 * 1024**2

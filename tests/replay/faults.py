"""Misbehaviour on request: what a source does on a bad day, planned per test.

A fault waits for the requests that it is meant for and replaces or spoils their answers:

    Fault(status(429, {"Retry-After": "2"}), path="imports/hs", params={"I_COMMODITY": "8*"}, nth=2)
    Fault(set_cell("GEN_VAL_MO", "n.a."), params={"COMM_LVL": "HS2"}, times=None)
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.replay.answer import Answer, key_page, page, text

Misbehave = Callable[[Answer], Answer]


@dataclass
class Fault:
    """Apply `act` to `times` matching answers (all when None), beginning with the `nth` one.

    path:   part of the path; empty matches every path.
    params: each name must have been sent with that value, as it was sent; None: must not have been sent.
    """

    act: Misbehave
    path: str = ""
    params: Mapping[str, str | None] = field(default_factory=dict)
    nth: int = 1
    times: int | None = 1
    seen: int = field(default=0, init=False)

    def applies(self, path: str, params: Sequence[tuple[str, str]]) -> bool:
        """Whether this request is the fault's; counts the requests that match."""
        names = {name for name, _ in params}
        matches = self.path in path and all(
            name not in names if value is None else (name, value) in params
            for name, value in self.params.items()
        )
        if not matches:
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


# Answers in place of the right one.


def query_error_page(_: Answer) -> Answer:
    """The agency's error page, with status 200."""
    return page(
        "Error", "There was an error while running your query. We've logged the error and will look into it."
    )


def rejected_page(_: Answer) -> Answer:
    """The page of the firewall in front of the agency, with status 200."""
    return page("Request Rejected", "The requested URL was rejected. Your support ID is: 1234567890.")


def missing_key(_: Answer) -> Answer:
    """The redirect to the key page, as if no key had been sent."""
    return key_page("missing_key")


def no_content(_: Answer) -> Answer:
    return Answer(204)


def empty_body(_: Answer) -> Answer:
    """Status 200 with nothing in it."""
    return Answer(200, "application/json;charset=utf-8")


def status(code: int, headers: Mapping[str, str] | None = None) -> Misbehave:
    """A plain error such as 429 (with or without Retry-After) or 500."""
    return lambda _: replace(text(code, f"error: status {code}"), headers=dict(headers or {}))


# The wire.


def stalled(answer: Answer) -> Answer:
    """Nothing is sent and the connection stays open until the client gives up or the server closes."""
    return replace(answer, wire="stalled")


def dripping(answer: Answer) -> Answer:
    """The body goes on and on in small pieces, so that no single read waits long, and never ends."""
    return replace(answer, wire="dripping")


def dropped(answer: Answer) -> Answer:
    """The connection ends without an answer."""
    return replace(answer, wire="dropped")


def cut_off(answer: Answer) -> Answer:
    """The connection ends in the middle of the body, before the announced length."""
    return replace(answer, wire="cut")


# Spoilt content.


def truncated(answer: Answer) -> Answer:
    """Half of the body, announced as if it were the whole."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def rename_column(old: str, new: str) -> Misbehave:
    return _table(lambda rows: [[new if name == old else name for name in rows[0]], *rows[1:]])


def repeat_column(name: str) -> Misbehave:
    """The column once more at the end, header and cells, beyond the agency's own repetition."""
    return _table(lambda rows: [[*row, row[rows[0].index(name)]] for row in rows])


def drop_column(name: str) -> Misbehave:
    def act(rows: list[list]) -> list[list]:
        at = rows[0].index(name)
        return [row[:at] + row[at + 1 :] for row in rows]

    return _table(act)


def set_cell(column: str, value: str | None, row: int = 1) -> Misbehave:
    """Another value in every column of that name, in one row (1 is the first after the header)."""
    return _table(
        lambda rows: [
            [
                value if at == row and name == column else cell
                for name, cell in zip(rows[0], cells, strict=True)
            ]
            for at, cells in enumerate(rows)
        ]
    )


def every_cell(column: str, value: str | None) -> Misbehave:
    """Another value in every column of that name, in every row."""
    return _table(
        lambda rows: [
            rows[0],
            *(
                [value if name == column else cell for name, cell in zip(rows[0], cells, strict=True)]
                for cells in rows[1:]
            ),
        ]
    )


def repeat_row(row: int = 1) -> Misbehave:
    """One row twice: a duplicate key."""
    return _table(lambda rows: [*rows, rows[row]])


def header_only(answer: Answer) -> Answer:
    """A table without rows, where the agency would send 204."""
    return _table(lambda rows: rows[:1])(answer)


def first_half(answer: Answer) -> Answer:
    """Half of the rows, in a well-formed table."""
    return _table(lambda rows: rows[: 1 + len(rows[1:]) // 2])(answer)


def _table(change: Callable[[list[list]], list[list]]) -> Misbehave:
    """Change the rows of a JSON answer; an answer without a table passes unchanged."""

    def act(answer: Answer) -> Answer:
        if answer.status != 200 or not (answer.media_type or "").startswith("application/json"):
            return answer
        rows = change(json.loads(answer.body))
        body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        return replace(answer, body=f"[{body}]".encode())

    return act

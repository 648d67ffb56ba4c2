"""An answer of the replay server, apart from HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Answer:
    """wire: how it is delivered: whole, cut off halfway, never (stalled), without end (dripping), or hung
    up on (dropped).
    """

    status: int
    media_type: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Literal["whole", "cut", "stalled", "dripping", "dropped"] = "whole"


def text(status: int, message: str) -> Answer:
    return Answer(status, "text/plain;charset=utf-8", message.encode())


def page(title: str, message: str, status: int = 200) -> Answer:
    """An HTML page; the agency sends its errors with status 200."""
    html = f"<html><head><title>{title}</title></head><body><p>{message}</p></body></html>"
    return Answer(status, "text/html", html.encode())


def key_page(name: str) -> Answer:
    """The redirect to `missing_key` or `invalid_key`, which a client that follows it takes for a 200."""
    return Answer(302, headers={"Location": f"/data/{name}.html", "X-DataWebAPI-KeyError": "1"})


def provenance(names: str | None) -> dict[str, str]:
    """Headers that say what an answer was composed from; names joined by '; ', null if it was not."""
    if names is None:
        return {}
    unique = sorted({name.strip() for name in names.split(";") if name.strip()})
    return {"X-Archive-Origin": "composed", "X-Archive-Composed-From": "; ".join(unique)}

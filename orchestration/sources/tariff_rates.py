"""The words of a rate of duty in the US tariff schedule, taken apart.

A cell of the schedule holds one rate or several, each for some special programmes; a rate is a sum of parts:

    Free (A,AU,BH) 8.8¢/liter (JO)      two rates
    30.5¢/kg + 8.5%                     one rate of two parts
    The duty provided in the applicable subheading + 25%

What the words do not give away stays as it is, as a part of kind 'text'.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal

PartKind = Literal[
    "free",
    "ad_valorem",
    "specific",
    "applicable_duty",  # the duty of the subheading that the article is in, to which others are added
    "no_change",  # a heading of chapter 99 that leaves this column as it is
    "no_additional_duty",
    "reference",  # see another heading, or a note
    "rule",  # a rule in words: the rate of another article, a duty on a part of the value
    "text",  # not understood
]


@dataclass(frozen=True)
class Part:
    """One part of a rate.

    ad_valorem_rate:     a fraction of the value; below zero where it is taken off.
    specific_amount_usd: dollars for each `specific_unit`, as the schedule writes it.
    applies_to:          of what the part is reckoned, or its condition, where that is not the whole article.
    referenced_codes:    headings that the part names, digits only; a range is joined by a hyphen.
    """

    kind: PartKind
    text: str
    ad_valorem_rate: Decimal | None = None
    specific_amount_usd: Decimal | None = None
    specific_unit: str | None = None
    applies_to: str | None = None
    referenced_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rate:
    """A rate and the special programmes that it is for; without any it is for all that the column is for."""

    programmes: tuple[str, ...]
    parts: tuple[Part, ...]


_PROGRAMME = r"[A-Z]{1,2}[+*]?"
# The commas between them are now and then a blank or a point.
_PROGRAMMES = re.compile(rf"\(\s*({_PROGRAMME}(?:[\s,.]+{_PROGRAMME})*)[\s,]*\)")
# No longer than what the columns of the table hold.
_NUMBER = r"\d[\d,]{0,5}(?:\.\d{1,9})?|\.\d{1,9}"
_PERCENT = re.compile(rf"({_NUMBER})(?:\s+(\d+)\s*/\s*(\d+))?\s*(?:%|percent\b)\s*(.*)")
_UPON = re.compile(r"a duty of (.+?(?:%|percent)) upon (.+)", re.IGNORECASE)
_MONEY = re.compile(rf"(?:\$\s*({_NUMBER})|({_NUMBER})\s*¢)\s*(?:/\s*(.+)|(each)\b\s*(.*))")
_UNIT = re.compile(r"(.+?)(?:,?\s+((?:on|of|over|including)\b.*))?")
_APPLICABLE = re.compile(r"The duty (?:rate )?provided (?:for )?in ?(?:the applicable|such) subheading", re.I)
_LESS = re.compile(r"minus\s+(.+)")
_RULE = re.compile(r"(The (rate|duty)\b|A duty\b)")
_CODE = r"\d{2}\.?\d{2}\.\d{2}(?:\.\d{2}){0,2}"
_CODES = re.compile(rf"\b({_CODE})(?:\s*(?:-|–|through|to)\s*({_CODE}))?")


@cache
def rates(text: str | None) -> tuple[Rate, ...]:
    """The rates of one cell, in order; none of them when the cell is empty."""
    words = cleaned(text)
    return tuple(
        Rate(programmes, tuple(_part(part) for part in _summands(rate))) for rate, programmes in _split(words)
    )


def cleaned(text: str | None) -> str:
    """The words of a cell: `plain`, without a point, and words that a line end had broken put together."""
    return re.sub(r"(?<=[a-z])- (?=[a-z])", "", plain(text or "")).removesuffix(".")


def plain(text: str) -> str:
    """A text without markup, and with single blanks."""
    words = re.sub(r"</[A-Za-z]+>(?=[A-Za-z])", " ", text)
    return " ".join(re.sub(r"</?[A-Za-z]+\s*/?>", "", words).split())


def codes_in(text: str) -> tuple[str, ...]:
    """Headings that a text names, digits only: '9903.88.15' is 99038815; a range is joined by a hyphen."""
    found = []
    for first, last in _CODES.findall(text):
        codes = [re.sub(r"\D", "", code) for code in (first, last) if code]
        found.append("-".join(codes))
    return tuple(found)


def _split(words: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each rate with its programmes; what follows the last list of programmes has none."""
    begun = 0
    for found in _PROGRAMMES.finditer(words):
        yield words[begun : found.start()].strip(), tuple(re.findall(_PROGRAMME, found[1]))
        begun = found.end()
    rest = words[begun:].strip()
    if rest:
        yield rest, ()


def _summands(rate: str) -> list[str]:
    """What is added up, with `+` or the word plus."""
    return [part.strip() for part in re.split(r"\+|\bplus\b", rate)]


def _part(words: str) -> Part:
    kept = Part("text", words)
    if words.lower() == "no change":
        return replace(kept, kind="no_change")
    if words.lower() == "no additional duty":
        return replace(kept, kind="no_additional_duty")
    if found := re.fullmatch(r"Free\b[\s,]*(.*)", words):
        return replace(kept, kind="free", applies_to=found[1].strip("() ") or None)
    if words.startswith("See "):
        return replace(kept, kind="reference", referenced_codes=codes_in(words))
    if found := _UPON.fullmatch(words):
        return replace(_percent(found[1], kept), text=words, applies_to=f"on {found[2]}")
    if found := _APPLICABLE.match(words):
        return _applicable(words[found.end() :].strip(), kept)
    if found := _MONEY.fullmatch(words):
        return _money(found, kept)
    if _RULE.match(words):
        return replace(kept, kind="rule", referenced_codes=codes_in(words))
    return _percent(words, kept)


def _percent(words: str, kept: Part) -> Part:
    found = _PERCENT.fullmatch(words)
    if not found or (found[4] and not re.match(r"(on|of)\b", found[4])):
        return kept
    whole, numerator, denominator, applies_to = found.groups()
    percent = _number(whole)
    if numerator:
        if int(denominator) == 0:
            return kept
        percent += Decimal(numerator) / Decimal(denominator)
    rate = (percent / 100).quantize(Decimal("1e-10"))
    return replace(kept, kind="ad_valorem", ad_valorem_rate=rate, applies_to=applies_to or None)


def _money(found: re.Match, kept: Part) -> Part:
    dollars, cents, behind_slash, each, behind_each = found.groups()
    unit, applies_to = (each, behind_each) if each else _UNIT.fullmatch(behind_slash).groups()
    # A sliding scale, or one with a floor, is more than an amount for each unit.
    if re.search(r"\d|\bless\b|\bbut\b", applies_to or "") and not (applies_to or "").startswith("over"):
        return kept
    if re.search(r"\bless\b|\bbut\b|[¢$%]", unit):
        return kept
    amount = _number(dollars) if dollars else _number(cents) / 100
    unit = re.sub(r"(?<=\d),(?=\d)", "", unit)
    unit = re.sub(r"\bpf\.\s*", "pf. ", re.sub(r"\s*/\s*", "/", unit)).strip(" .")
    return replace(
        kept,
        kind="specific",
        specific_amount_usd=amount.quantize(Decimal("1e-10")),
        specific_unit=unit,
        applies_to=applies_to or None,
    )


def _applicable(rest: str, kept: Part) -> Part:
    """The duty of the subheading, or what is left when a part is taken off it."""
    if not rest:
        return replace(kept, kind="applicable_duty")
    found = _LESS.fullmatch(rest)
    off = _percent(found[1], kept) if found else kept
    if off.kind != "ad_valorem":
        return kept
    return replace(off, kind="applicable_duty", ad_valorem_rate=-off.ad_valorem_rate)


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))

"""Consolidated Screening List: parties that a dozen US lists name, as they are on a day.

https://www.trade.gov/consolidated-screening-list. One file holds all lists, anew each morning at about 05:00
New York time; there are no files of past days, so that a day that was not read cannot be had later. A
partition is a day. No key is needed.

The file comes as CSV or JSON, or as a table that somebody has prepared from it, in a folder that AITB_CSL_URL
names: consolidated_2026-07-31.csv, consolidated_2026-07-31.json or csl_entities_2026-07-31.csv. All of them
become the same table. `;` separates several values of one cell, and an address ends in the code of its
country.

Of a party the name, its other names and countries are kept, and what the list says of it. Addresses, dates of
birth and numbers of passports are not.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import duckdb

from orchestration.sources.model import NEW_YORK, Dataset, Refused, Request, Scope, Source, Unavailable
from orchestration.sources.reading import BAD_COLUMNS, body_of, csv_head, csv_rows, decoded, make_table

FILE = Request("consolidated.csv")
# By then the file of a day is there, with an hour to spare.
RENEWED_AT = timedelta(hours=6)

COLUMNS = {
    "snapshot_date": "date",
    "row_number": "bigint",
    "list_code": "varchar",
    "list_name": "varchar",
    "entity_number": "varchar",
    "party_type": "varchar",
    "party_name": "varchar",
    "alt_names": "varchar",
    "countries": "varchar",
    "programs": "varchar",
    "federal_register_notice": "varchar",
    "license_requirement": "varchar",
    "license_policy": "varchar",
    "start_date": "date",
    "end_date": "date",
    "source_list_url": "varchar",
}
# Columns of the file → columns here, where they hold a text that stays as it is.
TEXTS = {
    "source": "list_name",
    "entity_number": "entity_number",
    "type": "party_type",
    "name": "party_name",
    "alt_names": "alt_names",
    "programs": "programs",
    "federal_register_notice": "federal_register_notice",
    "license_requirement": "license_requirement",
    "license_policy": "license_policy",
    "source_list_url": "source_list_url",
}
SERVED_COLUMNS = ("_id", "addresses", "start_date", "end_date", *TEXTS)
PREPARED_COLUMNS = ("source_code", "countries_iso2", *TEXTS)
# An object of JSON leaves out what its list does not have.
NEEDED_FIELDS = ("name", "source")

_FILE_NAME = re.compile(r"(?:consolidated|csl_entities)_(\d{4}-\d\d-\d\d)\.(?:csv|json)")
_LIST_CODE = re.compile(r"\(([A-Z][A-Z-]*)(?: List)?\)")
_COUNTRY = re.compile(r"(?:^|[,;])\s*([A-Z]{2})\s*(?=;|$)")

Record = Mapping[str, object]


def day_served(now: datetime) -> str:
    """The day whose list the service has at a moment: until the morning that of the day before."""
    local = now.astimezone(NEW_YORK).replace(tzinfo=None)
    return str((local - RENEWED_AT).date())


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer can be the list; raises for everything else."""
    if status == 404:
        raise Refused("there is no such file (404); check AITB_CSL_URL")
    if status in (301, 302, 303, 307, 308):
        raise Refused(f"redirected to {headers.get('Location', '').split('?')[0]}; check AITB_CSL_URL")
    if status != 200:
        raise Refused(f"answered {status}; check AITB_CSL_URL")
    text = body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise Unavailable("the file is empty")
    if text.startswith(b"<"):
        # A page of the service at work comes with status 200.
        raise Unavailable("answered with a page instead of the list")
    if text[:1] in (b"[", b"{") and body.rstrip()[-1:] not in (b"]", b"}"):
        raise Unavailable("the answer is cut off")
    return True


def _plan(_: str, __: Scope) -> list[Request]:
    return [FILE]


def _files(names: Sequence[str]) -> dict[str, Request]:
    found = {name: _FILE_NAME.fullmatch(name) for name in sorted(names)}
    return {match[1]: Request(name) for name, match in found.items() if match}


def _read(con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]) -> None:
    """Make `screened_parties`, one row for each entry; several values are joined by '; '."""
    (path,) = answers.values()
    text = decoded(body_of(path))
    parties, bad_values = [], []
    for row_number, record, faults in _records(text):
        party, found = _party(record)
        parties.append((partition, row_number, *(party.get(column) for column in list(COLUMNS)[2:])))
        bad_values += [("screened_parties", row_number, *fault) for fault in (*faults, *found)]
    make_table(con, "screened_parties", COLUMNS, parties, order="row_number")
    make_table(con, "bad_values", BAD_COLUMNS, bad_values, order="row_number")


def _records(text: str) -> Iterator[tuple[int, Record, list[tuple]]]:
    if text.lstrip()[:1] in ("[", "{"):
        yield from _json_records(text)
        return
    rows = csv_rows(text)
    head = csv_head(rows)
    if not any(set(columns) <= set(head) for columns in (SERVED_COLUMNS, PREPARED_COLUMNS)):
        lacking = sorted(set(SERVED_COLUMNS) - set(head))
        raise Refused(
            f"the list lacks the column {', '.join(lacking)}; its header is {', '.join(head)[:200]!r}. "
            "Either the file is another one, or the format has changed: then correct sources/csl.py"
        )
    for row_number, cells in rows:
        faults = []
        if len(cells) != len(head):
            reason = f"has {len(cells)} cells, and the header has {len(head)}"
            faults.append((None, ",".join(cells)[:200], reason))
        yield row_number, dict(zip_longest(head, cells[: len(head)], fillvalue="")), faults


def _json_records(text: str) -> Iterator[tuple[int, Record, list[tuple]]]:
    try:
        said = json.loads(text)
        found = said["results"] if isinstance(said, dict) else said
        if not isinstance(found, list):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise Refused(
            "the list is cut off, or is not a list of parties any more; look at the file, and correct "
            "sources/csl.py"
        ) from None
    for number, record in enumerate(found, start=1):
        if not isinstance(record, dict) or any(field not in record for field in NEEDED_FIELDS):
            raise Refused(
                f"entry {number} of the list has no {' or '.join(NEEDED_FIELDS)}; the format has changed: "
                "correct sources/csl.py"
            )
        yield number, record, []


def _party(record: Record) -> tuple[dict[str, object], list[tuple]]:
    """A row of the table without its place, and what is wrong with it as (column, text, reason)."""
    party: dict[str, object] = {to: _text(record.get(column)) for column, to in TEXTS.items()}
    faults = []
    code = _LIST_CODE.search(str(party["list_name"]))
    party["list_code"] = _text(record.get("source_code")) or (code[1] if code else None)
    if party["list_code"] is None:
        faults.append(("source", party["list_name"], "does not name its list by a code in brackets"))
    party["countries"] = _countries(record)
    for column in ("start_date", "end_date"):
        text = _text(record.get(column))
        try:
            party[column] = date.fromisoformat(text) if text else None
        except ValueError:
            party[column] = None
            faults.append((column, text, "not a date"))
    return party, faults


def _countries(record: Record) -> str | None:
    """The countries of a party's addresses, else those that it is said to be of, each once and in order."""
    if "countries_iso2" in record:
        found = [one.strip() for one in str(record["countries_iso2"] or "").split(";")]
    elif isinstance(record.get("addresses"), list):
        found = [address.get("country") for address in record["addresses"] if isinstance(address, dict)]
    else:
        found = _COUNTRY.findall(str(record.get("addresses") or ""))
    return ";".join(sorted({country for country in found if country})) or None


def _text(value: object) -> str | None:
    if isinstance(value, list):
        value = "; ".join(" ".join(str(one).split()) for one in value if one)
    return " ".join(str(value).split()) or None if value is not None else None


SOURCE = Source(
    name="csl",
    title="Consolidated Screening List",
    base_url="csl_url",
    classify=classify,
    attribution="International Trade Administration, Consolidated Screening List.",
    largest_bytes=256 * 1024**2,
    datasets=(
        Dataset(
            name="screening_list",
            grain="day",
            tables=("screened_parties",),
            plan=_plan,
            files=_files,
            read=_read,
            suite="screening_list",
        ),
    ),
)

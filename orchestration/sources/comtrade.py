"""UN Comtrade: what partners report of their own trade in the codes that hold controlled products.

https://comtradedeveloper.un.org. The service answers for a year and a code with a row for each reporter,
partner and flow, at most a hundred thousand of them; a free key is needed. Without the dimensions that are
pinned here (second partner, customs procedure, way of transport) each row would come several times, and
without descriptions countries come by number alone, their ISO codes null. Imports are valued with freight and
insurance (CIF), or without (FOB) where the reporter says so too.

A table that somebody has prepared comes as one Parquet file: names instead of codes, imports alone, all
years. Both become the same tables. The world and groups of countries have a table of their own.

An edition is a year of trade. Reporters are late and revise: a year that was read is not complete for good.
"""

import csv
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import duckdb

from orchestration.settings import SEEDS
from orchestration.sources.model import (
    Dataset,
    KeyRefused,
    Refused,
    Request,
    Scope,
    Source,
    TooLarge,
    Unavailable,
)
from orchestration.sources.reading import BAD_COLUMNS, body_of, make_table

PATH = "C/A/HS"
MOST = 100_000
FLOWS = {"M": "import", "X": "export"}
PINNED = (("partner2Code", "0"), ("customsCode", "C00"), ("motCode", "0"))
WORLD = 0
# The service has no row for Taiwan: it is what is left of Asia.
TAIWAN = (490, "TWN")
# Ten times what the world trades in a year.
MOST_DOLLARS = 3 * 10**14
# What is no country: the world, and groups such as the European Union.
GROUPS = (97,)

TRADE = {
    "trade_year": "integer",
    "trade_flow": "varchar",
    "reporter": "varchar",
    "partner": "varchar",
    "hs6": "varchar",
    "valuation": "varchar",
    "value_usd": "bigint",
}
NEEDED = ("reporter", "flow", "year", "cmd_code", "partner", "value_usd")

Row = tuple[int, str, str, str, str, str, int]
Fault = tuple[str, int, str, str, str]


@cache
def codes() -> list[str]:
    """Codes of six digits under which the seed eccn_product_map places controlled products."""
    with (SEEDS / "controls" / "eccn_product_map.csv").open(newline="") as file:
        return sorted({line["hs_prefix"][:6] for line in csv.DictReader(file) if line["hs_prefix"]})


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds trade, False when there is none yet; raises for everything else."""
    if status in (401, 403):
        raise KeyRefused("the key is missing, was not accepted or is used up; check AITB_COMTRADE_API_KEY")
    if status != 200:
        raise Refused(f"answered {status}; check AITB_COMTRADE_URL")
    if not body.strip():
        raise Unavailable("the answer is empty")
    try:
        said = json.loads(body)
        error, count = said.get("error"), said["count"]
    except (ValueError, KeyError, AttributeError):
        if body.lstrip().startswith(b"{"):
            raise Unavailable("the answer is cut off") from None
        raise Refused("answered with a page or text instead of trade; check AITB_COMTRADE_URL") from None
    if error:
        raise Refused(f"says: {str(error)[:200]}")
    if count >= MOST:
        raise TooLarge(f"the answer is cut at {MOST:,} rows")
    return count > 0


def _plan(partition: str, _: Scope) -> list[Request]:
    """One question for each code, with both flows of all reporters and partners."""
    return [
        Request(
            PATH,
            (
                *(("period", partition), ("cmdCode", code), ("flowCode", ",".join(FLOWS))),
                *(*PINNED, ("maxRecords", str(MOST)), ("includeDesc", "true")),
            ),
        )
        for code in codes()
    ]


def split(request: Request) -> list[Request]:
    """The same question for each flow; none for a single one."""
    (flows,) = request.values("flowCode")
    return [
        Request(PATH, tuple((name, flow if name == "flowCode" else value) for name, value in request.params))
        for flow in (flows.split(",") if "," in flows else ())
    ]


def _read(con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]) -> None:
    """Make `partner_trade` and `partner_trade_aggregate` from the answers of the service."""
    found = [_of_record(number, record) for number, record in enumerate(_records(answers), start=1)]
    _make(con, found)


def _records(answers: Mapping[Request, Path]) -> Iterator[Mapping]:
    for path in answers.values():
        try:
            yield from json.loads(body_of(path))["data"]
        except (ValueError, KeyError, TypeError):
            raise Refused("an answer cannot be read: the format has changed, or it is cut off") from None


def _of_record(number: int, record: Mapping) -> tuple[Row | None, bool, Fault | None]:
    """A row, whether its reporter or partner is the world or a group, and what is wrong with it."""
    try:
        sides = [_country(record["reporterCode"], record["reporterISO"])]
        sides.append(_country(record["partnerCode"], record["partnerISO"]))
        flow, code = FLOWS[record["flowCode"]], str(record["cmdCode"])
        # Where an import is given without freight and insurance as well, that is what compares with exports.
        without = record.get("fobvalue") if flow == "import" else None
        valuation = "fob" if without or flow == "export" else "cif"
        row = (
            int(record["refYear"]),
            *(flow, sides[0], sides[1], code, valuation),
            _dollars(without or record["primaryValue"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"lacks or cannot be read: {type(error).__name__} {error}"
        return None, False, ("partner_trade", number, None, str(dict(record))[:200], reason)
    codes = {record["reporterCode"], record["partnerCode"]}
    return row, not codes.isdisjoint((WORLD, *GROUPS)), None


def _dollars(value: object) -> int:
    """Whole US dollars; ValueError or OverflowError for what is no number, or none that trade comes to."""
    dollars = round(float(value))
    if abs(dollars) > MOST_DOLLARS:
        raise ValueError(f"{dollars} US dollars")
    return dollars


def _country(code: int, iso3: str | None) -> str:
    if iso3 is None:
        raise ValueError(f"country {code} without an ISO code")
    return TAIWAN[1] if code == TAIWAN[0] else iso3.strip()


def _read_table(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make the same tables from a prepared one, which names countries and has imports with their freight."""
    (path,) = answers.values()
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(body_of(path))
        file.flush()
        try:
            given = con.execute("select * from read_parquet(?)", [file.name])
            columns = [column[0] for column in given.description]
            lacking = [name for name in NEEDED if name not in columns]
            if lacking:
                raise Refused(f"the table lacks the column {', '.join(lacking)}; it has {', '.join(columns)}")
            # Two extracts overlap in the table, so that some rows stand in it twice.
            texts = ", ".join(f"{name}::varchar" for name in NEEDED)
            rows = con.execute(
                f"select distinct {texts} from read_parquet(?) "
                "where list_contains(?, cmd_code::varchar) order by all",
                [file.name, codes()],
            ).fetchall()
        except duckdb.Error as error:
            raise Refused(f"the file is no Parquet table, or is cut off ({type(error).__name__})") from None
    found = []
    for number, (reporter, flow, year, code, partner, value) in enumerate(rows, start=1):
        try:
            if flow not in FLOWS or None in (reporter, partner):
                raise ValueError
            valuation = "cif" if FLOWS[flow] == "import" else "fob"
            row = (int(year), FLOWS[flow], reporter, partner, code, valuation, _dollars(value))
        except (TypeError, ValueError, OverflowError):
            said = f"{reporter} {partner} {code} {year} {value}"
            found.append((None, False, ("partner_trade", number, None, said, "is not whole")))
            continue
        found.append((row, re.fullmatch("World|European Union|EU-.*", partner) is not None, None))
    _make(con, found)


def _make(con: duckdb.DuckDBPyConnection, found: list[tuple[Row | None, bool, Fault | None]]) -> None:
    for table, is_aggregate in (("partner_trade", False), ("partner_trade_aggregate", True)):
        rows = [row for row, of_group, _ in found if row is not None and of_group == is_aggregate]
        make_table(con, table, TRADE, rows, order="trade_year, trade_flow, hs6, reporter, partner")
    faults = [fault for _, _, fault in found if fault is not None]
    make_table(con, "bad_values", BAD_COLUMNS, faults, order="row_number")


def _classify_table(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    if status != 200:
        raise Refused(f"there is no such file ({status}); check AITB_PARTNER_TRADE")
    if not (body.startswith(b"PAR1") and body.endswith(b"PAR1")):
        raise Refused("it is no Parquet file, or is cut off; check AITB_PARTNER_TRADE")
    return True


_dataset = partial(Dataset, tables=("partner_trade", "partner_trade_aggregate"), suite="partner_trade")
ATTRIBUTION = "United Nations, UN Comtrade Database."

SOURCES = (
    Source(
        name="comtrade",
        title="UN Comtrade",
        base_url="comtrade_url",
        classify=classify,
        key="comtrade_api_key",
        key_param="subscription-key",
        seconds_between_requests=1.0,
        attribution=ATTRIBUTION,
        datasets=(
            _dataset(name="partner_trade", grain="edition", plan=_plan, split=split, read=_read, fills=True),
        ),
    ),
    Source(
        name="comtrade",
        title="UN Comtrade, a prepared table",
        base_url="partner_trade",
        classify=_classify_table,
        attribution=ATTRIBUTION,
        largest_bytes=256 * 1024**2,
        datasets=(
            _dataset(
                name="partner_trade_table",
                grain="current",
                plan=lambda _, __: [Request("")],
                read=_read_table,
            ),
        ),
    ),
)

"""US Census Bureau, code lists: commodities of both sides, and countries.

Commodities: fixed-width text, one edition a year, layout in imp-stru.txt and exp-stru.txt beside the
lists (https://www.census.gov/foreign-trade/schedules/b/index.html). Countries: Schedule C, text with
bars (https://www.census.gov/foreign-trade/schedules/c/country.txt). No key is needed.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import zstandard

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source

# Column → first and last position, counted from one.
LAYOUT = {
    "commodity_code": (1, 10),
    "short_description": (15, 64),
    "description": (70, 219),
    "unit_1": (225, 227),
    "unit_2": (233, 235),
    "sitc_code": (241, 245),
    "end_use_code": (251, 255),
    "usda_code": (261, 261),
    "naics_code": (266, 271),
    "hitech_code": (277, 278),
}


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds a list, False when it is not there; raises for everything else.

    An edition that is not there is not published yet; the list of countries, of which there is only the
    current one, always is, so that its absence is an error where it is landed.
    """
    if status == 404:
        return False
    if status != 200:
        raise Refused(f"answered {status}; check AITB_CENSUS_SCHEDULES_URL")
    if body.lstrip()[:1] == b"<":
        raise Refused("answered with a page instead of a list; check AITB_CENSUS_SCHEDULES_URL")
    return True


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as body:
        # Written on old systems: some descriptions hold bytes above 127.
        return body.read().decode("cp1252", "replace").splitlines()


def _lists(con: duckdb.DuckDBPyConnection, lines: list[str]) -> None:
    con.execute("create temp table lines as select unnest(?::varchar[]) as line", [lines])
    con.execute("""
        create table bad_values
            (table_name varchar, row_number bigint, column_name varchar, text_value varchar, reason varchar)
    """)


def _read_commodities(
    system: str, con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]
) -> None:
    """Make `commodities`: one row per ten-digit code of one system and edition."""
    _lists(con, [line for path in answers.values() for line in _lines(path)])
    columns = ", ".join(
        f"nullif(trim(substring(line, {first}, {last - first + 1})), '') as {name}"
        for name, (first, last) in LAYOUT.items()
    )
    con.execute(f"""
        create table commodities as
        select '{system}' as commodity_system, commodity_code, {int(partition)}::integer as edition_year,
               coalesce(description, short_description) as description, short_description,
               nullif(unit_1, 'X') as unit_1, nullif(unit_2, 'X') as unit_2,
               sitc_code, end_use_code, naics_code, usda_code, hitech_code
        from (select {columns} from lines where trim(line) <> '')
        order by commodity_code
    """)


def _read_countries(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `countries`: one row per Schedule C code; `iso2` is null where Census gives none."""
    _lists(con, [line for path in answers.values() for line in _lines(path)])
    con.execute("""
        create table countries as
        select trim(parts[1]) as partner_code, trim(parts[2]) as partner_name,
               nullif(trim(parts[3]), '') as iso2
        from (select string_split(line, '|') as parts from lines)
        where len(parts) >= 2 and regexp_full_match(trim(parts[1]), '[0-9]+')
        order by partner_code
    """)


def _commodities(name: str, file: str, system: str) -> Dataset:
    return Dataset(
        name=name,
        grain="edition",
        tables=("commodities",),
        plan=lambda partition, _: [Request(f"b/{partition}/{file}")],
        read=lambda con, partition, answers: _read_commodities(system, con, partition, answers),
        suite="commodities",
    )


def _plan_countries(_: str, __: Scope) -> list[Request]:
    return [Request("c/country.txt")]


SOURCE = Source(
    name="census_schedules",
    title="US Census Bureau, commodity and country lists",
    base_url="census_schedules_url",
    classify=classify,
    attribution="US Census Bureau, Schedule B, HTSUSA and Schedule C lists.",
    datasets=(
        _commodities("import_commodities", "imp-code.txt", "hts10"),
        _commodities("export_commodities", "exp-code.txt", "schedule_b10"),
        Dataset(
            name="countries",
            grain="current",
            tables=("countries",),
            plan=_plan_countries,
            read=_read_countries,
            suite="countries",
        ),
    ),
)

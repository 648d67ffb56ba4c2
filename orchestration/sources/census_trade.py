"""US Census Bureau, international trade by commodity and partner.

API: https://www.census.gov/data/developers/data-sets/international-trade.html. An answer is a JSON array
of arrays of text whose first row is the header. What it can do to a reader, and where that is handled:

- a missing or wrong key is answered with a redirect to a page, a failed query with a page and status
  200, "no data yet" with 204 and an empty body, and a large answer may end before its end: `classify`;
- a variable that is asked for and also filtered by appears twice in the header, so columns are found by
  the first position of their name: `_positions`;
- world and group rows come with the countries, and the world row looks like any other (SUMMARY_LVL=DET):
  they are told apart by code and go to tables of their own;
- DF and RP, when asked for, fan out into parts and a '-' total: only the total is a value;
- a quantity of zero is a zero only when its flag is set; else none was collected;
- the time that was asked for comes back in every row: `other_time` is that of a row that has another one.
"""

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import zstandard

from orchestration.sources.model import Dataset, KeyRefused, Refused, Request, Scope, Source, Unavailable

GOODS = ("totals", "totals_aggregate", "chapters", "chapters_aggregate", "goods", "goods_aggregate")
LEVELS = {"total": "totals", "hs2": "chapters", "hs10": "goods"}
LONGEST_PREFIX = 4

MONEY = ("value_usd", "duty_usd", "general_value_usd", "dutiable_value_usd", "charges_usd")
# The DF of the rows that hold them.
EXPORT_PARTS = {"domestic_value_usd": "1", "foreign_value_usd": "2"}


@dataclass(frozen=True)
class _Side:
    """How one flow is asked for. In the names of variables, {s} is MO (month) or YR (year to date)."""

    flow: str
    path: str
    commodity: str
    commodity_system: str
    values: Mapping[str, str]
    quantities: Sequence[str]
    split_by: str | None  # a variable that fans a row out into parts and a '-' total


IMPORTS = _Side(
    flow="import",
    path="timeseries/intltrade/imports/hs",
    commodity="I_COMMODITY",
    commodity_system="hts10",
    values={
        "general_value_usd": "GEN_VAL_{s}",
        "value_usd": "CON_VAL_{s}",
        "dutiable_value_usd": "DUT_VAL_{s}",
        "duty_usd": "CAL_DUT_{s}",
        "charges_usd": "CON_CHA_{s}",
    },
    quantities=("CON_QY1_{s}", "CON_QY2_{s}"),
    split_by=None,
)
EXPORTS = _Side(
    flow="export",
    path="timeseries/intltrade/exports/hs",
    commodity="E_COMMODITY",
    commodity_system="schedule_b10",
    values={"value_usd": "ALL_VAL_{s}"},
    quantities=("QTY_1_{s}", "QTY_2_{s}"),
    split_by="DF",
)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds data, False when there is none (yet); raises for everything else."""
    if status == 204:
        return False
    if status in (301, 302, 303, 307):
        location = headers.get("Location", "")
        if "missing_key" in location or "invalid_key" in location or headers.get("X-DataWebAPI-KeyError"):
            raise KeyRefused("the key is missing or was not accepted; check AITB_CENSUS_API_KEY")
        raise Refused(
            f"redirected to {location.split('?')[0]}, where no data is expected; check AITB_CENSUS_URL"
        )
    if status == 404:
        raise Refused("there is no such dataset (404); check AITB_CENSUS_URL")
    if status != 200:
        said = body[:200].decode("utf-8", "replace").strip()
        raise Refused(f"answered {status}: {said}; correct the request in sources/census_trade.py")
    start = body[:64].lstrip()[:1]
    if start == b"[":
        # Some readers take an array that ends behind a row for a whole one.
        if not body[-64:].translate(None, b" \t\r\n").endswith(b"]]"):
            raise Unavailable("the answer is cut off", smaller_may_help=True)
        return True
    page = _words(body[:4000].decode("utf-8", "replace"))
    if "error while running your query" in page:
        raise Unavailable("the query failed on their side", smaller_may_help=True)
    if "Request Rejected" in page:
        raise Refused("their firewall rejected the request; try again later, or from another address")
    # The page that the redirect leads to, when something on the way has followed it.
    if start == b"<" and "A valid key must be included with each data API request" in page:
        raise KeyRefused("answered with the page about keys; check AITB_CENSUS_API_KEY")
    said = f": {page[:200]}" if page else ""
    raise Refused(
        f"answered with a page or text instead of data{said}; open the address in a browser, check "
        "AITB_CENSUS_URL"
    )


def _words(page: str) -> str:
    """What a page says, without its markup."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", page)
    return " ".join(html.unescape(text).split())


def _period(partition: str) -> tuple[str, str]:
    """The month to ask for and the suffix of its variables: a year is December's year to date."""
    return (partition, "MO") if len(partition) == 7 else (f"{partition}-12", "YR")


def _plan_goods(side: _Side, partition: str, scope: Scope) -> list[Request]:
    time, suffix = _period(partition)
    values = [name.format(s=suffix) for name in side.values.values()]
    quantities = [name.format(s=suffix) for name in side.quantities]
    quantities = [name for quantity in quantities for name in (quantity, f"{quantity}_FLAG")]
    part = [side.split_by] if side.split_by else []

    partners = [("CTY_CODE", partner) for partner in scope.partners]

    def request(get: Sequence[str], *params: tuple[str, str]) -> Request:
        return Request(side.path, (("get", ",".join(get)), *params, ("time", time), *partners))

    total = request(["CTY_CODE", *part, *values])
    chapters = request([side.commodity, "CTY_CODE", *part, *values], ("COMM_LVL", "HS2"))
    goods = request(
        [side.commodity, "CTY_CODE", *part, *values, *quantities, "UNIT_QY1", "UNIT_QY2"],
        ("COMM_LVL", "HS10"),
    )
    # All partners at once are known to be too much for one answer; a few are not.
    return [total, chapters, *([goods] if scope.partners else split(goods))]


def _plan_programmes(partition: str, scope: Scope) -> list[Request]:
    time, suffix = _period(partition)
    get = ["I_COMMODITY", "CTY_CODE", "RP", f"CON_VAL_{suffix}", f"CAL_DUT_{suffix}"]
    request = Request(
        IMPORTS.path,
        (
            ("get", ",".join(get)),
            ("COMM_LVL", "HS10"),
            ("time", time),
            *(("CTY_CODE", partner) for partner in scope.partners),
            *(("RP", provision) for provision in scope.rate_provisions),
        ),
    )
    return [request] if scope.partners else split(request)


def split(request: Request) -> list[Request]:
    """A ten-digit question falls into ten by first digit, and so on down to headings; others stay whole.

    A filter comes back as a column by itself, so the commodity is not asked for a second time.
    """
    if level(request) != "hs10":
        return []
    commodity = next(side.commodity for side in (IMPORTS, EXPORTS) if side.path == request.path)
    prefix = "".join(request.values(commodity)).rstrip("*")
    if len(prefix) == LONGEST_PREFIX:
        return []
    others = tuple(
        (name, value.removeprefix(f"{commodity},")) for name, value in request.params if name != commodity
    )
    return [Request(request.path, (*others, (commodity, f"{prefix}{digit}*"))) for digit in range(10)]


def level(request: Request) -> str:
    """Which level of detail a request asks for: 'total', 'hs2' or 'hs10'."""
    return next(iter(request.values("COMM_LVL")), "total").lower()


# Reading. One DuckDB statement for each level, over the archived files.


def _read_goods(
    side: _Side, con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]
) -> None:
    """Make the six tables of one partition and flow (see docs/architecture.md, 'Landing').

    One statement reads, types and sorts the rows of a level; countries and aggregates are views of them.
    """
    _no_bad_values(con)
    # Side by side: of the small levels there is one file, which does not keep two cores busy.
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda name: _read_level(side, con.cursor(), partition, name, answers), LEVELS))


def _read_level(
    side: _Side,
    con: duckdb.DuckDBPyConnection,
    partition: str,
    level_name: str,
    answers: Mapping[Request, Path],
) -> None:
    """Make the two tables of one level."""
    time, suffix = _period(partition)
    table = LEVELS[level_name]
    texts = {"cty": "CTY_CODE", **{c: v.format(s=suffix) for c, v in side.values.items()}}
    if level_name != "total":
        texts["commodity_code"] = side.commodity
    if side.split_by:
        texts["part"] = side.split_by
    numbers = list(side.values)
    if level_name == "hs10":
        for i, quantity in enumerate(side.quantities, start=1):
            texts[f"quantity_{i}"] = quantity.format(s=suffix)
            texts[f"flag_{i}"] = quantity.format(s=suffix) + "_FLAG"
            texts[f"unit_{i}"] = f"UNIT_QY{i}"
            numbers.append(f"quantity_{i}")
    asked = {request: path for request, path in answers.items() if level(request) == level_name}
    shape = partial(_whole_and_parts if side.split_by else _in_order, level_name=level_name)
    _read_texts(con, f"{table}_read", table, asked, time, texts, numbers, shape)
    if side.split_by:
        _report_broken_parts(con, table)
    _show_level(side, con, partition, level_name, table)


def _show_level(
    side: _Side, con: duckdb.DuckDBPyConnection, partition: str, level_name: str, table: str
) -> None:
    """Countries and aggregates of a level, as landing has them."""
    system = {"total": "", "hs2": "hs2", "hs10": side.commodity_system}[level_name]
    commodity = f"'{system}' as commodity_system, commodity_code," if system else ""
    served = (*side.values, *(EXPORT_PARTS if side.split_by else ()))
    measures = [name if name in served else f"null::bigint as {name}" for name in (*MONEY, *EXPORT_PARTS)]
    quantities = ["quantity_1", "unit_1", "quantity_2", "unit_2"] if level_name == "hs10" else []
    columns = ", ".join([*measures[: len(MONEY)], *quantities, *measures[len(MONEY) :]])
    for name, kind in ((table, ""), (f"{table}_aggregate", "partner_kind,")):
        con.execute(f"""
            create view {name} as
            select '{side.flow}' as flow, {_period_columns(con, partition, f"{table}_read")},
                   partner_code, {kind} {commodity} {columns}
            from {table}_read where partner_kind is {"not" if kind else ""} null
        """)


def _period_columns(con: duckdb.DuckDBPyConnection, partition: str, table: str) -> str:
    """The period of the rows: that of the partition, but of a row that names another time just that.

    So the gate can compare them; what is no month at all is null. Without such a row it is a constant, which
    costs nothing.
    """
    grain, start = ("month", f"{partition}-01") if len(partition) == 7 else ("year", f"{partition}-01-01")
    (strayed,) = con.execute(f"select count(other_time) from {table}").fetchone()
    period = f"date '{start}'"
    if strayed:
        other = "try_cast(other_time || '-01' as date)"
        period = f"case when other_time is null then {period} else {other} end"
    return f"'{grain}' as period_grain, {period} as period_start"


# A partner that is null counts as a country: the gate shall see it.
PARTNER = """
    cty as partner_code,
    case when cty = '-' then 'world' when cty like '0%' or contains(cty, 'X') then 'group' end as partner_kind
"""


def _quantity(i: int) -> str:
    """Zero without a flag, or no unit, means that the quantity was not collected."""
    unit = f"case when unit_{i} not in ('', '-', 'X') then unit_{i} end"
    is_collected = f"{unit} is not null and (quantity_{i} <> 0 or coalesce(flag_{i}, '') <> '')"
    return f"case when {is_collected} then quantity_{i} end as quantity_{i}, {unit} as unit_{i}"


def _in_order(rows: str, level_name: str) -> str:
    """Imports: a row stands for itself."""
    key = "cty" if level_name == "total" else "cty, commodity_code"
    quantities = f", {_quantity(1)}, {_quantity(2)}" if level_name == "hs10" else ""
    texts = "cty, quantity_1, flag_1, unit_1, quantity_2, flag_2, unit_2" if quantities else "cty"
    return f"select {PARTNER}, * exclude ({texts}) {quantities} from {rows} order by {key}"


def _whole_and_parts(rows: str, level_name: str) -> str:
    """Exports: the '-' total with its domestic and foreign parts beside it."""
    key = "cty" if level_name == "total" else "cty, commodity_code"
    others = [f"{name}_{i}" for name in ("quantity", "flag", "unit") for i in (1, 2)]
    wholes = ["value_usd", *(others if level_name == "hs10" else ())]
    columns = [f"any_value({name}) filter (part = '-') as {name}" for name in wholes]
    columns += [
        f"any_value(value_usd) filter (part = '{part}') as {name}" for name, part in EXPORT_PARTS.items()
    ]
    return _in_order(
        f"""(
            select {key}, {", ".join(columns)}, sum(row_count) as row_count,
                   bit_count(bit_or(case part when '-' then 1 when '1' then 2 when '2' then 4 else 8 end))
                       as part_count,
                   bool_or(is_header) as is_header, bool_and(is_good) as is_good,
                   any_value(other_time) as other_time
            from {rows} group by {key}
        )""",
        level_name,
    )


def _report_broken_parts(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let the gate see what the total with its parts beside it would hide."""
    con.execute(f"""
        insert into bad_values
        select '{table}', null, 'value_usd', partner_code, 'parts without their total' from {table}_read
        where value_usd is null and coalesce(domestic_value_usd, foreign_value_usd) is not null
    """)
    # A row that was served more than once is written a second time.
    con.execute(f"insert into {table}_read from {table}_read where row_count > part_count")


def _read_programmes(con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]) -> None:
    """Make `programmes`, and `programmes_total` with the '-' rows, which hold all provisions together."""
    time, suffix = _period(partition)
    _no_bad_values(con)
    texts = {
        "commodity_code": "I_COMMODITY",
        "cty": "CTY_CODE",
        "rate_provision_code": "RP",
        "value_usd": f"CON_VAL_{suffix}",
        "duty_usd": f"CAL_DUT_{suffix}",
    }
    _read_texts(con, "programmes_read", "programmes", answers, time, texts, ["value_usd", "duty_usd"])
    period = _period_columns(con, partition, "programmes_read")
    is_country = "coalesce(cty <> '-' and cty not like '0%' and not contains(cty, 'X'), true)"
    is_total = "coalesce(rate_provision_code = '-', false)"
    for table, where in {"programmes": f"not {is_total}", "programmes_total": is_total}.items():
        con.execute(f"""
            create table {table} as
            select 'import' as flow, {period},
                   cty as partner_code, 'hts10' as commodity_system, commodity_code, rate_provision_code,
                   value_usd, duty_usd
            from programmes_read
            where {where} and {is_country}
            order by partner_code, commodity_code, rate_provision_code
        """)
    con.execute("drop table programmes_read")


def _no_bad_values(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create table bad_values
            (table_name varchar, row_number bigint, column_name varchar, text_value varchar, reason varchar)
    """)


def _read_texts(
    con: duckdb.DuckDBPyConnection,
    target: str,
    table: str,
    answers: Mapping[Request, Path],
    time: str,
    texts: Mapping[str, str],
    numbers: Sequence[str],
    shape: Callable[[str], str] = lambda rows: f"from {rows}",
) -> None:
    """Read archived answers into `target`, one column for each of `texts` (column → variable).

    `numbers` become BIGINT; what is not a whole number becomes null and a row of `bad_values`. `other_time`
    is the time of a row that is not the `time` asked for. `shape` gives the query that makes `target` from
    the rows; it passes is_header, is_good, row_count and other_time on.
    Raises `Refused` when a body is not a whole JSON array of arrays, or its header is not what was asked.
    """
    by_header: dict[tuple[str, ...], list[Path]] = {}
    for request, path in answers.items():
        by_header.setdefault(_header(request, path), []).append(path)
    selects, faults = [], []
    for header, paths in by_header.items():
        at = _positions(header, texts)
        columns = [
            f"try_cast(c[{at[name]}] as bigint) as {name}" if name in numbers else f"c[{at[name]}] as {name}"
            for name in texts
        ]
        cells = [f"c[{at[name]}]" for name in numbers]
        whole = [f"try_cast({cell} as bigint)::varchar is not distinct from {cell}" for cell in cells]
        files = ", ".join(_literal(path) for path in paths)
        source = f"""
            read_json([{files}], format = 'array', records = 'false',
                      columns = {{c: 'VARCHAR[]'}}, maximum_object_size = 1048576)
        """
        is_header = f"coalesce(c[1] = {_literal(header[0])} and c[2] = {_literal(header[1])}, false)"
        said = f"coalesce(c[{header.index('time') + 1}], '')" if "time" in header else _literal(time)
        fits = f"coalesce(len(c) = {len(header)}, false)"
        selects.append(f"""
            select {", ".join(columns)}, 1 as row_count, {is_header} as is_header,
                   {fits} and {" and ".join(whole)} as is_good, nullif({said}, {_literal(time)}) as other_time
            from {source}
        """)
        faults += [
            f"""select '{table}', row_number, '{name}', value, 'not a whole number' from
                (select row_number() over () as row_number, c[{at[name]}] as value, c from {source})
                where try_cast(value as bigint)::varchar is distinct from value
                      and not ({is_header})"""
            for name in numbers
        ]
        faults.append(
            f"""select '{table}', row_number, null, array_to_string(c, ','),
                       'has not the columns of its header'
                from (select row_number() over () as row_number, c from {source}) where not ({fits})"""
        )
    if not selects:
        columns = [f"null::{'bigint' if name in numbers else 'varchar'} as {name}" for name in texts]
        selects.append(f"""
            select {", ".join(columns)}, 1 as row_count, false as is_header, true as is_good,
                   null::varchar as other_time where false
        """)
    try:
        con.execute(f"create table {target} as {shape('(' + ' union all by name '.join(selects) + ')')}")
        headers, bad = con.execute(f"""
            select coalesce(sum(row_count) filter (is_header), 0),
                   count(*) filter (not is_good and not is_header)
            from {target}
        """).fetchone()
        if bad:
            for fault in faults:
                con.execute(f"insert into bad_values {fault}")
    except duckdb.Error as error:
        raise Refused(
            f"an answer for {table} is cut off or is not JSON ({str(error).splitlines()[0]}); "
            "fetch it again with AITB_FETCH=always"
        ) from None
    if headers != len(answers):
        raise Refused(
            f"{len(answers)} answers for {table} hold {headers} header rows, and each should have one; "
            "look at the archived answers, then fetch them again with AITB_FETCH=always"
        )
    con.execute(f"delete from {target} where is_header")


def _literal(value: object) -> str:
    """A text in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _header(request: Request, path: Path) -> tuple[str, ...]:
    """The first row of an answer, without reading the rest of it."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as body:
        start = body.read(1 << 16)
    try:
        text = start.decode("utf-8", "ignore")
        header, _ = json.JSONDecoder().raw_decode(text[text.index("[", text.index("[") + 1) :])
        return tuple(str(name) for name in header)
    except ValueError:
        raise Refused(
            f"the answer to {request} does not begin with a header row; fetch it again with AITB_FETCH=always"
        ) from None


def _positions(header: Sequence[str], texts: Mapping[str, str]) -> dict[str, int]:
    """Where each column stands, counted from one; of a repeated name the first place is meant."""
    missing = [variable for variable in texts.values() if variable not in header]
    if missing:
        raise Refused(
            f"the header {list(header)} lacks {', '.join(missing)}: the format has changed; "
            "compare with the agency's list of variables and correct sources/census_trade.py"
        )
    return {column: header.index(variable) + 1 for column, variable in texts.items()}


def _goods(name: str, side: _Side, grain: str) -> Dataset:
    return Dataset(
        name=name,
        flow=side.flow,
        grain=grain,
        tables=GOODS,
        plan=lambda partition, scope: _plan_goods(side, partition, scope),
        level=level,
        split=split,
        read=lambda con, partition, answers: _read_goods(side, con, partition, answers),
        suite=f"{side.flow}_goods",
        reader_version=2,
    )


def _programmes(name: str, grain: str) -> Dataset:
    return Dataset(
        name=name,
        flow="import",
        grain=grain,
        tables=("programmes",),
        plan=_plan_programmes,
        level=lambda _: "programme",
        split=split,
        read=_read_programmes,
        suite="programmes",
        reader_version=2,
    )


SOURCE = Source(
    name="census_trade",
    title="US Census Bureau, international trade",
    base_url="census_url",
    key="census_api_key",
    key_param="key",
    classify=classify,
    attribution=(
        "This product uses the Census Bureau Data API but is not endorsed or certified by the Census Bureau."
    ),
    datasets=(
        _goods("imports_monthly", IMPORTS, "month"),
        _goods("imports_annual", IMPORTS, "year"),
        _goods("exports_monthly", EXPORTS, "month"),
        _goods("exports_annual", EXPORTS, "year"),
        _programmes("import_programmes_monthly", "month"),
        _programmes("import_programmes_annual", "year"),
    ),
)

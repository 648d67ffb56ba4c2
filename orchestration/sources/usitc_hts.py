"""US International Trade Commission, the Harmonized Tariff Schedule: the lines of a revision, with rates.

https://hts.usitc.gov/reststop: `exportList` serves the revision that is in force and no other, whatever is
asked, so `currentRelease` is asked before and after it. A partition is a revision, named so that the names
sort by time: 2025_basic, 2025_rev_01, … 2026_rev_10.

Revisions that are past come from files, one for each, in a folder that AITB_HTS_URL names: those of the
agency's archive (hts_2025_basic_edition_json.json, hts_2025_revision_16_json.json) or with shorter names
(hts_2025_basic.json, hts_2025_rev_16.json); .gz may follow. No key is needed.

The lines are an outline: `indent` tells below which one each of them stands, and one without a general rate
of its own has that of the nearest line above it that has one. Both are found while reading, once for each
revision: for all lines of forty revisions at once a database takes more than a minute.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import zstandard

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source, Unavailable
from orchestration.sources.tariff_rates import cleaned, codes_in, plain, rates

RELEASE = Request("currentRelease")
SCHEDULE = Request("exportList", (("from", "0101"), ("to", "9999"), ("format", "JSON"), ("styles", "false")))
# Another address than the first time, so that nothing on the way answers it from memory.
RELEASE_AFTERWARDS = Request("currentRelease", (("after", "exportList"),))

GZIP = b"\x1f\x8b"
# A misspelt twin of additionalDuties comes along, and was never seen with a value.
FIELDS = (
    "htsno",
    "indent",
    "description",
    "superior",
    "units",
    "general",
    "special",
    "other",
    "footnotes",
    "quotaQuantity",
    "additionalDuties",
    "addiitionalDuties",
)
RATE_FIELDS = {
    "general": "general",
    "special": "special",
    "other": "other",
    "additional": "additionalDuties",
}
# Columns of text, and where they are in a line.
TEXT_FIELDS = {
    "description": "description",
    "unit_1": "$.units[0]",
    "unit_2": "$.units[1]",
    **RATE_FIELDS,
}
PART_COLUMNS = {
    "rate_text": "varchar",
    "rate_number": "integer",
    "part_number": "integer",
    "programmes": "varchar",
    "part_kind": "varchar",
    "part_text": "varchar",
    "ad_valorem_rate": "decimal(14, 10)",
    "specific_amount_usd": "decimal(18, 10)",
    "specific_unit": "varchar",
    "applies_to": "varchar",
    "referenced_codes": "varchar",
}

_RELEASE_NAME = re.compile(r"(\d{4})HTS(?:(Basic)|Rev(?:ision)?(\d+))", re.IGNORECASE)
_FILE_NAME = re.compile(r"hts_(\d{4})_(?:(basic)(?:_edition)?|rev(?:ision)?_(\d+))(?:_json)?\.json(?:\.gz)?")


def revision_of(release_name: str) -> str:
    """The partition of a release: '2025HTSRev28' is 2025_rev_28; `Refused` for a name of another form."""
    found = _RELEASE_NAME.fullmatch(release_name.replace(" ", ""))
    if not found:
        raise Refused(
            f"the release is called {release_name[:80]!r}, which is not of the form 2025HTSRev28; correct "
            "sources/usitc_hts.py"
        )
    return _partition(found)


def current_revision(answer: bytes) -> str:
    """The revision that an answer of `currentRelease` names."""
    return revision_of(_release(answer)["name"])


def _partition(found: re.Match) -> str:
    year, basic, number = found.groups()
    return f"{year}_basic" if basic else f"{year}_rev_{int(number):02}"


def _release(answer: bytes) -> dict:
    try:
        said = json.loads(answer)
        if not isinstance(said["name"], str):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise Refused(
            "currentRelease does not say its name; look at its answer in a browser, and correct "
            "sources/usitc_hts.py"
        ) from None
    return said


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when an answer holds JSON, or a file of it; raises for everything else."""
    if status == 404:
        raise Refused("there is no such file or service (404); check AITB_HTS_URL")
    if status == 403:
        raise Refused("their firewall rejected the request (403); try again later, or from another address")
    if status != 200:
        raise Refused(f"answered {status}; check AITB_HTS_URL")
    try:
        text = (gzip.decompress(body) if body.startswith(GZIP) else body).strip()
    except (OSError, EOFError, zlib.error):
        raise Refused("the file is cut off or damaged; fetch it again from where you have it") from None
    if text[:1] not in (b"[", b"{"):
        raise Refused(
            "answered with a page or text instead of data; open the address in a browser, check AITB_HTS_URL"
        )
    if text[-1:] != {b"[": b"]", b"{": b"}"}[text[:1]]:
        raise Unavailable("the answer is cut off")
    return True


def _plan(_: str, __: Scope) -> list[Request]:
    return [RELEASE, SCHEDULE, RELEASE_AFTERWARDS]


def _files(names: Sequence[str]) -> dict[str, Request]:
    found = {name: _FILE_NAME.fullmatch(name) for name in sorted(names)}
    return {_partition(match): Request(name) for name, match in found.items() if match}


def _agree(partition: str, answers: Mapping[Request, bytes]) -> bool:
    """Whether the revision in force is the one that is asked for, and stays so until all of it is there."""
    named = {
        request: current_revision(answers[request]) for request in answers if request.path == RELEASE.path
    }
    before, after = named.get(RELEASE), named.get(RELEASE_AFTERWARDS)
    if after is not None and after != before:
        raise Refused(
            f"the schedule changed from {before} to {after} while it was being downloaded, so that it may be "
            f"a mixture of both; nothing of it was kept. Land {after}"
        )
    return before in (None, partition)


def _read(con: duckdb.DuckDBPyConnection, partition: str, answers: Mapping[Request, Path]) -> None:
    """Make `tariff_lines`, `tariff_footnotes`, `tariff_rate_parts` and `tariff_revisions` of one revision.

    Rates are dollars for each unit and fractions of the value, with ten decimals.
    """
    bodies = {request: _body(path) for request, path in answers.items()}
    (schedule,) = (body for request, body in bodies.items() if request.path != RELEASE.path)
    try:
        con.execute(
            """
            create temp table served as
            select row_number() over () as line_number, line
            from (select unnest(cast(cast(? as json) as json[])) as line)
            """,
            [schedule.decode()],
        )
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise Refused(
            f"the schedule is cut off or is not JSON ({str(error).splitlines()[0][:200]})"
        ) from None
    _words_of(con)
    con.execute(f"""
        create temp table line_texts as
        select '{partition}' as revision, line_number,
               nullif(replace(trim(line ->> 'htsno'), '.', ''), '') as hts_number,
               try_cast(line ->> 'indent' as integer) as indent,
               description.words as description,
               coalesce((line ->> 'superior') = 'true', false) as is_superior,
               unit_1.words as unit_1, unit_2.words as unit_2,
               {", ".join(f"{column}.words as {column}_rate_text" for column in RATE_FIELDS)},
               nullif(trim(line ->> 'quotaQuantity'), '') as quota_quantity
        from served
        {" ".join(_joined(column, field) for column, field in TEXT_FIELDS.items())}
    """)
    _outline(con)
    con.execute("""
        create table tariff_lines as
        select revision, line_number, hts_number, indent, parent_line_number, rate_line_number,
               line_texts.* exclude (revision, line_number, hts_number, indent), description_path
        from line_texts join outline using (line_number)
        order by line_number
    """)
    _footnotes(con, partition)
    _parts(con, partition)
    _revision(con, partition, bodies.get(RELEASE))
    _report_what_is_new(con)


def _body(path: Path) -> bytes:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        body = stream.read()
    return gzip.decompress(body) if body.startswith(GZIP) else body


def _joined(column: str, field: str) -> str:
    is_rate = column in RATE_FIELDS
    words = f"words as {column}"
    return f"left join {words} on {column}.served = (line ->> '{field}') and {column}.is_rate = {is_rate}"


def _words_of(con: duckdb.DuckDBPyConnection) -> None:
    """Make `words`: each text as it was served and without its markup; one that holds nothing is null."""
    each = " union ".join(
        f"select line ->> '{field}', {column in RATE_FIELDS} from served"
        for column, field in TEXT_FIELDS.items()
    )
    texts = con.execute(f"select * from ({each}) as texts(text, is_rate) where text is not null").fetchall()
    words = [(text, is_rate, (cleaned(text) if is_rate else plain(text)) or None) for text, is_rate in texts]
    _make(con, "words", {"served": "varchar", "is_rate": "boolean", "words": "varchar"}, words)


def _outline(con: duckdb.DuckDBPyConnection) -> None:
    """Make `outline`: for each line its parent, the line whose rates it has, and its path."""
    lines = con.execute("""
        select line_number, indent, description, general_rate_text is not null
        from line_texts order by line_number
    """).fetchall()
    above: list[tuple[int, int, int | None, str]] = []
    rows = []
    for number, indent, description, has_rate in lines:
        while above and above[-1][0] >= (indent or 0):
            above.pop()
        _, parent, rate_line, path = above[-1] if above else (None, None, None, "")
        rate_line = number if has_rate else rate_line
        own = (description or "").removesuffix(":")
        path = f"{path} > {own}" if path else own
        above.append((indent or 0, number, rate_line, path))
        rows.append((number, parent, rate_line, path))
    columns = {
        "line_number": "bigint",
        "parent_line_number": "bigint",
        "rate_line_number": "bigint",
        "description_path": "varchar",
    }
    _make(con, "outline", columns, rows)


def _footnotes(con: duckdb.DuckDBPyConnection, partition: str) -> None:
    """Make `tariff_footnotes`: one row for each footnote of a line, with the headings that it names."""
    con.execute("""
        create temp table notes as
        select line_number, generate_subscripts(notes, 1) as footnote_number, unnest(notes) as note
        from (select line_number, cast(line -> 'footnotes' as json[]) as notes from served)
        where len(notes) > 0
    """)
    texts = con.execute(
        "select distinct note ->> 'value' as text from notes where text is not null"
    ).fetchall()
    words = [(text, plain(text), ",".join(codes_in(plain(text))) or None) for (text,) in texts]
    columns = {"served": "varchar", "footnote_text": "varchar", "referenced_codes": "varchar"}
    _make(con, "footnote_words", columns, words)
    con.execute(f"""
        create table tariff_footnotes as
        select '{partition}' as revision, line_number, footnote_number::integer as footnote_number,
               nullif(array_to_string(cast(note -> 'columns' as varchar[]), ','), '') as line_columns,
               note ->> 'marker' as marker, note ->> 'type' as footnote_type, footnote_text, referenced_codes
        from notes left join footnote_words on served = (note ->> 'value')
        order by line_number, footnote_number
    """)


def _parts(con: duckdb.DuckDBPyConnection, partition: str) -> None:
    """Make `tariff_rate_parts`: what each text of a rate says, which does not depend on where it stands."""
    each = " union ".join(f"select {column}_rate_text as text from tariff_lines" for column in RATE_FIELDS)
    texts = con.execute(f"select text from ({each}) where text is not null order by text").fetchall()
    rows = [
        (
            text,
            rate_number,
            part_number,
            ",".join(rate.programmes) or None,
            part.kind,
            part.text,
            part.ad_valorem_rate,
            part.specific_amount_usd,
            part.specific_unit,
            part.applies_to,
            ",".join(part.referenced_codes) or None,
        )
        for (text,) in texts
        for rate_number, rate in enumerate(rates(text), start=1)
        for part_number, part in enumerate(rate.parts, start=1)
    ]
    _make(con, "parts", PART_COLUMNS, rows)
    con.execute(f"""
        create table tariff_rate_parts as
        select '{partition}' as revision, * from parts order by rate_text, rate_number, part_number
    """)


def _revision(con: duckdb.DuckDBPyConnection, partition: str, release: bytes | None) -> None:
    """Make `tariff_revisions`, one row; the name and the day of a release are null for one from a file."""
    said = _release(release) if release else {}
    con.execute(
        """
        create table tariff_revisions as
        select ? as revision, ?::varchar as release_name, ?::date as released_on
        """,
        [partition, said.get("name"), _day(said.get("releaseStartDate") or said.get("date"))],
    )


def _day(text: object) -> date | None:
    try:
        return datetime.strptime(str(text), "%m/%d/%Y").date()
    except ValueError:
        return None


def _report_what_is_new(con: duckdb.DuckDBPyConnection) -> None:
    """Make `bad_values`: fields that are not known or missing, and values that have no place in a table."""
    known = ", ".join(f"'{field}'" for field in FIELDS)
    con.execute(f"""
        create table bad_values as
        with field as (
            select line_number, unnest(json_keys(line)) as name from served
        ), fault as (
            select line_number, name as column_name, null as text_value, 'a field that is not known' as reason
            from field where name not in ({known})
            union all
            select line_number, name, null, 'the field is missing'
            from served cross join (select unnest([{known}]) as name)
            anti join field using (line_number, name)
            union all
            select line_number, 'indent', line ->> 'indent', 'not a whole number'
            from served where try_cast(line ->> 'indent' as integer) is null
            union all
            select line_number, 'htsno', line ->> 'htsno', 'not a code'
            from served
            where not regexp_full_match(trim(line ->> 'htsno'), '([0-9]{{4}}([.][0-9]{{2}}){{0,3}})?')
            union all
            select line_number, 'units', line ->> 'units', 'more than two units'
            from served where json_array_length(line -> 'units') > 2
            union all
            select line_number, 'addiitionalDuties', line ->> 'addiitionalDuties', 'never had a value so far'
            from served where coalesce(line ->> 'addiitionalDuties', '') <> ''
        )
        select 'tariff_lines' as table_name, line_number as row_number, column_name, text_value, reason
        from fault order by all
    """)


def _make(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Iterable[tuple]
) -> None:
    rows = list(rows)
    each = ", ".join(f"unnest(?::{kind}[]) as {column}" for column, kind in columns.items())
    con.execute(
        f"create temp table {table} as select {each}", [[row[i] for row in rows] for i in range(len(columns))]
    )


SOURCE = Source(
    name="usitc_hts",
    title="US International Trade Commission, tariff schedule",
    base_url="hts_url",
    classify=classify,
    attribution="US International Trade Commission, Harmonized Tariff Schedule of the United States.",
    largest_bytes=128 * 1024**2,
    datasets=(
        Dataset(
            name="tariff_schedule",
            grain="revision",
            tables=("tariff_lines", "tariff_footnotes", "tariff_rate_parts", "tariff_revisions"),
            plan=_plan,
            files=_files,
            agree=_agree,
            read=_read,
            suite="tariff_schedule",
        ),
    ),
)

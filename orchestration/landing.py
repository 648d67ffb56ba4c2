"""Landing: typed Parquet for each dataset, partition and vintage. Write, audit, publish.

    landing/<source>/<dataset>/<partition>/<vintage>-r<reader version>/<table>.parquet, commit.json
    quarantine/…/<the same>/<table>.parquet, report.json

A partition is committed by one rename, and only after its gate has passed. What fails goes to the
quarantine with its reasons, and the vintage that was landed before stays in use.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd

from data_quality.runner import CheckResult, GateResult, run_suite
from data_quality.suites.landing import SUITES, context
from orchestration.archive import (
    VINTAGE_FORMAT,
    ArchiveDamaged,
    Snapshot,
    may_fill,
    open_archive,
    unread,
)
from orchestration.files import NotWritten, directory_in_one_rename, partial_of, reason_of, write_atomically
from orchestration.settings import SEEDS, Settings, is_address
from orchestration.sources.model import EVERYTHING, Dataset, Grain, Refused
from orchestration.sources.registry import DATASETS

SEED_TYPES = {
    **dict.fromkeys(("valid_from", "valid_to", "proven_from", "proven_to"), "date"),
    **dict.fromkeys(("members_known", "substitutes_duty"), "boolean"),
}


class Rejected(Exception):
    """A partition did not pass; the message says why and what to do. `gate` is None if it was unreadable."""

    def __init__(self, message: str, gate: GateResult | None = None):
        super().__init__(message)
        self.gate = gate


class MixedOrigins(Refused):
    """Sample and live data met in one data directory."""


class LandingDamaged(Refused):
    """Something in landing is not what was put there."""


@dataclass(frozen=True)
class Landed:
    """A committed partition. `tables` gives rows and, where there is one, the total of value_usd."""

    source: str
    dataset: str
    partition: str
    vintage_at: datetime
    digest: str
    origin: str
    composed_from: tuple[str, ...]
    partners: tuple[str, ...]
    rate_provisions: tuple[str, ...]
    levels: tuple[str, ...]
    tables: dict[str, dict[str, int | None]]
    gate: GateResult
    folder: Path


def content_digest(dataset: Dataset, snapshot: Snapshot) -> str:
    """Identity of what a reader makes of a snapshot: the bytes and the reader's version."""
    return hashlib.sha256(f"{snapshot.digest}:{dataset.reader_version}".encode()).hexdigest()


def land(settings: Settings, dataset: Dataset, snapshot: Snapshot) -> Landed:
    """Read a snapshot, put it through its gate and commit it; a snapshot that is landed is left alone.

    Raises `Rejected` after it has put the rows and the reasons into the quarantine, and `MixedOrigins` when
    the directory holds the other kind of data, served by an agency or composed.
    """
    folder = _folder(settings.landing_dir, dataset, snapshot)
    if (folder / "commit.json").exists():
        return read_commit(folder)
    _refuse_mixture(settings, snapshot)
    quarantine = _folder(settings.quarantine_dir, dataset, snapshot)
    with duckdb.connect(config={"threads": 2}) as con:
        try:
            read(con, settings, dataset, snapshot)
        except (Refused, ArchiveDamaged) as error:
            message = f"{dataset.name} {snapshot.partition}: {error}"
            _quarantine(con, quarantine, (), message, None)
            raise Rejected(message) from None
        # From here on it is written while it is scanned. To spread each of them over both cores costs more.
        con.execute("set threads = 1")
        try:
            landed = commit(con, folder, dataset, snapshot, lambda: audit(con, settings, dataset, snapshot))
        except Rejected as rejection:
            _quarantine(con, quarantine, dataset.tables, str(rejection), rejection.gate)
            raise
    shutil.rmtree(quarantine, ignore_errors=True)
    return landed


def landed_digest(settings: Settings, grain: Grain, partitions: Iterable[str]) -> str | None:
    """Identity of what is landed of the partitions of a grain; None while there is something to land.

    That is what the archive or a named file holds and landing does not, and what may be asked for.
    """
    if settings.fetch == "always":
        return None
    archive = open_archive(settings)
    content = hashlib.sha256()
    for source, dataset in DATASETS.values():
        if dataset.grain != grain:
            continue
        if unread(settings, archive, source, dataset):
            return None
        for partition in partitions:
            try:
                snapshot = archive.latest(source.name, dataset.name, partition, settings.as_of)
            except ArchiveDamaged:
                # Landing says so, and rejects it.
                return None
            if snapshot is None:
                if may_fill(settings, source) and is_address(getattr(settings, source.base_url)):
                    return None
                continue
            folder = _folder(settings.landing_dir, dataset, snapshot)
            if not (folder / "commit.json").exists():
                return None
            content.update(f"{folder.relative_to(settings.landing_dir)} {snapshot.digest}\n".encode())
    return content.hexdigest()[:16]


def not_landed(settings: Settings) -> dict[Grain, list[str]]:
    """Partitions of which the archive holds something newer than what is landed, by kind of partition.

    They were rejected, or landing was ended before it came to them, or a newer reader reads them anew. A
    damaged manifest counts: landing says what is wrong with it.
    """
    archive = open_archive(settings)
    found: dict[Grain, set[str]] = {}
    for source, dataset in DATASETS.values():
        for partition in archive.partitions(source.name, dataset.name):
            try:
                snapshot = archive.latest(source.name, dataset.name, partition, settings.as_of)
            except ArchiveDamaged:
                snapshot = None
                found.setdefault(dataset.grain, set()).add(partition)
            if snapshot and not (_folder(settings.landing_dir, dataset, snapshot) / "commit.json").exists():
                found.setdefault(dataset.grain, set()).add(partition)
    return {grain: sorted(partitions) for grain, partitions in found.items()}


def audit(
    con: duckdb.DuckDBPyConnection, settings: Settings, dataset: Dataset, snapshot: Snapshot
) -> GateResult:
    """Put the tables that `read` made through the gate of their dataset."""
    facts = context(
        dataset.name,
        snapshot.partition,
        flow=dataset.flow,
        partners=snapshot.scope.partners,
        rate_provisions=snapshot.scope.rate_provisions,
    )
    try:
        return run_suite(con, SUITES[dataset.suite], facts, settings.quality_dir)
    except OSError as error:
        raise NotWritten(settings.quality_dir, reason_of(error)) from None


def read(con: duckdb.DuckDBPyConnection, settings: Settings, dataset: Dataset, snapshot: Snapshot) -> None:
    """Make the tables of a partition in `con`, and beside them what the gate compares them with.

    Beside the dataset's tables: bad_values; provenance(level, origin, composed_from); previous(table_name,
    row_count, value_usd, what); and the seeds that its checks name. For a list as it is on a day also
    previous_<table>, the rows of the day that it is compared with, none for the first one.
    """
    archive = open_archive(settings)
    answered = [entry for entry in snapshot.entries if entry.sha256 is not None]
    with ThreadPoolExecutor(max_workers=2) as pool:
        paths = list(pool.map(archive.verified_path, answered))
    dataset.read(con, snapshot.partition, {e.request: path for e, path in zip(answered, paths, strict=True)})
    con.execute("create table provenance (level varchar, origin varchar, composed_from varchar[])")
    for entry in answered:
        row = [dataset.level(entry.request), entry.origin, list(entry.composed_from)]
        con.execute("insert into provenance values (?, ?, ?)", row)
    con.execute(
        "create table previous (table_name varchar, row_count bigint, value_usd hugeint, what varchar)"
    )
    earlier, what = _earlier(settings, dataset, snapshot)
    for table, size in earlier.tables.items() if earlier else ():
        row = [table, size["row_count"], size["value_usd"], what]
        con.execute("insert into previous values (?, ?, ?, ?)", row)
    if dataset.grain in ("amendment", "day"):
        _make_previous(con, dataset, earlier)
    checked = {table for check in SUITES[dataset.suite].checks for table in check.tables}
    for path in SEEDS.rglob("*.csv"):
        if path.stem in checked:
            _read_seed(con, path)


def commit(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    dataset: Dataset,
    snapshot: Snapshot,
    judge: Callable[[], GateResult],
) -> Landed:
    """Write the tables in `con` as Parquet into `folder`, by one rename. Refuses what has not passed.

    judge: puts the tables through their gate. They are written meanwhile, into a folder that is removed
           unless the gate gives a pass: neither keeps two cores busy by itself.
    """
    with directory_in_one_rename(folder) as partial:
        with ThreadPoolExecutor(max_workers=1) as pool:
            writing = pool.submit(_write_tables, con.cursor(), dataset.tables, partial, snapshot.vintage_at)
            gate = judge()
        if not gate.passed:
            raise Rejected(gate.message, gate)
        sizes = writing.result()
        content = {
            "source": snapshot.source,
            "dataset": dataset.name,
            "partition": snapshot.partition,
            "vintage_at": snapshot.vintage_at.isoformat(),
            "digest": content_digest(dataset, snapshot),
            "origin": snapshot.origin,
            "composed_from": list(snapshot.composed_from),
            "partners": list(snapshot.scope.partners),
            "rate_provisions": list(snapshot.scope.rate_provisions),
            "levels": sorted({dataset.level(entry.request) for entry in snapshot.entries}),
            "tables": sizes,
            "checks": gate.as_rows(),
        }
        (partial / "commit.json").write_text(json.dumps(content, indent=1) + "\n")
    return read_commit(folder)


def landed(settings: Settings, source: str, dataset: str, partition: str) -> list[Landed]:
    """All committed vintages of a partition that were known at the as-of date, oldest first."""
    folder = settings.landing_dir / source / dataset / partition
    folders = sorted((path.parent for path in folder.glob("[!.]*/commit.json")), key=_version)
    commits = [read_commit(folder) for folder in folders]
    return [c for c in commits if settings.as_of is None or c.vintage_at <= settings.as_of]


def selected(settings: Settings) -> Iterator[Landed]:
    """The vintage of every partition that the warehouse is to use: the newest one that was accepted."""
    for name, (source, _) in DATASETS.items():
        root = settings.landing_dir / source.name / name
        for folder in sorted(root.glob("[!.]*")):
            vintages = landed(settings, source.name, name, folder.name)
            if vintages:
                yield vintages[-1]


def write_warehouse_inputs(settings: Settings) -> list[Landed]:
    """Tell dbt which files to read and what they cover: inputs/selection.parquet and coverage.parquet.

    Gives what was selected, so that what is said of a release is said of the same partitions.
    """
    items = list(selected(settings))
    selection, coverage = [], []
    for item in items:
        _, dataset = DATASETS[item.dataset]
        # A moment with a zone would be written in that of the machine.
        vintage_at = item.vintage_at.astimezone(UTC).replace(tzinfo=None)
        period = {"flow": dataset.flow, "period_grain": None, "period_start": None}
        if dataset.grain in ("month", "year"):
            period |= {"period_grain": dataset.grain, "period_start": period_start(item.partition)}
            coverage += [
                {
                    "dataset": item.dataset,
                    **period,
                    "level": level,
                    "partner_code": partner,
                    "status": "covered",
                    "reason": _covers(item),
                    "vintage_at": vintage_at,
                }
                for level in item.levels
                for partner in item.partners or ("*",)
            ]
        selection += [
            {
                "source": item.source,
                "dataset": item.dataset,
                "table_name": table,
                **period,
                "partition": item.partition,
                "path": str(item.folder / f"{table}.parquet"),
                "digest": item.digest,
                "vintage_at": vintage_at,
                "origin": item.origin,
                **size,
            }
            for table, size in item.tables.items()
        ]
    coverage += _not_landed(settings)
    _write_input(settings, "selection", SELECTION_COLUMNS, selection)
    _write_input(settings, "coverage", COVERAGE_COLUMNS, coverage)
    return items


SELECTION_COLUMNS = {
    "source": "varchar",
    "dataset": "varchar",
    "table_name": "varchar",
    "flow": "varchar",
    "period_grain": "varchar",
    "period_start": "date",
    "partition": "varchar",
    "path": "varchar",
    "digest": "varchar",
    "vintage_at": "timestamp",
    "origin": "varchar",
    "row_count": "bigint",
    "value_usd": "hugeint",
}
COVERAGE_COLUMNS = {
    "dataset": "varchar",
    "flow": "varchar",
    "period_grain": "varchar",
    "period_start": "date",
    "level": "varchar",
    "partner_code": "varchar",
    "status": "varchar",
    "reason": "varchar",
    "vintage_at": "timestamp",
}


def period_start(partition: str) -> date:
    """First day of a partition: '2025-03' → 2025-03-01, '2024' → 2024-01-01."""
    return date.fromisoformat(f"{partition}-01" if len(partition) == 7 else f"{partition}-01-01")


def _covers(item: Landed) -> str | None:
    """What the word 'covered' leaves out, if anything."""
    if not item.rate_provisions:
        return None
    return f"asked for rate provision {', '.join(item.rate_provisions)} only"


def quarantined(settings: Settings) -> list[str]:
    """Why the newest vintage of a partition is kept out, for every partition where that is so."""
    messages = []
    for (source, name, partition), folder in _rejected(settings).items():
        accepted = landed(settings, source, name, partition)
        if not accepted or _version(accepted[-1].folder) < _version(folder):
            messages.append(_message(folder))
    return messages


def _rejected(settings: Settings) -> dict[tuple[str, str, str], Path]:
    """The newest rejected vintage, known at the as-of date, of each source, dataset and partition."""
    folders = [report.parent for report in settings.quarantine_dir.glob("*/*/*/[!.]*/report.json")]
    known = sorted(
        (folder for folder in folders if settings.as_of is None or _vintage_at(folder) <= settings.as_of),
        key=lambda folder: (folder.parts[-4:-1], _version(folder)),
    )
    return {folder.parts[-4:-1]: folder for folder in known}


def _message(rejected: Path) -> str:
    return json.loads((rejected / "report.json").read_text())["message"]


def _not_landed(settings: Settings) -> Iterator[dict[str, object]]:
    """Partitions that were rejected and have no accepted vintage."""
    for (source, name, partition), folder in _rejected(settings).items():
        if name not in DATASETS or landed(settings, source, name, partition):
            continue
        _, dataset = DATASETS[name]
        if dataset.grain not in ("month", "year"):
            continue
        for level in sorted({dataset.level(request) for request in dataset.plan(partition, EVERYTHING)}):
            yield {
                "dataset": name,
                "flow": dataset.flow,
                "period_grain": dataset.grain,
                "period_start": period_start(partition),
                "level": level,
                "partner_code": "*",
                "status": "rejected",
                "reason": _message(folder),
                "vintage_at": None,
            }


def _write_input(
    settings: Settings, name: str, columns: dict[str, str], rows: list[dict[str, object]]
) -> None:
    target = settings.warehouse_dir / "inputs" / f"{name}.parquet"
    partial = partial_of(target)
    frame = pd.DataFrame(rows, columns=list(columns)).astype(object)
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as con:
            con.register("frame", frame.where(frame.notna(), None))
            _copy(con, f"select {typed} from frame order by all", partial)
        partial.replace(target)
    except OSError as error:
        raise NotWritten(target, reason_of(error)) from None


def _folder(root: Path, dataset: Dataset, snapshot: Snapshot) -> Path:
    version = f"{snapshot.vintage}-r{dataset.reader_version}"
    return root / snapshot.source / snapshot.dataset / snapshot.partition / version


def _version(folder: Path) -> tuple[str, int]:
    """Vintage and reader version, so that the tenth reader comes after the ninth."""
    vintage, _, reader_version = folder.name.rpartition("-r")
    return vintage, int(reader_version)


def _vintage_at(folder: Path) -> datetime:
    return datetime.strptime(_version(folder)[0], VINTAGE_FORMAT).replace(tzinfo=UTC)


def _earlier(settings: Settings, dataset: Dataset, snapshot: Snapshot) -> tuple[Landed | None, str]:
    """What the size of a partition is compared with: its own last vintage, else the period before it.

    One that fills while its year goes on is compared with itself alone.
    """
    own = [
        c
        for c in landed(settings, snapshot.source, dataset.name, snapshot.partition)
        if c.vintage_at < snapshot.vintage_at and c.partners == snapshot.scope.partners
    ]
    if own:
        return own[-1], f"the vintage of {own[-1].vintage_at:%Y-%m-%d} of {snapshot.partition}"
    if dataset.fills:
        return None, ""
    root = settings.landing_dir / snapshot.source / dataset.name
    for folder in sorted(root.glob("[!.]*"), reverse=True):
        if folder.name >= snapshot.partition:
            continue
        vintages = landed(settings, snapshot.source, dataset.name, folder.name)
        if vintages and vintages[-1].partners == snapshot.scope.partners:
            return vintages[-1], folder.name
    return None, ""


def _make_previous(con: duckdb.DuckDBPyConnection, dataset: Dataset, earlier: Landed | None) -> None:
    for table in dataset.tables:
        rows = f"from {table} limit 0" if earlier is None else "from read_parquet(?)"
        given = [] if earlier is None else [str(earlier.folder / f"{table}.parquet")]
        con.execute(f"create table previous_{table} as {rows}", given)


def _write_tables(
    con: duckdb.DuckDBPyConnection, tables: tuple[str, ...], folder: Path, vintage_at: datetime
) -> dict[str, dict[str, int | None]]:
    """Write all tables; gives for each its rows and, where there is one, the total of value_usd."""
    vintage = vintage_at.strftime("%Y-%m-%d %H:%M:%S")
    sizes = {}
    for table in tables:
        _copy(con, f"select *, timestamp '{vintage}' as vintage_at from {table}", folder / f"{table}.parquet")
        columns = [
            column for (column,) in con.execute(f"select column_name from (describe {table})").fetchall()
        ]
        value = "sum(value_usd)" if "value_usd" in columns else "null"
        rows, total = con.execute(f"select count(*), {value} from {table}").fetchone()
        sizes[table] = {"row_count": rows, "value_usd": None if total is None else int(total)}
    return sizes


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write what a query gives as Parquet; raises `OSError` when the disk does not take it."""
    path = str(target).replace("'", "''")
    try:
        # A dictionary of amounts, which hardly repeat, takes time and no less room.
        options = "format parquet, compression zstd, compression_level 1, dictionary_size_limit 1000"
        con.execute(f"copy ({query}) to '{path}' ({options})")
    except duckdb.IOException as error:
        # Its message ends with that of the operating system; the file that it names is about to go.
        raise OSError(str(error).splitlines()[0].rpartition('": ')[2]) from None


def read_commit(folder: Path) -> Landed:
    """A committed partition, from what was written beside its tables; raises `LandingDamaged`."""
    try:
        content = json.loads((folder / "commit.json").read_text())
    except ValueError:
        raise LandingDamaged(
            f"{folder / 'commit.json'} is damaged. Remove the folder {folder}: the next run lands it again "
            "from the archive."
        ) from None
    return Landed(
        source=content["source"],
        dataset=content["dataset"],
        partition=content["partition"],
        vintage_at=datetime.fromisoformat(content["vintage_at"]),
        digest=content["digest"],
        origin=content["origin"],
        composed_from=tuple(content["composed_from"]),
        partners=tuple(content["partners"]),
        rate_provisions=tuple(content["rate_provisions"]),
        levels=tuple(content["levels"]),
        tables=content["tables"],
        gate=_gate_of(content["checks"]),
        folder=folder,
    )


def _refuse_mixture(settings: Settings, snapshot: Snapshot) -> None:
    # A file that somebody has, or has published, goes with both kinds.
    commits = (read_commit(path.parent) for path in settings.landing_dir.glob("*/*/*/[!.]*/commit.json"))
    origins = (commit.origin for commit in commits if commit.origin != "file")
    if snapshot.origin != "file" and next(origins, snapshot.origin) != snapshot.origin:
        raise MixedOrigins(
            f"{settings.data_dir} holds data of the other kind: answers of an agency and composed ones (the "
            "sample) must not share a warehouse. Give one of them another AITB_DATA_DIR."
        )


def _gate_of(rows: list[dict[str, str]]) -> GateResult:
    """A gate as it was committed; the rows that explain a check are not kept with it."""
    checks = tuple(
        CheckResult(
            row["check_name"], row["status"], row["severity"], row["message"], json.loads(row["metrics"])
        )
        for row in rows
    )
    return GateResult(rows[0]["suite"], rows[0]["subject"], checks)


def _read_seed(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A seed as a table of text, with its dates and truth values typed."""
    name = path.stem
    # The dialect is named, because finding it out costs four times as much as reading.
    con.execute(
        f"""
        create table {name} as
        from read_csv(?, header = true, all_varchar = true, nullstr = '',
                      delim = ',', quote = '"', escape = '"', new_line = '\\n')
        """,
        [str(path)],
    )
    columns = [column for (column,) in con.execute(f"select column_name from (describe {name})").fetchall()]
    for column in columns:
        if column in SEED_TYPES:
            con.execute(f"alter table {name} alter {column} type {SEED_TYPES[column]}")


def _quarantine(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: tuple[str, ...],
    message: str,
    gate: GateResult | None,
) -> None:
    """Keep what was rejected and why."""
    with directory_in_one_rename(folder) as partial:
        for table in tables:
            _copy(con, f"from {table}", partial / f"{table}.parquet")
        report = {
            "message": message,
            "failed": [
                {
                    "check": check.name,
                    "message": check.message,
                    "rows": json.loads(check.failing_rows.to_json(orient="records", date_format="iso")),
                }
                for check in (gate.failed if gate else ())
            ],
        }
        write_atomically(partial / "report.json", (json.dumps(report, indent=1) + "\n").encode())

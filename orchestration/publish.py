"""Publishing: what BI tools read, swapped in by one rename.

    published/releases/<release id>/ai_trade.duckdb, <table>.parquet …, release.json
    published/current            → releases/<release id>     (the rename that publishes)
    published/ai_trade.duckdb    → current/ai_trade.duckdb   (and so on for every file: stable names)

A reader that holds the old release keeps it. The same input gives the same Parquet bytes: tables are
written in the order of their key, and only `release_info` says when it was built.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.archive import open_archive
from orchestration.dbt import DBT_CODE
from orchestration.files import NotWritten, directory_in_one_rename, files_digest, partial_of
from orchestration.landing import Landed, quarantined, selected
from orchestration.settings import REPOSITORY, Settings

DATABASE = "ai_trade.duckdb"
RELEASE_FILE = "release.json"
# Older readers (DuckDB 1.0 and what bundles it) open files of this storage version.
STORAGE_VERSION = "v1.0.0"
RELEASES_KEPT = 3
# How a partition compares with what was landed before is history, not a property of the release.
HISTORY_CHECKS = ("size", "entries_kept", "parts_kept")
MEMORY_LIMIT = "2GB"
CODE = ("orchestration/**/*.py", "data_quality/**/*.py", *DBT_CODE)


@dataclass(frozen=True)
class PublishedTable:
    """A table of the contract, the columns that identify its rows, and what it says about itself.

    A view or a table macro has no rows of its own: it is a query over tables of the same file.
    """

    name: str
    relation: str
    key: tuple[str, ...]
    description: str
    columns: Mapping[str, str]
    is_query: bool = False


RELEASE_TABLES = (
    PublishedTable(
        "release_info",
        "memory.release_info",
        ("release_id",),
        "One row: which release this is. release_id is a hash of the landed input with its checks, the code "
        "with its seeds, and the as-of date; built_at (UTC) is the only figure of a release that two builds "
        "do not share.",
        {"origin": "agency, or composed (made in the agency's format from its figures); else file."},
    ),
    PublishedTable(
        "release_checks",
        "memory.release_checks",
        ("layer", "subject", "check_name", "message"),
        "One row per check behind this release: of landing (by partition), staging, marts, and dbt's tests.",
        {"status": "passed, warned, not_independent, across_vintages or not_served; failed stops a release."},
    ),
)


def code_digest() -> str:
    """Identity of everything in the repository that decides what a release holds, seeds included."""
    return files_digest(REPOSITORY, *CODE)


def inputs_digest(settings: Settings) -> str:
    """Identity of what a run starts from: when it is unchanged and all went well, there is nothing to do."""
    as_of = settings.as_of.isoformat() if settings.as_of else ""
    parts = (open_archive(settings).digest(), code_digest(), as_of)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def identity(settings: Settings, items: Sequence[Landed]) -> dict:
    """What a release made from these partitions is: its id, its origin and the commits it stands on.

    The id is a hash of the landed content and of what its gates said, of what was rejected, of the code with
    its seeds, and of the as-of date.
    """
    as_of = settings.as_of.isoformat() if settings.as_of else None
    content = [f"{item.dataset}/{item.partition}:{item.vintage_at}:{item.digest}" for item in items]
    code = code_digest()
    # Landed by earlier code, a partition may have passed other checks.
    verdicts = [json.dumps(row) for row in landing_checks(items)]
    parts = [*sorted(content), *verdicts, *quarantined(settings), code, as_of or ""]
    return {
        "release_id": hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16],
        # Label lists are files that go with either kind; they are named in `release_vintages`.
        "origin": "+".join(sorted({item.origin for item in items} - {"file"})) or "file",
        "composed_from": sorted({name for item in items for name in item.composed_from}),
        "as_of": as_of,
        "code_digest": code,
        "commits": [str(item.folder.relative_to(settings.landing_dir)) for item in items],
    }


def landing_checks(items: Sequence[Landed]) -> list[dict[str, str]]:
    """What the gates of these partitions said, as rows of `release_checks`."""
    return [
        {"layer": "landing", **outcome(check)}
        for item in items
        for check in item.gate.as_rows()
        if check["check_name"] not in HISTORY_CHECKS
    ]


def outcome(check: Mapping[str, str]) -> dict[str, str]:
    """Of a check that somebody has kept, what a release says of it."""
    return {name: check[name] for name in ("subject", "check_name", "status", "message")}


def release_id(settings: Settings) -> str:
    """The id that a release of what is landed now would have."""
    return identity(settings, list(selected(settings)))["release_id"]


def current_release(settings: Settings) -> dict | None:
    """release.json of the release that readers see, or None when there is none."""
    try:
        return json.loads((settings.release_dir / RELEASE_FILE).read_text())
    except FileNotFoundError:
        return None


def published_tables(manifest: dict) -> list[PublishedTable]:
    """The tables of the consumer contract: dbt nodes whose meta names their key, `published_key`."""
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and "published_key" in node["meta"]
    ]
    return [
        PublishedTable(
            name=node["name"],
            relation=f'warehouse."{node["schema"]}"."{node["alias"]}"',
            key=tuple(node["meta"]["published_key"]),
            description=node["description"].strip(),
            columns={name: column["description"].strip() for name, column in node["columns"].items()},
            is_query=node["config"]["materialized"] in ("view", "table_macro"),
        )
        for node in sorted(nodes, key=lambda node: node["name"])
    ]


def build_release(settings: Settings, manifest: dict, about: dict, checks: list[dict[str, str]]) -> Path:
    """Copy the marts into the folder of a new release, which nobody reads yet; give that folder.

    about:  the `identity` of what the warehouse was built from.
    checks: rows of `release_checks` (layer, subject, check_name, status, message).
    A release that is there already is left as it is: its id stands for its content.
    """
    tables = published_tables(manifest)
    if not tables:
        raise ValueError("No dbt model says that it is published: meta.published_key is missing everywhere.")
    target = settings.release_dir / "releases" / about["release_id"]
    if (target / RELEASE_FILE).exists():
        return target
    info = about | {"built_at": datetime.now(UTC).isoformat("T", "seconds")}
    with directory_in_one_rename(target) as partial:
        try:
            info["tables"] = _write_tables(settings, partial, tables, info, checks)
        except duckdb.IOException as error:
            raise NotWritten(target, str(error).splitlines()[0]) from None
        (partial / RELEASE_FILE).write_text(json.dumps(info, indent=1) + "\n")
    return target


def swap_in(settings: Settings, target: Path) -> dict:
    """Let readers see a release that was built; give its release.json.

    `current` moves by one rename; then every file of the release gets its stable name beside it.
    """
    root = settings.release_dir
    # Which are kept goes by when readers got them; this one may have been here before.
    now = time.time_ns()
    os.utime(target, ns=(now, now))
    _link(root / "current", target.relative_to(root))
    names = {path.name for path in target.iterdir()}
    for name in names:
        if not (root / name).is_symlink():
            _link(root / name, Path("current") / name)
    for path in root.iterdir():
        # Others may have links of their own here.
        if path.is_symlink() and path.readlink().parent == Path("current") and path.name not in names:
            path.unlink()
    _remove_old(root, target)
    return json.loads((target / RELEASE_FILE).read_text())


def _write_tables(
    settings: Settings, folder: Path, tables: list[PublishedTable], info: dict, checks: list[dict[str, str]]
) -> dict[str, int]:
    """Write every table as Parquet, in the order of its key, and from that into the database; give rows."""
    spill = settings.warehouse_dir / "spill"
    row_counts = {}
    written = [*(table for table in tables if not table.is_query), *RELEASE_TABLES]
    with duckdb.connect(config={"temp_directory": str(spill), "memory_limit": MEMORY_LIMIT}) as con:
        warehouse, release = (_text(str(path)) for path in (settings.warehouse_file, folder / DATABASE))
        con.execute(f"attach {warehouse} as warehouse (read_only)")
        con.execute(f"attach {release} as release (storage_version '{STORAGE_VERSION}')")
        _describe_release(con, info, checks)
        # Most tables are too small to keep two cores busy.
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(lambda table: _write_parquet(con, folder, table), written))
        # A commit for each of a thousand comments takes longer than the tables do.
        con.execute("begin")
        for table in written:
            name = f"release.main.{table.name}"
            con.execute(f"create table {name} as from read_parquet({_parquet(folder, table)})")
            con.execute(f"comment on table {name} is {_text(table.description)}")
            for column, description in table.columns.items():
                con.execute(f"comment on column {name}.{column} is {_text(description)}")
            (row_counts[table.name],) = con.execute(f"select count(*) from {name}").fetchone()
        con.execute("commit")
        for table in tables:
            if table.is_query:
                _write_query(con, table)
        con.execute("use memory")
        con.execute("detach release")
    shutil.rmtree(spill, ignore_errors=True)
    return row_counts


def _write_parquet(con: duckdb.DuckDBPyConnection, folder: Path, table: PublishedTable) -> None:
    with con.cursor() as cursor:
        cursor.execute(f"""
            copy (from {table.relation} order by {", ".join(table.key)})
            to {_parquet(folder, table)} (format parquet, compression zstd)
        """)


def _write_query(con: duckdb.DuckDBPyConnection, table: PublishedTable) -> None:
    """Make a view or a table macro of the warehouse anew in the release, over its tables."""
    (view, arguments, definition) = con.execute(
        """
        select 'view', null, sql from duckdb_views()
        where database_name = 'warehouse' and view_name = $name
        union all
        select 'macro', array_to_string(parameters, ', '), macro_definition from duckdb_functions()
        where database_name = 'warehouse' and function_name = $name
        """,
        {"name": table.name},
    ).fetchone()
    # Names without a database: the file can be opened under any.
    definition = definition.replace('"warehouse".', "").replace("warehouse.main.", "main.")
    con.execute("use release")
    if view == "macro":
        con.execute(f"create macro main.{table.name}({arguments}) as table {definition}")
        con.execute(f"comment on macro table main.{table.name} is {_text(table.description)}")
        return
    con.execute(definition)
    con.execute(f"comment on view main.{table.name} is {_text(table.description)}")
    for column, description in table.columns.items():
        con.execute(f"comment on column main.{table.name}.{column} is {_text(description)}")


def _describe_release(con: duckdb.DuckDBPyConnection, info: dict, checks: list[dict[str, str]]) -> None:
    """Make release_info and release_checks, which only the publisher can know."""
    con.execute(
        "create table release_info as select ?::varchar as release_id, ?::varchar as origin, "
        "?::varchar as as_of, ?::varchar as code_digest, "
        "cast(? as timestamptz) at time zone 'UTC' as built_at",
        [info[name] for name in ("release_id", "origin", "as_of", "code_digest", "built_at")],
    )
    columns = ("layer", "subject", "check_name", "status", "message")
    con.execute(f"create table release_checks ({', '.join(f'{column} varchar' for column in columns)})")
    if checks:
        con.executemany(
            "insert into release_checks values (?, ?, ?, ?, ?)", [[row[c] for c in columns] for row in checks]
        )


def _parquet(folder: Path, table: PublishedTable) -> str:
    return _text(str(folder / f"{table.name}.parquet"))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _link(path: Path, to: Path) -> None:
    partial = partial_of(path)
    partial.symlink_to(to)
    partial.replace(path)


def _remove_old(root: Path, current: Path) -> None:
    """Keep the newest few releases: a reader may still be on its way through the one before."""
    releases = sorted((root / "releases").glob("[!.]*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [path for path in releases if path != current][RELEASES_KEPT - 1 :]:
        # One that was removed by half must never be taken for a release.
        gone = partial_of(path)
        path.rename(gone)
        shutil.rmtree(gone)

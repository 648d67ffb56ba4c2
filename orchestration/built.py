"""What the warehouse was built from, node by node, so that dbt is asked only about what may have changed.

dbt takes its time over each node, even one of which macros/made_of.sql finds that nothing has to be done. A
result stands, and is not asked for again, while the warehouse is as the build left it and everything that
decides the result is as it was then:

    the node's own file and description, all macros and settings, the libraries
    what is landed of the sources that it reads, and what is said of it in inputs/
    of a table or seed that it reads, what came out of it, once that stands; else what decides it
    of a view that it reads, the view's own file, and the same of what the view reads

A view itself has no rows: only the code counts, of it and of all behind it, and the files that it names.

The results of builds that ended well are in results/dbt.json. A build that failed or was killed leaves a
warehouse that is not the one this file speaks of: then nothing stands.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import files_digest, write_atomically
from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

# What may decide any node.
COMMON = (
    "dbt_project/macros/**/*.sql",
    "dbt_project/tests/generic/*.sql",
    "dbt_project/*.yml",
    "requirements.lock",
)
# Macros that read a table of inputs/ as a whole, and others that read only what is said there of the sources
# that the node reads, or of the coverage when `by_content` asks for it.
READ_INPUTS = {
    "macro.ai_trade.selection_input": frozenset(("selection",)),
    "macro.ai_trade.coverage_input": frozenset(("coverage",)),
    "macro.ai_trade.warehouse_input": frozenset(("selection", "coverage")),
}
READ_SOURCES = (
    "macro.ai_trade.landing",
    "macro.ai_trade.landed_partitions",
    "macro.ai_trade.is_to_load",
)

# Of these there is only the text of a query, which is run when they are read.
WITHOUT_ROWS = ("view", "table_macro")
# Of these there is no one record of what came out: partitions have theirs.
WITHOUT_CONTENT = (*WITHOUT_ROWS, "incremental")

# The unique_id of a node → its digest, or its result: status, message, what it was `made_of`, and the
# `content` that came out, where it is on record.
Digests = dict[str, str]
Results = dict[str, dict[str, str | None]]


def kept_results(settings: Settings) -> Results:
    """The results of the builds that made the warehouse; none when it is not as they left it.

    Raises duckdb.IOException when another process has the warehouse open for writing.
    """
    try:
        content = json.loads(_file(settings).read_text())
    except FileNotFoundError:
        return {}
    is_theirs = content["warehouse"] is not None and content["warehouse"] == _warehouse(settings)
    return content["results"] if is_theirs else {}


def standing(settings: Settings, manifest: Mapping[str, Any], kept: Results) -> Results:
    """Those of the results that a build would give again."""
    made_of = digests(settings, manifest, kept)
    return {
        unique_id: result for unique_id, result in kept.items() if result["made_of"] == made_of.get(unique_id)
    }


def digests(
    settings: Settings, manifest: Mapping[str, Any], kept: Results, anew: Set[str] = frozenset()
) -> Digests:
    """Identity of everything that decides what comes out, for each node that dbt gives a result for.

    Of those `anew` the kept result is that of a build that has just ended.
    """
    nodes, macros = manifest["nodes"], manifest["macros"]
    inputs = {name: _input(settings, name) for name in ("selection", "coverage")}
    common = files_digest(REPOSITORY, *COMMON)

    @cache
    def file(path: str) -> str:
        return hashlib.sha256((DBT_PROJECT / path).read_bytes()).hexdigest()

    @cache
    def read_by(macro: str) -> frozenset[str]:
        if macro in READ_INPUTS:
            return READ_INPUTS[macro]
        used = macros[macro]["depends_on"]["macros"] if macro not in READ_SOURCES else ()
        return frozenset().union(*map(read_by, used))

    def parents(unique_id: str) -> list[str]:
        return _parents(nodes[unique_id]) if unique_id in nodes else []

    @cache
    def landed(unique_id: str) -> str:
        """What is landed of a source, or of that what a node itself reads in inputs/."""
        if unique_id in manifest["sources"]:
            return inputs["selection"].get(manifest["sources"][unique_id]["identifier"], "nothing")
        node = nodes[unique_id]
        by_content = (node["config"].get("meta") or {}).get("by_content", {})
        read = {"coverage"} if by_content.get("coverage") else set()
        read = read.union(*map(read_by, node["depends_on"].get("macros", ())))
        return "\n".join(f"{name} {sorted(inputs[name].items())}" for name in sorted(read))

    @cache
    def own(unique_id: str) -> str:
        if unique_id in manifest["sources"]:
            return unique_id
        patch = nodes[unique_id].get("patch_path")
        files = [nodes[unique_id]["original_file_path"], *([patch.partition("://")[2]] if patch else ())]
        return _digest(unique_id, common, *map(file, files))

    @cache
    def code(unique_id: str) -> str:
        return _digest(own(unique_id), *map(code, parents(unique_id)))

    @cache
    def rows(unique_id: str) -> str:
        """What decides the rows that somebody finds who reads it."""
        return _digest(own(unique_id), landed(unique_id), *map(found, parents(unique_id)))

    @cache
    def found(unique_id: str) -> str:
        result = kept.get(unique_id, {})
        if result.get("content") and (unique_id in anew or result["made_of"] == digest(unique_id)):
            return result["content"]
        return rows(unique_id)

    @cache
    def digest(unique_id: str) -> str:
        if nodes[unique_id]["config"].get("materialized") not in WITHOUT_ROWS:
            return rows(unique_id)
        sources = [parent for parent in parents(unique_id) if parent in manifest["sources"]]
        return _digest(code(unique_id), landed(unique_id), *map(landed, sources))

    return {unique_id: digest(unique_id) for unique_id in with_result(manifest)}


def with_result(manifest: Mapping[str, Any]) -> set[str]:
    """The nodes that dbt gives a result for."""
    return {unique_id for unique_id in manifest["nodes"] if _has_result(manifest["nodes"], unique_id)}


def to_ask(manifest: Mapping[str, Any], stand: Results, step: Set[str]) -> set[str]:
    """What dbt has to be asked about in a step that builds the models and seeds `step`.

    That is those of them that do not stand, and each test that does not stand either, once all that it reads
    is built or stands.
    """
    at_hand = {*stand, *step}
    tests = {
        unique_id
        for unique_id in manifest["nodes"]
        if unique_id.startswith("test.") and at_hand.issuperset(_read_by(manifest["nodes"], unique_id))
    }
    return {*step, *tests} - stand.keys()


def keep(
    settings: Settings, manifest: Mapping[str, Any], kept: Results, stand: Results, built: Results
) -> None:
    """Keep the results of a build that ended well, and those that were `kept` before it of other nodes.

    Left out is what was made of a node whose result does not `stand`, as when somebody builds one table
    alone: it was made of what that node held before.
    """

    @cache
    def is_whole(unique_id: str) -> bool:
        if unique_id in built:
            return all(map(is_whole, _read_by(manifest["nodes"], unique_id)))
        return unique_id in stand

    known, contents = with_result(manifest), _contents(settings, manifest)
    whole = {
        unique_id: result | {"content": contents.get(unique_id)}
        for unique_id, result in built.items()
        # dbt gives results of its hooks as well.
        if unique_id in known and is_whole(unique_id)
    }
    others = {unique_id: result for unique_id, result in kept.items() if unique_id in known - built.keys()}
    results = others | whole
    made_of = digests(settings, manifest, results, whole.keys())
    results |= {unique_id: whole[unique_id] | {"made_of": made_of[unique_id]} for unique_id in whole}
    content = {"warehouse": _warehouse(settings), "results": results}
    write_atomically(_file(settings), json.dumps(content).encode())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _parents(node: Mapping[str, Any]) -> list[str]:
    return sorted(node["depends_on"].get("nodes", ()))


def _has_result(nodes: Mapping[str, Any], unique_id: str) -> bool:
    """Whether dbt builds or tests the node: an analysis and an ephemeral model it only writes out."""
    kind = unique_id.partition(".")[0]
    return (
        kind in ("model", "seed", "snapshot", "test")
        and nodes[unique_id]["config"].get("materialized") != "ephemeral"
    )


def _read_by(nodes: Mapping[str, Any], unique_id: str) -> set[str]:
    """The nodes with a result that a node reads, and those behind views and ephemeral models; no sources."""
    found = set()
    for parent in _parents(nodes[unique_id]):
        if parent in nodes:
            found |= {parent} if _has_result(nodes, parent) else set()
            if nodes[parent]["config"].get("materialized") in (*WITHOUT_ROWS, "ephemeral"):
                found |= _read_by(nodes, parent)
    return found


def _file(settings: Settings) -> Path:
    return settings.warehouse_dir / "results" / "dbt.json"


def _input(settings: Settings, name: str) -> dict[str, str]:
    """Identity of the rows about each dataset in a table of inputs/."""
    path = settings.warehouse_dir / "inputs" / f"{name}.parquet"
    rows = "md5(string_agg(cast(input as varchar), '|' order by cast(input as varchar)))"
    with duckdb.connect() as con:
        query = f"select dataset, {rows} from read_parquet(?) as input group by dataset"
        return dict(con.execute(query, [str(path)]).fetchall())


def _contents(settings: Settings, manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the tables and seeds hold, by their record in the warehouse."""
    path = settings.warehouse_file
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as con:
        recorded = dict(con.execute("select model_name, content from made_relation").fetchall())
    return {
        unique_id: recorded[node["alias"]]
        for unique_id, node in manifest["nodes"].items()
        if node["config"].get("materialized") not in WITHOUT_CONTENT and node.get("alias") in recorded
    }


def _warehouse(settings: Settings) -> str | None:
    """Identity of the warehouse, by what its tables and views record of themselves; None without one."""
    path = settings.warehouse_file
    if not path.exists():
        return None
    with duckdb.connect(str(path), read_only=True) as con:
        try:
            (found,) = con.execute("""
                select md5(string_agg(line, '|' order by line))
                from (
                    select concat_ws(',', 'made', model_name, made_of, content) as line from made_relation
                    union all
                    select concat_ws(',', 'loaded', model_name, flow, period_grain, period_start, digest)
                    from loaded_partition
                    union all
                    select concat_ws(',', table_type, table_schema, table_name) from information_schema.tables
                    union all
                    select concat_ws(',', function_type, schema_name, function_name, macro_definition)
                    from duckdb_functions()
                    where function_type = 'table_macro' and not internal
                )
            """).fetchone()
        except duckdb.CatalogException:
            # Killed before dbt had made the tables that record.
            return None
    return found

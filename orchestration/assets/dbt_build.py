"""`dbt build` inside this process, and what it tells as Dagster events.

A process of its own would import once more, for each step, what is imported here already.
"""

import shlex
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from graphlib import TopologicalSorter
from multiprocessing.dummy import DummyProcess
from typing import Any

import duckdb
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetKey,
    Failure,
    Output,
)
from dagster._utils.interrupts import raise_interrupts_as
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import (
    DbtCliInvocationPartialParams,
    get_asset_check_key_for_test,
    get_updated_cli_invocation_params_for_context,
)
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.core.dbt_event_iterator import DbtDagsterEventType
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.built import Results, keep, kept_results, standing, to_ask
from orchestration.dbt import is_parsed, parsed_manifest, target
from orchestration.settings import DBT_PROJECT, Settings

# A tag for the nodes that dbt is asked about. Given names, it would go through all that it knows of for each.
ASKED = "asked"
# It words what it does for debugging even where it then leaves it out: a tenth of its time.
QUIET = ("--log-level", "none", "--log-level-file", "none", "--no-use-colors")


def build(context: AssetExecutionContext, settings: Settings) -> Iterator[DbtDagsterEventType]:
    """Build the models that the step has selected, and run their data tests; keep the results.

    Yields an output for each model and a check result for each test, when dbt has finished. A step as a whole
    asks dbt only about what may have changed (`orchestration.built`); for the rest it yields the results that
    stand. Raises `Failure` with dbt's words when one of them failed, or when somebody else has the warehouse
    open.
    """
    chosen = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=DagsterDbtTranslator()
    )
    try:
        kept = kept_results(settings)
    except duckdb.IOException as error:
        raise Failure(f"The warehouse cannot be opened.\n{error}", allow_retries=False) from None
    stand = standing(settings, chosen.manifest, kept)
    selection = [*chosen.selection_args, "--indirect-selection", chosen.indirect_selection]
    asked: set[str] = set()
    events: dict[str, list[DbtDagsterEventType]] = defaultdict(list)
    # Whoever selects some assets in the UI wants them built.
    if stand and not context.is_subset:
        for unique_id, event in _left_alone(context, chosen, stand):
            events[unique_id].append(event)
        asked = to_ask(chosen.manifest, stand, _assets(context).keys())
        if not asked:
            yield from _in_order(chosen.manifest, events)
            return
        selection = ["--select", f"tag:{ASKED}", "--indirect-selection", "empty"]
    parsed = parsed_manifest(target(settings))
    for unique_id in asked:
        parsed.nodes[unique_id].tags.append(ASKED)
    arguments = [
        "build",
        # Unit tests belong to the code and run in CI.
        *("--exclude-resource-type", "unit_test"),
        *selection,
        *("--project-dir", str(chosen.dbt_project.project_dir)),
        *("--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target(settings))),
        # What it would write, manifest and results, is at hand here.
        "--no-write-json",
    ]
    context.log.info(f"dbt {shlex.join(arguments)}")
    told: list[EventMsg] = []
    finished = run_dbt(arguments, parsed, told)
    # When the warehouse is closed, what is new goes into its file, which takes seconds. Meanwhile Dagster is
    # told what came out.
    with ThreadPoolExecutor(max_workers=1) as beside:
        closing = beside.submit(let_go)
        for message in map(msg_to_dict, told):
            unique_id = message["data"].get("node_info", {}).get("unique_id", "")
            events[unique_id] += DbtCoreCliEventMessage(message, {}).to_default_asset_events(
                chosen.manifest, chosen.dagster_dbt_translator, context, target(settings), chosen.dbt_project
            )
        yield from _in_order(chosen.manifest, events)
        closing.result()
    failures = [message for message in told if message.info.level == "error"]
    if failures or not finished.success:
        raise Failure(f"dbt build failed.\n{_reasons(told)}", allow_retries=False)
    if not is_parsed(settings):
        # What came out would be kept as that of files which dbt has not seen.
        raise Failure(
            "The files of the dbt project were changed while it was built. Start the refresh again.",
            allow_retries=False,
        )
    results = {
        result.node.unique_id: {
            "status": result.status,
            "message": result.message,
        }
        for result in finished.result.results
    }
    keep(settings, chosen.manifest, kept, stand, results)


def _in_order(
    manifest: Mapping[str, Any], events: Mapping[str, list[DbtDagsterEventType]]
) -> Iterator[DbtDagsterEventType]:
    """The events of each node behind those of what it reads, as Dagster wants them."""
    parents = {one: node["depends_on"].get("nodes", ()) for one, node in manifest["nodes"].items()}
    for unique_id in TopologicalSorter(parents).static_order():
        yield from events.get(unique_id, ())


def _left_alone(
    context: AssetExecutionContext, chosen: DbtCliInvocationPartialParams, stand: Results
) -> Iterator[tuple[str, Output | AssetCheckResult]]:
    """What Dagster is told of the nodes of a step whose results stand."""
    assets = _assets(context)
    manifest, translator, project = chosen.manifest, chosen.dagster_dbt_translator, chosen.dbt_project
    for unique_id in stand:
        metadata = {"unique_id": unique_id, "status": "as it was"}
        if unique_id in assets:
            output_name = assets[unique_id].to_python_identifier()
            yield unique_id, Output(value=None, output_name=output_name, metadata=metadata)
        check = get_asset_check_key_for_test(manifest, translator, unique_id, project)
        if check in context.selected_asset_check_keys:
            yield (
                unique_id,
                AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name=check.name,
                    passed=stand[unique_id]["status"] == "pass",
                    severity=AssetCheckSeverity.WARN,
                    metadata=metadata,
                ),
            )


def _assets(context: AssetExecutionContext) -> dict[str, AssetKey]:
    """The models and seeds of a step, by their unique_id."""
    metadata = context.assets_def.metadata_by_key
    return {metadata[key]["dagster_dbt/unique_id"]: key for key in context.selected_asset_keys}


def _reasons(told: list[EventMsg]) -> str:
    """What dbt says of the failures, then the rows that macros/failures.sql shows of them."""
    # The stack is of interest to nobody but dbt's developers.
    errors = [m.info.msg for m in told if m.info.level == "error" and m.info.name != "MainStackTrace"]
    return "\n".join([*errors, *(m.info.msg for m in told if m.info.name == "JinjaLogInfo")])


def run_dbt(arguments: list[str], manifest: Manifest, told: list[EventMsg]) -> dbtRunnerResult:
    """Run dbt to its end; what it says is printed and goes into `told`.

    The warehouse stays open until `let_go`, unless dbt was interrupted: then it is closed already.
    """

    def note(message: EventMsg) -> None:
        # Four of five messages are for debugging.
        if message.info.level != "debug":
            # In one piece: dbt speaks from several threads.
            print(f"{datetime.now():%H:%M:%S}  {message.info.msg}\n", end="", flush=True)
            told.append(message)

    try:
        # dbt knows how to end on Ctrl-C.
        with raise_interrupts_as(KeyboardInterrupt):
            finished = dbtRunner(manifest, callbacks=[note]).invoke([*arguments, *QUIET])
        error = finished.exception
        while error is not None:
            if isinstance(error, KeyboardInterrupt):
                raise error
            error = error.__context__
    except BaseException:
        let_go()
        raise
    return finished


def let_go() -> None:
    """Close the warehouse, once dbt's threads have ended."""
    # dbt cancels what they do and waits for them, but not if one had just closed what was to be cancelled.
    for thread in threading.enumerate():
        if isinstance(thread, DummyProcess):
            thread.join(timeout=30)
    try:
        environment = DuckDBConnectionManager.env()
    except Exception:
        # dbt did not come to open anything; it has no other way to say so.
        return
    # The gates open the same file read-only, which DuckDB allows only when nobody else writes to it.
    environment.close()
    DuckDBConnectionManager.close_all_connections()

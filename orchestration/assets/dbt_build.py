"""`dbt build` inside this process, and what it tells as Dagster events.

A process of its own would import once more, for each step, what is imported here already.
"""

import shlex
from collections.abc import Generator
from pathlib import Path

from dagster import AssetExecutionContext, Failure
from dagster._utils.interrupts import raise_interrupts_as
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.core.dbt_event_iterator import DbtDagsterEventType
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg
from dbt_common.events.event_manager_client import cleanup_event_logger
from dbt_common.events.functions import msg_to_dict

from orchestration.settings import DBT_PROJECT


def build(
    context: AssetExecutionContext, target: Path
) -> Generator[DbtDagsterEventType, None, list[dict[str, str | None]]]:
    """Build the models that the step has selected, and run their data tests.

    Yields an output for each model and a check result for each test, when dbt has finished; gives unique_id,
    status and message of each of them. Raises `Failure` with dbt's words when one of them failed.
    """
    chosen = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=DagsterDbtTranslator()
    )
    arguments = [
        "build",
        # Unit tests belong to the code and run in CI.
        *("--exclude-resource-type", "unit_test"),
        *chosen.selection_args,
        *("--indirect-selection", chosen.indirect_selection),
        *("--project-dir", str(chosen.dbt_project.project_dir)),
        *("--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target)),
        # What it would write, manifest and results, is at hand here.
        "--no-write-json",
        # What it sends to the database is in its target folder; the rest takes a second, and 2.5 MB a run.
        *("--log-level-file", "info"),
        "--no-use-colors",
    ]
    context.log.info(f"dbt {shlex.join(arguments)}")
    told: list[EventMsg] = []
    finished = _invoke(arguments, told)
    for message in told:
        yield from DbtCoreCliEventMessage(msg_to_dict(message), {}).to_default_asset_events(
            chosen.manifest, chosen.dagster_dbt_translator, context, target, chosen.dbt_project
        )
    failures = [message for message in told if message.info.level == "error"]
    if failures or not finished.success:
        raise Failure(f"dbt build failed.\n{_reasons(told)}", allow_retries=False)
    return [
        {"unique_id": result.node.unique_id, "status": result.status, "message": result.message}
        for result in finished.result.results
    ]


def _reasons(told: list[EventMsg]) -> str:
    """What dbt says of the failures, then the rows that macros/failures.sql shows of them."""
    # The stack is of interest to nobody but dbt's developers.
    errors = [m.info.msg for m in told if m.info.level == "error" and m.info.name != "MainStackTrace"]
    return "\n".join([*errors, *(m.info.msg for m in told if m.info.name == "JinjaLogInfo")])


def _invoke(arguments: list[str], told: list[EventMsg]) -> dbtRunnerResult:
    """Run dbt to its end and let go of the warehouse; what it says goes into `told`."""

    def note(message: EventMsg) -> None:
        # Four of five messages are for debugging.
        if message.info.level != "debug":
            told.append(message)

    try:
        # dbt knows how to end on Ctrl-C: it cancels what its threads are doing and waits for them.
        with raise_interrupts_as(KeyboardInterrupt):
            finished = dbtRunner(callbacks=[note]).invoke(arguments)
    finally:
        # The gates open the same file read-only, which DuckDB allows only when nobody else writes to it.
        DuckDBConnectionManager.close_all_connections()
        # Its logger holds on to the standard output of the moment, which a run may have redirected.
        cleanup_event_logger()
    if isinstance(finished.exception, KeyboardInterrupt):
        raise finished.exception
    return finished

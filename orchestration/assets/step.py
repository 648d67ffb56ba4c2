"""What every step that writes has in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid

from dagster import AssetCheckExecutionContext, AssetExecutionContext, Backoff, Jitter, RetryPolicy

from orchestration.instance import PID_TAG
from orchestration.lock import writing
from orchestration.settings import Settings

# One line for everything that writes to the data directory.
POOL = "writer"
RETRY = RetryPolicy(max_retries=3, delay=30, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)


@contextmanager
def writing_step(
    context: AssetExecutionContext | AssetCheckExecutionContext, settings: Settings
) -> Iterator[None]:
    """Hold the lock of the data directory, and leave a trace of our process in the run.

    The trace lets a later start tell a dead run from a slow one (`instance.clear_dead_runs`).
    """
    run_id = context.op_execution_context.run_id
    context.instance.add_run_tags(run_id, {PID_TAG: str(getpid())})
    with writing(settings.data_dir, f"Dagster run {run_id[:8]}"):
        yield

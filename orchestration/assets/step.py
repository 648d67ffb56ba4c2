"""What every step that writes has in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import AssetCheckExecutionContext, AssetExecutionContext, RetryRequested

from orchestration.files import clear_leftovers
from orchestration.instance import process_tag
from orchestration.lock import Busy, writing
from orchestration.settings import Settings

# One line for everything that writes to the data directory.
POOL = "writer"
RETRIES = 3
FIRST_DELAY_SECONDS = 30


def try_again(
    context: AssetExecutionContext | AssetCheckExecutionContext, cause: Exception
) -> RetryRequested:
    """A retry of the step, after twice as long each time. Only for what time may cure.

    A retry policy would retry every error, those of the data and of the code too, and only delay them.
    """
    delay = FIRST_DELAY_SECONDS * 2**context.op_execution_context.retry_number
    retry = RetryRequested(max_retries=RETRIES, seconds_to_wait=delay)
    retry.__cause__ = cause
    return retry


@contextmanager
def writing_step(
    context: AssetExecutionContext | AssetCheckExecutionContext, settings: Settings
) -> Iterator[None]:
    """Hold the lock of the data directory, and leave a trace of our process in the run.

    A step that is the first to hold it removes what a killed run left behind.
    """
    run_id = leave_trace(context)
    try:
        with writing(settings.data_dir, f"Dagster run {run_id[:8]}") as is_new:
            if is_new:
                clear_leftovers(settings.data_dir, settings.archive_dir, settings.publish_dir)
            yield
    except Busy as busy:
        raise try_again(context, busy) from busy


def leave_trace(context: AssetCheckExecutionContext | AssetExecutionContext) -> str:
    """Write our process into the run (`instance.process_tag`); give the id of the run."""
    run_id = context.op_execution_context.run_id
    context.instance.add_run_tags(run_id, process_tag(context.instance))
    return run_id

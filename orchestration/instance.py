"""The Dagster instance of a data directory: its home, and what killed runs leave in it."""

import atexit
import os
import shutil
import sqlite3
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from orchestration.settings import Settings

PID_TAG = "ai_trade/pid"
ENGINES: dict[str, Engine] = {}


def home(settings: Settings) -> Path:
    """The Dagster home of this data directory, made if it is not there."""
    folder = settings.data_dir / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("dagster.yaml"), folder / "dagster.yaml")
    return folder


def open_instance(settings: Settings) -> DagsterInstance:
    """The instance that `make ui` shows; runs of `make run` are written into it too."""
    os.environ["DAGSTER_HOME"] = str(home(settings))
    if not event.contains(Engine, "connect", _leave_flushing_to_the_system):
        event.listen(Engine, "connect", _leave_flushing_to_the_system)
    sqlite_event_log.create_engine = _engine_of
    return DagsterInstance.from_config(os.environ["DAGSTER_HOME"])


def _leave_flushing_to_the_system(connection: object, _: object) -> None:
    """Dagster commits each of a run's thousand events to SQLite, and waiting for the disk each time was the
    largest cost in a profile of `make run`. A killed process loses nothing by not waiting; only a power cut
    could cost the last events.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


def _engine_of(address: str, connect_args: dict[str, object], **_: object) -> Engine:
    """One engine for each database, which remembers what it has compiled and keeps its connection.

    Dagster makes an engine and a connection for every statement and disposes of them: that was three quarters
    of what an event cost, and a run on the sample has 1,800 of them.
    """
    if address not in ENGINES:
        ENGINES[address] = create_engine(address, connect_args=connect_args)
        ENGINES[address].dispose = lambda: None
        # Else SQLite leaves its write-ahead log beside the database: four megabytes for each run.
        atexit.register(ENGINES[address].pool.dispose)
    return ENGINES[address]


def clear_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed and free their places in the pools; give their ids.

    A killed run keeps its place in a pool, and the next run would wait for it for ever.
    """
    unfinished = RunsFilter(
        statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
    )
    dead = [
        run
        for run in instance.get_runs(unfinished)
        if PID_TAG in run.tags and not _is_alive(int(run.tags[PID_TAG]))
    ]
    for run in dead:
        instance.report_run_failed(run, f"Its process ({run.tags[PID_TAG]}) is gone.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in dead]


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    clear_dead_runs(open_instance(Settings()))

"""The Dagster instance of a data directory: its home, and what killed runs leave in it."""

import atexit
import os
import shutil
import sqlite3
from pathlib import Path
from uuid import uuid4

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from filelock import FileLock, Timeout
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from orchestration.files import partial_of
from orchestration.settings import Settings, read_settings

PROCESS_TAG = "ai_trade/process"
# Of a run that did not fail by itself: whoever started it may start it again.
KILLED_TAG = "ai_trade/killed"
ENGINES: dict[str, Engine] = {}
# For a process and a folder of processes: the name under which it is known, and its lock.
_LOCKS: dict[tuple[int, Path], tuple[str, FileLock]] = {}


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


def process_tag(instance: DagsterInstance) -> dict[str, str]:
    """The tag of a run that this process works on; `clear_dead_runs` tells by it a dead run from a slow one.

    A process id would be that of somebody else after a container or the machine has started anew. The tag
    names a file that the process keeps locked, and the operating system takes the lock away when it ends.
    """
    folder = _processes(instance)
    if (os.getpid(), folder) not in _LOCKS:
        file = folder / f"{os.getpid()}-{uuid4().hex[:12]}"
        # It gets its name once it is locked: an open file without a lock is that of a dead process.
        partial = partial_of(file)
        partial.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(partial, thread_local=False)
        lock.acquire()
        partial.rename(file)
        atexit.register(file.unlink, missing_ok=True)
        _LOCKS[os.getpid(), folder] = file.name, lock
    name, _ = _LOCKS[os.getpid(), folder]
    return {PROCESS_TAG: name}


def clear_dead_runs(instance: DagsterInstance, untagged: bool = False) -> list[str]:
    """Mark runs whose process is gone as failed and free their places in the pools; give their ids.

    A killed run keeps its place in a pool, and the next run would wait for it for ever.

    untagged: also runs that no process has signed. One that waits for its place in the pool has not yet, so
              that only who knows that nothing is at work can ask for it.
    """
    unfinished = RunsFilter(
        statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
    )
    alive = _living_processes(instance)
    dead = [
        run
        for run in instance.get_runs(unfinished)
        if (run.tags[PROCESS_TAG] not in alive if PROCESS_TAG in run.tags else untagged)
    ]
    for run in dead:
        instance.add_run_tags(run.run_id, {KILLED_TAG: "yes"})
        process = run.tags.get(PROCESS_TAG, "not known").partition("-")[0]
        instance.report_run_failed(run, f"Its process ({process}) is gone.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in dead]


def _living_processes(instance: DagsterInstance) -> set[str]:
    """The processes that hold their lock; the files of the others are removed."""
    alive = {name for name, _ in _LOCKS.values()}
    for file in _processes(instance).glob("[!.]*"):
        if file.name in alive:
            continue
        lock = FileLock(file, thread_local=False)
        try:
            with lock.acquire(timeout=0):
                file.unlink(missing_ok=True)
        except Timeout:
            alive.add(file.name)
    return alive


def _processes(instance: DagsterInstance) -> Path:
    return Path(instance.root_directory) / "processes"


if __name__ == "__main__":
    # Before the UI starts: what launches runs, and would let them wait, is not there.
    clear_dead_runs(open_instance(read_settings()), untagged=True)

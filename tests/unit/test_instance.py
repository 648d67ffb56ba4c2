"""Runs whose process is gone are told from those that are at work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from orchestration.instance import PROCESS_TAG, clear_dead_runs, process_tag

# A process that holds its lock until it is killed.
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def instance(tmp_path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@pytest.fixture
def other(instance) -> Iterator[subprocess.Popen]:
    """Another process at work; its name among the processes is 'other'."""
    file = Path(instance.root_directory) / "processes" / "other"
    file.parent.mkdir()
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def a_run(instance: DagsterInstance, **tags: str) -> str:
    return create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags=tags).run_id


def test_a_run_is_dead_when_its_process_is_and_not_before(instance, other):
    own = a_run(instance, **process_tag(instance))
    run = a_run(instance, **{PROCESS_TAG: "other"})
    assert clear_dead_runs(instance) == []

    other.kill()
    other.wait()

    assert clear_dead_runs(instance) == [run]
    assert instance.get_run_by_id(run).status == DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(own).status == DagsterRunStatus.STARTED
    (name,) = process_tag(instance).values()
    assert [file.name for file in (Path(instance.root_directory) / "processes").iterdir()] == [name]


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(instance):
    """In a container numbers come again with each start."""
    process_tag(instance)
    run = a_run(instance, **{PROCESS_TAG: f"{os.getpid()}-0123456789ab"})
    assert clear_dead_runs(instance) == [run]


def test_a_run_that_waits_for_its_place_is_left_alone_unless_nothing_can_be_at_work(instance):
    run = a_run(instance)
    assert clear_dead_runs(instance) == []
    assert clear_dead_runs(instance, untagged=True) == [run]

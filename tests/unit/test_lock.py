"""One writer for each data directory; the lock dies with its process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestration.files import NotWritten
from orchestration.lock import Busy, writing
from orchestration.settings import REPOSITORY

HOLD = """
import sys
from pathlib import Path
from orchestration.lock import writing
with writing(Path(sys.argv[1]), "make live"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holding(folder) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


def test_the_second_says_who_holds_it_and_leaves(tmp_path):
    with (
        another_process_holding(tmp_path) as holder,
        pytest.raises(
            Busy, match=rf"is being written by process {holder.pid} \(make live, since 20\d\d-"
        ) as busy,
        writing(tmp_path, "make run"),
    ):
        raise AssertionError("both have it")
    assert str(tmp_path) in str(busy.value)
    assert "Wait until it has finished" in str(busy.value)


def test_a_killed_holder_blocks_nobody(tmp_path):
    with another_process_holding(tmp_path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with writing(tmp_path, "make run"):
            assert json.loads((tmp_path / ".lock-holder.json").read_text())["pid"] == os.getpid()


def test_two_directories_have_two_locks(tmp_path):
    with another_process_holding(tmp_path / "live"), writing(tmp_path / "sample", "make run"):
        pass


def test_one_process_may_take_it_again_and_keeps_it_to_the_end(tmp_path):
    with writing(tmp_path, "make run"):
        with writing(tmp_path, "a step", wait_seconds=1):
            assert json.loads((tmp_path / ".lock-holder.json").read_text())["purpose"] == "make run"
        probe = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            cwd=REPOSITORY,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )
        assert "(make run, since" in probe.stderr
    with another_process_holding(tmp_path):
        pass


def test_it_is_given_back_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), writing(tmp_path, "make run"):
        _ = 1 / 0
    with another_process_holding(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_an_unreadable_note_of_the_holder_is_no_obstacle(tmp_path, content):
    with another_process_holding(tmp_path):
        (tmp_path / ".lock-holder.json").write_text(content)
        with pytest.raises(Busy, match="by another process"), writing(tmp_path, "make run"):
            raise AssertionError("both have it")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(NotWritten, match=r"file/data could not be written .*Make room"),
        writing(tmp_path / "file" / "data", "make run"),
    ):
        raise AssertionError("there is no such folder")

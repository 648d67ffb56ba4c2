"""Whole runs of the pipeline in processes of their own, started fast, to be killed.

A start costs ten seconds of imports. One process pays them once and forks a child for every run.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.settings import REPOSITORY

KILLED = -signal.SIGKILL
LONGEST_RUN_SECONDS = 240

# Read a run from standard input, fork, run, say how it ended. `exit_before` names a function: the child
# ends, as hard as a killed one, when that function is called for the `nth` time.
FORKING_SERVER = """
import json, os, sys
import dagster, dagster_dbt, great_expectations, orchestration.run, orchestration.definitions
from importlib import import_module

def exit_before(target, nth):
    module, name = target.split(":")
    holder = import_module(module)
    *path, name = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    original, calls = getattr(holder, name), []
    def counted(*args, **kwargs):
        calls.append(1)
        if len(calls) == nth:
            os._exit(9)
        return original(*args, **kwargs)
    setattr(holder, name, counted)

print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ.update(job["environment"])
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1); os.dup2(log, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        try:
            if job["exit_before"]:
                exit_before(*job["exit_before"])
            code = orchestration.run.main(job["arguments"])
        except BaseException:
            import traceback; traceback.print_exc()
            code = 99
        sys.stdout.flush()
        os._exit(code)
    print(json.dumps({"pid": pid}), flush=True)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), flush=True)
"""


class Pipeline:
    """Starts runs one after the other; `run` waits for the end, `running` gives the process at work."""

    def __init__(self, log: Path):
        self.log = log
        self._server = subprocess.Popen(
            [sys.executable, "-c", FORKING_SERVER],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "GX_ANALYTICS_ENABLED": "false",
                "DAGSTER_DISABLE_TELEMETRY": "yes",
                "COLUMNS": "200",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout.readline().strip() == "ready"

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait()

    def run(
        self, environment: dict[str, str], *arguments: str, exit_before: tuple[str, int] | None = None
    ) -> int:
        """One run from its start to its end; its exit code."""
        with self.running(environment, *arguments, exit_before=exit_before) as process:
            return process.exit_code()

    @contextmanager
    def running(
        self, environment: dict[str, str], *arguments: str, exit_before: tuple[str, int] | None = None
    ) -> Iterator["Running"]:
        """A run at work; at the end of the block it is waited for."""
        self.log.touch()
        job = {
            "environment": environment,
            "arguments": list(arguments),
            "exit_before": exit_before,
            "log": str(self.log),
        }
        printed_before = self.log.stat().st_size
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        pid = json.loads(self._server.stdout.readline())["pid"]
        process = Running(pid, self.log, printed_before, self._server.stdout)
        try:
            yield process
        finally:
            process.exit_code()


class Running:
    """A run at work in a process group of its own."""

    def __init__(self, pid: int, log: Path, printed_before: int, answers):
        self.pid = pid
        self._log, self._printed_before, self._answers = log, printed_before, answers
        self._exit_code: int | None = None
        self._guard = threading.Timer(LONGEST_RUN_SECONDS, self.kill)
        self._guard.start()

    def printed(self) -> str:
        """What this run has printed so far."""
        return self._log.read_bytes()[self._printed_before :].decode()

    def kill(self) -> None:
        """SIGKILL to the whole group, as the kernel or an operator would."""
        os.killpg(self.pid, signal.SIGKILL)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as the condition holds; fail when it never does."""
        deadline = time.monotonic() + LONGEST_RUN_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; printed so far:\n{self.printed()}"
            time.sleep(0.005)

    def exit_code(self) -> int:
        if self._exit_code is None:
            self._exit_code = json.loads(self._answers.readline())["exit"]
            self._guard.cancel()
        return self._exit_code

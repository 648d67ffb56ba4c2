"""Runs in processes of their own that start at once.

To import Dagster and dbt takes ten seconds of a processor, and dbt four more before it begins. One process
pays them once, and forks a child for every run.
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
# For a run that hangs; on a slow and busy machine one that does not has taken four minutes.
LONGEST_RUN_SECONDS = 600

# What a child finds: all is imported, the project is read (`manifest`), and dbt has run once and made what it
# keeps for a process. Nothing of this starts a thread or opens a database: neither survives a fork.
PREPARED = """
import gc, os, sys
from pathlib import Path
import anyascii, dagster, dagster_dbt, great_expectations, scipy.stats
import orchestration.definitions, orchestration.run
from dbt.cli.main import dbtRunner
from orchestration.dbt import parsed_manifest
from orchestration.http import Client

# A server of the tests needs no rest between two requests.
Client._be_polite = lambda self, source: None

manifest = parsed_manifest(Path({parsed!r}))
listed = dbtRunner(parsed_manifest(Path({parsed!r}))).invoke([
    "--quiet", "list", "--select", "balance_basis", "--output-keys", "name",
    "--project-dir", "dbt_project", "--profiles-dir", "dbt_project",
    "--target-path", {work!r}, "--log-path", {work!r},
])
assert listed.success, listed.exception
gc.freeze()
"""

# Read a run from standard input, fork, run its code, say how it ended.
SERVER = """
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
names = {}
exec(json.loads(sys.stdin.readline()), names)
print("ready", file=answers)
for line in sys.stdin:
    run = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ.update(run["environment"])
        log = os.open(run["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1); os.dup2(log, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        code = 0
        try:
            exec(run["code"], names)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        os._exit(code)
    print(json.dumps({"pid": pid}), file=answers)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), file=answers)
"""


class Forks:
    """Starts runs one after the other; what they print goes to `log`."""

    def __init__(self, folder: Path, parsed: Path):
        """`folder` is for what they write, `parsed` the folder of the parsed dbt project."""
        self.log = folder / "runs.log"
        self.log.touch()
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "GX_ANALYTICS_ENABLED": "false",
                "DAGSTER_DISABLE_TELEMETRY": "yes",
                "AITB_WAREHOUSE_DIR": str(folder),
                "COLUMNS": "200",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
            text=True,
        )
        self._say(PREPARED.format(parsed=str(parsed), work=str(folder)))
        assert self._server.stdout.readline().strip() == "ready", self.log.read_text()

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait()

    def _say(self, what: object) -> None:
        self._server.stdin.write(json.dumps(what) + "\n")
        self._server.stdin.flush()

    @contextmanager
    def running(self, environment: dict[str, str], code: str) -> Iterator["Running"]:
        """Python code at work in a child; at the end of the block it is waited for."""
        printed_before = self.log.stat().st_size
        self._say({"environment": environment, "code": code, "log": str(self.log)})
        pid = json.loads(self._server.stdout.readline())["pid"]
        run = Running(pid, self.log, printed_before, self._server.stdout)
        try:
            yield run
        finally:
            run.exit_code()


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

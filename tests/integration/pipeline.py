"""Whole runs of the pipeline in processes of their own, started fast, to be killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.forks import Forks, Running

RUN = """
import sys
from importlib import import_module
import orchestration.run

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

if {exit_before!r}:
    exit_before(*{exit_before!r})
sys.exit(orchestration.run.main({arguments!r}))
"""


class Pipeline:
    """Starts runs one after the other; `run` waits for the end, `running` gives the process at work.

    `exit_before` names a function and a number n: the run ends, as hard as a killed one, when the function is
    called for the nth time.
    """

    def __init__(self, forks: Forks):
        self._forks = forks

    def run(
        self, environment: dict[str, str], *arguments: str, exit_before: tuple[str, int] | None = None
    ) -> int:
        """One run from its start to its end; its exit code."""
        with self.running(environment, *arguments, exit_before=exit_before) as run:
            return run.exit_code()

    @contextmanager
    def running(
        self, environment: dict[str, str], *arguments: str, exit_before: tuple[str, int] | None = None
    ) -> Iterator[Running]:
        """A run at work; at the end of the block it is waited for."""
        code = RUN.format(exit_before=exit_before, arguments=list(arguments))
        with self._forks.running(environment, code) as run:
            yield run

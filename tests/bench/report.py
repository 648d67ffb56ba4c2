"""The results as a table in the terminal and as docs/performance.md."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.settings import REPOSITORY

TEXT = REPOSITORY / "tests" / "bench" / "performance.md"


@dataclass(frozen=True)
class Line:
    """One result. `target` is empty where there is nothing to reach; `met` says whether it was."""

    what: str
    value: str
    target: str = ""
    met: bool = True
    about: str = ""

    @property
    def verdict(self) -> str:
        return "" if not self.target else "met" if self.met else "missed"


def show(lines: list[Line], console: Console) -> None:
    """Print the results."""
    table = Table(title=f"Measured on {machine()}", title_justify="left")
    for name in ("what", "result", "target", "", "of what"):
        table.add_column(name)
    for line in lines:
        style = "red" if line.verdict == "missed" else None
        table.add_row(line.what, line.value, line.target, line.verdict, line.about, style=style)
    console.print(table)


def page(lines: list[Line], years: int, rows_per_month: int, load: float) -> str:
    """docs/performance.md: the text around the results stands in performance.md beside this file."""
    rows = [
        f"| {line.what} | {line.value} | {line.target} | {line.verdict} | {line.about} |" for line in lines
    ]
    return TEXT.read_text().format(
        results="\n".join(["| what | result | target | | of what |", "|---|---|---|---|---|", *rows]),
        machine=machine(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        years=years,
        rows_per_month=f"{rows_per_month:,}",
        load=f"{load:.1f}",
    )


def machine() -> str:
    """What the results depend on, without the name of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )

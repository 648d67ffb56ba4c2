"""`make bench`: measures, prints a table, and with --write puts it into docs/performance.md.

python -m tests.bench                                     13 years of about 200 000 rows a month and flow
python -m tests.bench --years 1 --rows-per-month 50000    a quick look
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree
from subprocess import PIPE, Popen
from tempfile import mkdtemp
from time import perf_counter

from rich.console import Console

from orchestration.dbt import STAGING_MODELS
from orchestration.settings import REPOSITORY
from tests.bench.report import Line, page, show

NEW_MONTH = "2026-01"
LAST_YEAR = 2025
PANEL_DAY, PANEL_DEFINITION = "2026-03-01", "datacenter_high"
STAGING = STAGING_MODELS.split()
# Goods, AI trade, balances and headline with all that they are made of: what every other table branches off.
TRUNK = (
    "+path:models/marts/trade",
    "+path:models/marts/reference",
    "+path:models/marts/release",
    "+ai_trade_balance",
    "+ai_trade_headline",
)
TIMES = 3
DOCUMENT = REPOSITORY / "docs" / "performance.md"


@dataclass(frozen=True)
class Finished:
    """A process that ended well: its wall time, its peak resident memory and what it printed."""

    seconds: float
    peak_gigabytes: float
    output: str


def main() -> None:
    given = _parse()
    console = Console()
    folder = (given.keep or Path(mkdtemp(prefix="bench-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AITB_FETCH": "never",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
    }
    load_before = os.getloadavg()[0]
    try:
        lines = [
            *_one_month_into_landing(folder / "answers", given.rows_per_month, console),
            *_warehouse(folder / "history", given.years, given.rows_per_month, console),
            *_sample(folder / "sample", console),
        ]
    finally:
        if given.keep is None:
            rmtree(folder, ignore_errors=True)
    show(lines, console)
    if given.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(page(lines, given.years, given.rows_per_month, load_before))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=13, help="length of the generated history")
    parser.add_argument("--rows-per-month", type=int, default=200_000, help="rows of a month and flow")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work there and leave everything; empty or new"
    )
    return parser.parse_args()


def _one_month_into_landing(folder: Path, rows: int, console: Console) -> list[Line]:
    """a. From the archive into landing, with its gate, beside a bare copy of the same files."""
    _use(folder)
    made, _ = _step(console, "make_answers", rows=rows)
    found, finished = _step(console, "land_month", times=7)
    (landing, landing_processor), (bare, bare_processor) = found["landing"], found["bare"]
    ratio = bare / landing
    return [
        Line(
            "One month, both flows: archive to landing, gate included",
            f"{landing:.2f} s",
            about=f"{made['rows']:,} rows in {made['answers']} answers, {made['megabytes']:.0f} MB; "
            f"{landing_processor:.2f} s of processor time",
        ),
        Line(
            "The same files: bare DuckDB read_json to Parquet",
            f"{bare:.2f} s",
            about=f"{bare_processor:.2f} s of processor time",
        ),
        Line("Rate of landing ÷ rate of the bare copy", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5),
        _memory("landing", finished.peak_gigabytes),
    ]


def _warehouse(folder: Path, years: int, rows: int, console: Console) -> list[Line]:
    """b to f. A full build, one new month, publishing, and one table beside pandas."""
    trunk_folder = folder.with_name("trunk")
    _use(folder)
    landed, _ = _step(console, "make_history", first_year=LAST_YEAR + 1 - years, years=years, rows=rows)
    seeds, full, building = _full_build(console)
    bare, bare_finished = _step(console, "build_bare")
    tests, _ = _step(console, "build", commands=[["test", "--exclude-resource-type", "unit_test"]])
    published, publishing = _step(console, "publish")
    duck, duck_finished = _step(console, "table_in_duckdb")
    pandas, pandas_finished = _step(console, "table_in_pandas")
    assert duck["found"] == pandas["found"], "DuckDB and pandas disagree"
    _use(trunk_folder)
    (trunk_folder / "landing").symlink_to(folder / "landing")
    _, trunk, _ = _full_build(console, TRUNK)
    _use(folder)
    one_month, _ = _step(console, "make_new_month", month=NEW_MONTH, rows=rows)
    inputs, new, building_new = _new_month(console, folder)
    _use(trunk_folder)
    _, trunk_new, _ = _new_month(console, trunk_folder, TRUNK)
    ratio = full["seconds"] / bare["seconds"]
    peak = max(building.peak_gigabytes, building_new.peak_gigabytes)
    return [
        Line(
            "Full warehouse build: dbt, from the first model's begin to the last one's end",
            f"{full['seconds']:.1f} s",
            about=f"{landed['rows']:,} landed rows, {landed['megabytes']:,.0f} MB of Parquet",
        ),
        Line("The same compiled SQL: bare in one DuckDB session", f"{bare['seconds']:.1f} s"),
        Line("Full build ÷ bare", f"{ratio:.2f}", "≤ 1.3", ratio <= 1.3),
        Line(
            "Start and end of that dbt command, and keeping its results",
            f"{full['whole'] - full['seconds']:.1f} s",
        ),
        Line("Seeds (dbt seed)", f"{seeds['whole']:.1f} s", about=f"{seeds['nodes']} seeds"),
        Line("Data tests (dbt test)", f"{tests['whole']:.1f} s", about=f"{tests['nodes']} tests"),
        Line(
            "One new month, both flows: dbt, first model to last one",
            f"{new['seconds']:.2f} s",
            about=f"{one_month['rows']:,} landed rows; "
            f"dbt was asked about {new['nodes']} of {full['nodes']} models",
        ),
        *_share(new, full),
        Line(
            "Goods, AI trade, balances and headline alone: full build",
            f"{trunk['seconds']:.1f} s",
            about=f"{trunk['nodes']} models",
        ),
        Line(
            "The same tables: one new month",
            f"{trunk_new['seconds']:.2f} s",
            about=f"dbt was asked about {trunk_new['nodes']} models",
        ),
        *_share(trunk_new, trunk),
        Line("Listing what has landed, before dbt starts", f"{inputs['seconds']:.1f} s"),
        Line(
            "Publishing", f"{published['seconds']:.1f} s", about=f"{published['megabytes']:,.0f} MB written"
        ),
        _memory("the build", peak),
        _memory("publishing", publishing.peak_gigabytes),
        Line("Peak memory of the bare session", f"{bare_finished.peak_gigabytes:.2f} GB"),
        Line(
            "The annual AI table over the landed files, DuckDB",
            f"{duck['seconds']:.2f} s, {duck_finished.peak_gigabytes:.2f} GB",
        ),
        Line(
            "The same table, pandas",
            f"{pandas['seconds']:.2f} s, {pandas_finished.peak_gigabytes:.2f} GB",
        ),
    ]


def _full_build(console: Console, models: Sequence[str] = ()) -> tuple[dict, dict, Finished]:
    """Seeds, then all models, or these: what each found, and what building took."""
    _step(console, "write_inputs")
    seeds, _ = _step(console, "build", commands=[["seed"]])
    select = ["--select", *models] if models else []
    return seeds, *_step(console, "build", commands=[["run", *select]])


def _new_month(
    console: Console, folder: Path, models: Sequence[str] = ("tag:asked",)
) -> tuple[dict, dict, Finished]:
    """Listing what has landed, and both steps of a refresh on it, of all models or of these.

    Some times from the same warehouse; that of the median is given.
    """
    inputs, _ = _step(console, "write_inputs")
    asked = [f"tag:asked,{model}" for model in models]
    commands = [
        ["run", "--select", *(f"{one},{staging}" for one in asked for staging in STAGING)],
        ["run", "--select", *asked, "--exclude", *STAGING],
    ]
    current, before = folder / "warehouse" / "current", folder / "before"
    copytree(current, before)
    tries = []
    for _ in range(TIMES):
        rmtree(current)
        copytree(before, current)
        # Else the month waits for the disk, which is busy with the copy.
        os.sync()
        tries.append(_step(console, "build", commands=commands, again=True))
    rmtree(before)
    return inputs, *sorted(tries, key=lambda found: found[0]["seconds"])[TIMES // 2]


def _share(new: dict, full: dict) -> list[Line]:
    share = new["seconds"] / full["seconds"]
    data_share = (new["seconds"] - new["seconds_again"]) / (full["seconds"] - new["seconds_again"])
    return [
        Line("Those models with nothing new", f"{new['seconds_again']:.2f} s"),
        Line("One new month ÷ full build", f"{share:.1%}", "≤ 3 %", share <= 0.03),
        Line(
            "The same without what dbt takes with nothing new",
            f"{data_share:.1%}",
            "≤ 3 %",
            data_share <= 0.03,
        ),
    ]


def _memory(of: str, gigabytes: float) -> Line:
    return Line(f"Peak memory of {of}", f"{gigabytes:.2f} GB", "< 4 GB", gigabytes < 4)


def _sample(folder: Path, console: Console) -> list[Line]:
    """g. What a user waits for: the pipeline on the sample, and once more with nothing new."""
    archive = REPOSITORY / "sample" / "archive"
    if not archive.is_dir():
        return []
    os.environ["AITB_DATA_DIR"] = str(folder)
    os.environ["AITB_ARCHIVE_DIR"] = str(archive)
    command = [sys.executable, "-m", "orchestration.run"]
    first = _run(console, "make run on the sample", command)
    second = _run(console, "make run with nothing new", command)
    return [
        Line(
            "`make run` on the sample, environment made",
            f"{first.seconds:.0f} s",
            "≤ 60 s",
            first.seconds <= 60,
        ),
        Line("`make run` with nothing new", f"{second.seconds:.1f} s", "< 10 s", second.seconds < 10),
        _memory("`make run`", first.peak_gigabytes),
        *_panel(folder, console),
        *_screening(folder, console),
    ]


def _panel(folder: Path, console: Console) -> list[Line]:
    """h. The statutory rates in the sample's warehouse: built anew, and asked for those of a day."""
    _use(folder)
    models = ["path:models/intermediate/tariffs", "path:models/marts/tariffs"]
    built, _ = _step(console, "build", commands=[["run", "--full-refresh", "--select", *models]])
    rates, _ = _step(console, "ask_for_rates", day=PANEL_DAY, definition=PANEL_DEFINITION, times=5)
    ai, everything = rates["ai"], rates["all"]
    return [
        Line(
            "Statutory tariffs: all their models, built anew",
            f"{built['seconds']:.1f} s",
            "< 180 s",
            built["seconds"] < 180,
            f"{everything['rows']:,} pairs of code and partner, every day since 2025-01-01, five scenarios",
        ),
        Line(
            f"Rates on a day, AI codes ({PANEL_DEFINITION}) with all partners",
            f"{ai['seconds']:.2f} s",
            "< 0.5 s",
            ai["seconds"] < 0.5,
            f"{ai['rows']:,} rows",
        ),
        Line("Rates on a day, all codes with all partners", f"{everything['seconds']:.2f} s"),
    ]


def _screening(folder: Path, console: Console) -> list[Line]:
    """i. A user's names against a list as long as the whole screening list."""
    _use(folder)
    listed, screened = 50_000, 10_000
    found, _ = _step(console, "screen_names", listed=listed, screened=screened)
    return [
        Line(
            f"Screening {screened:,} names",
            f"{found['seconds']:.1f} s",
            "< 30 s",
            found["seconds"] < 30,
            f"against {listed:,} names and other names, one core",
        )
    ]


def _use(folder: Path) -> None:
    """Every step and dbt command from here on works in `folder`."""
    os.environ["AITB_DATA_DIR"] = str(folder)
    os.environ["AITB_ARCHIVE_DIR"] = str(folder / "archive")
    os.environ["AITB_WAREHOUSE_DIR"] = str(folder / "warehouse" / "current")
    (folder / "warehouse" / "current").mkdir(parents=True, exist_ok=True)


def _step(console: Console, name: str, **arguments: object) -> tuple[dict, Finished]:
    """One of tests/bench/steps.py: what it found, and what its process took."""
    title = name.replace("_", " ")
    finished = _run(console, title, [sys.executable, "-m", "tests.bench.steps", name, json.dumps(arguments)])
    return json.loads(finished.output.splitlines()[-1]), finished


def _run(console: Console, title: str, command: list[str]) -> Finished:
    """Run a process to its end. Its peak memory comes from the kernel; ours is small and does not count."""
    start = perf_counter()
    with console.status(title), Popen(command, cwd=REPOSITORY, stdout=PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = perf_counter() - start
    if process.returncode != 0:
        raise SystemExit(f"{title} failed:\n{output}")
    console.print(f"{title}: {seconds:.1f} s, {usage.ru_maxrss / 1e6:.2f} GB", highlight=False)
    return Finished(seconds, usage.ru_maxrss / 1e6, output)


if __name__ == "__main__":
    main()

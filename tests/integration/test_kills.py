"""Killed at any moment, the next run completes by itself and gives the same release."""

import json
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import REPOSITORY
from tests.forks import KILLED
from tests.integration.pipeline import Pipeline
from tests.replay.server import Replay
from tests.world import KEY, planted_world

# The points at which a run commits something: the function that is about to be called, and which call.
AT_ARCHIVE = ("orchestration.archive:Archive.commit", 3)
AT_LANDING = ("orchestration.landing:read_commit", 4)
AT_WAREHOUSE = ("orchestration.assets.warehouse:build", 2)
AT_RELEASE = ("orchestration.publish:_link", 1)

PERIOD = ("--live", "--from", "2025-01", "--to", "2025-02")


@pytest.fixture(scope="module")
def pipeline(forks):
    return Pipeline(forks)


@pytest.fixture(scope="module")
def figures():
    return planted_world()


@pytest.fixture(scope="module")
def server(figures):
    with Replay(figures, keys=[KEY]) as running:
        yield running


@pytest.fixture(scope="module")
def killed(pipeline, server, parsed_project, tmp_path_factory):
    """A data directory whose runs were all ended on their way, at every commit point and by SIGKILL.

    Each run goes on where the one before was stopped. What is said of the runs: their data directory, what
    the last one printed, and what a second one said that was started beside it.
    """
    data_dir = tmp_path_factory.mktemp("killed")
    shutil.copytree(parsed_project, data_dir / "dbt")
    environment = live(data_dir, server)

    def stop_at(commit_point):
        assert pipeline.run(environment, *PERIOD, exit_before=commit_point) == 9

    def kill_when(moment):
        with pipeline.running(environment, *PERIOD) as run:
            run.wait_until(lambda: moment(run))
            run.kill()
            assert run.exit_code() == KILLED

    stop_at(AT_ARCHIVE)
    stop_at(AT_LANDING)
    kill_when(lambda run: "landed imports_monthly 2025-01" in run.printed())
    # dbt is writing the warehouse.
    log = data_dir / "run.log"
    kill_when(lambda _: log.exists() and "seed file main." in log.read_text())
    stop_at(AT_WAREHOUSE)
    kill_when(lambda _: "incremental model main.ai_trade " in log.read_text())
    stop_at(AT_RELEASE)
    assert not (data_dir / "published" / "ai_trade.duckdb").exists()
    with pipeline.running(environment, *PERIOD) as run:
        run.wait_until(lambda: "landed" in run.printed())
        second = second_run(environment)
        assert run.exit_code() == 0, run.printed()
    return data_dir, run, second


def live(data_dir: Path, server: Replay, fetch: str = "missing") -> dict[str, str]:
    """The sources of trade behind the server, and of the law folders in which there is nothing new."""
    law = data_dir.with_name(f"{data_dir.name}-law")
    law.mkdir(exist_ok=True)
    return {
        "AITB_DATA_DIR": str(data_dir),
        "AITB_FETCH": fetch,
        "AITB_CENSUS_URL": server.census_url,
        "AITB_CENSUS_SCHEDULES_URL": server.schedules_url,
        "AITB_HTS_URL": str(law),
        "AITB_FEDERAL_REGISTER_URL": server.federal_register_url,
        "AITB_CSL_URL": server.csl_url,
        "AITB_ECFR_URL": str(law),
        "AITB_CENSUS_API_KEY": KEY,
    }


def offline(data_dir: Path, archive: Path) -> dict[str, str]:
    return {"AITB_DATA_DIR": str(data_dir), "AITB_ARCHIVE_DIR": str(archive), "AITB_FETCH": "never"}


def files(folder: Path) -> dict[str, bytes]:
    """The Parquet files of a release. release_info alone knows its id and the time."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    del found["release_info.parquet"]
    return found


def tables(folder: Path) -> dict[str, list]:
    with duckdb.connect(str(folder / "ai_trade.duckdb"), read_only=True) as con:
        names = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: con.execute(f"from {name}").fetchall() for name in names if name != "release_info"}


def second_run(environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.run"],
        cwd=REPOSITORY,
        env={**environment, "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_second_run_at_the_same_time_says_who_holds_the_lock(killed):
    _, run, second = killed
    assert second.returncode == 2
    assert f"is being written by process {run.pid} (make live, since" in second.stdout


@pytest.fixture(scope="module")
def revised(pipeline, server, figures, killed, tmp_path_factory):
    """The agency revises a month, and a run replaces the release while a reader opens it all the time.

    Gives the data directory and what the reader saw.
    """
    data_dir = tmp_path_factory.mktemp("revised") / "data"
    subprocess.run(["cp", "-r", str(killed[0]), str(data_dir)], check=True)
    seen: list[tuple[str, int] | Exception] = []
    finished = threading.Event()

    def read() -> None:
        is_last = False
        while not is_last:
            # As often as it can without taking a processor from the run, and once when it has ended.
            is_last = finished.wait(0.02)
            try:
                seen.append(release_and_total(data_dir))
            except Exception as error:
                seen.append(error)

    figures.execute("""
        update trade set con_val = con_val * 2, gen_val = gen_val * 2
        where flow = 'imports' and grain = 'month' and period = '2025-02'
    """)
    reader = threading.Thread(target=read)
    reader.start()
    with pipeline.running(live(data_dir, server, fetch="always"), *PERIOD) as run:
        code = run.exit_code()
    finished.set()
    reader.join()
    assert code == 0, run.printed()
    return data_dir, seen


def test_readers_see_the_old_release_or_the_new_one(killed, revised):
    data_dir, seen = revised
    before, after = release_and_total(killed[0]), release_and_total(data_dir)
    assert after[1] == 2 * before[1]
    assert (seen[0], seen[-1]) == (before, after)
    assert set(seen) == {before, after}


@pytest.fixture(scope="module")
def left_alone(pipeline, killed, revised, parsed_project, tmp_path_factory):
    """What was known before the revision, made from nothing by a run that nobody disturbed.

    Gives its folder, beside the current release.
    """
    data_dir = tmp_path_factory.mktemp("alone")
    shutil.copytree(parsed_project, data_dir / "dbt")
    shutil.copytree(revised[0] / "published", data_dir / "published", symlinks=True)
    manifests = (killed[0] / "archive").glob("manifest/*/*/*/*.json")
    known_at = max(json.loads(path.read_text())["vintage_at"] for path in manifests)
    with pipeline.running(offline(data_dir, revised[0] / "archive") | {"AITB_AS_OF": known_at}) as run:
        assert run.exit_code() == 0, run.printed()
    (edition,) = (data_dir / "published" / "as_of").iterdir()
    return edition


def test_the_run_after_the_kills_gives_the_release_of_an_undisturbed_run(killed, left_alone):
    """And an as-of date gives the release of then."""
    data_dir, last_run, _ = killed
    assert "was killed; it is marked as failed" in last_run.printed()
    # Killed while it published: what had landed, and is known to Dagster, is not gone through again.
    assert "land months: as landed before" in last_run.printed()
    assert files(data_dir / "published") == files(left_alone)
    assert tables(data_dir / "published") == tables(left_alone)
    assert not list(data_dir.rglob(".*.partial"))


def test_a_release_of_then_lies_beside_the_current_one(revised, left_alone):
    assert files(left_alone.parent.parent) == files(revised[0] / "published")


def release_and_total(data_dir: Path) -> tuple[str, int]:
    with duckdb.connect(str(data_dir / "published" / "ai_trade.duckdb"), read_only=True) as con:
        return con.execute("""
            select release_id, (
                select sum(value_usd) from goods_trade
                where flow = 'import' and period_start = date '2025-02-01'
            )::bigint
            from release_info
        """).fetchone()


@pytest.mark.soak
def test_killed_fifty_times_at_random(pipeline, killed, left_alone, tmp_path):
    environment = offline(tmp_path, killed[0] / "archive")
    moments = random.Random(20250412)
    kills = 0
    while kills < 50:
        with pipeline.running(environment) as run:
            timer = threading.Timer(moments.uniform(0, 20), run.kill)
            timer.start()
            code = run.exit_code()
            timer.cancel()
        kills += code == KILLED
        if code != KILLED:
            assert code == 0, run.printed()
            assert files(tmp_path / "published") == files(left_alone)
            subprocess.run(
                ["rm", "-rf", str(tmp_path / "published"), str(tmp_path / "warehouse")], check=True
            )
    with pipeline.running(environment) as run:
        assert run.exit_code() == 0, run.printed()
    assert files(tmp_path / "published") == files(left_alone)

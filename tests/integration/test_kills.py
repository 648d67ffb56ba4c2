"""Killed at any moment, the next run completes by itself and gives the same release."""

import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import REPOSITORY
from tests.integration.pipeline import KILLED, Pipeline
from tests.replay.server import Replay
from tests.world import KEY, planted_world

# The points at which a run commits something, in the order in which it comes to them.
COMMIT_POINTS = {
    "archive": ("orchestration.archive:Archive.commit", 3),
    "landing": ("orchestration.landing:_read_commit", 4),
    "warehouse": ("orchestration.assets.warehouse:_build", 2),
    "release": ("orchestration.publish:_link", 1),
    "names of the release": ("orchestration.publish:_link", 3),
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    running = Pipeline(tmp_path_factory.mktemp("log") / "runs.log")
    yield running
    running.close()


@pytest.fixture(scope="module")
def figures():
    return planted_world()


@pytest.fixture(scope="module")
def server(figures):
    with Replay(figures, keys=[KEY]) as running:
        yield running


@pytest.fixture(scope="module")
def killed_at_commits(pipeline, server, tmp_path_factory):
    """A data directory whose runs were ended at each commit point, and then one that was left alone."""
    data_dir = tmp_path_factory.mktemp("killed")
    environment = live(data_dir, server)
    for exit_before in COMMIT_POINTS.values():
        assert pipeline.run(environment, *PERIOD, exit_before=exit_before) == 9
    with pipeline.running(environment, *PERIOD) as run:
        assert run.exit_code() == 0, run.printed()
    return data_dir


@pytest.fixture(scope="module")
def left_alone(pipeline, killed_at_commits, tmp_path_factory):
    """The same archive, in a run that nobody disturbed."""
    data_dir = tmp_path_factory.mktemp("alone")
    with pipeline.running(offline(data_dir, killed_at_commits / "archive")) as run:
        assert run.exit_code() == 0, run.printed()
    return data_dir


PERIOD = ("--live", "--from", "2025-01", "--to", "2025-02")


def live(data_dir: Path, server: Replay, fetch: str = "missing") -> dict[str, str]:
    return {
        "AITB_DATA_DIR": str(data_dir),
        "AITB_FETCH": fetch,
        "AITB_CENSUS_URL": server.census_url,
        "AITB_CENSUS_SCHEDULES_URL": server.schedules_url,
        "AITB_CENSUS_API_KEY": KEY,
    }


def offline(data_dir: Path, archive: Path) -> dict[str, str]:
    return {"AITB_DATA_DIR": str(data_dir), "AITB_ARCHIVE_DIR": str(archive), "AITB_FETCH": "never"}


def release(data_dir: Path) -> dict[str, bytes | str]:
    """What a release is: its id and the bytes of its Parquet files. Only release_info knows the time."""
    published = data_dir / "published"
    files = {path.name: path.read_bytes() for path in published.glob("*.parquet")}
    del files["release_info.parquet"]
    return {"id": json.loads((published / "release.json").read_text())["release_id"], **files}


def tables(data_dir: Path) -> dict[str, list]:
    with duckdb.connect(str(data_dir / "published" / "ai_trade.duckdb"), read_only=True) as con:
        names = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: con.execute(f"from {name}").fetchall() for name in names if name != "release_info"}


def test_exit_at_each_commit_point(killed_at_commits, left_alone):
    assert release(killed_at_commits) == release(left_alone)
    assert tables(killed_at_commits) == tables(left_alone)
    assert not list(killed_at_commits.rglob(".*.partial"))


def test_killed_three_times(pipeline, killed_at_commits, left_alone, tmp_path):
    environment = offline(tmp_path, killed_at_commits / "archive")
    moments = [
        lambda run: "landed exports_monthly 2025-02" in run.printed(),
        # dbt is writing the warehouse, as a process of its own.
        lambda run: "incremental model main.ai_trade " in (tmp_path / "run.log").read_text(),
        lambda run: any((tmp_path / "published" / "releases").glob(".*.partial/*.parquet")),
    ]
    for moment in moments:
        with pipeline.running(environment) as run:
            run.wait_until(lambda moment=moment, run=run: moment(run))
            run.kill()
            assert run.exit_code() == KILLED
        assert not (tmp_path / "published" / "ai_trade.duckdb").exists()
    with pipeline.running(environment) as run:
        assert run.exit_code() == 0, run.printed()
        assert "was killed; it is marked as failed" in run.printed()
    assert release(tmp_path) == release(left_alone)


def test_a_second_run_at_the_same_time_says_who_holds_the_lock(pipeline, killed_at_commits, tmp_path):
    environment = offline(tmp_path, killed_at_commits / "archive")
    with pipeline.running(environment) as run:
        run.wait_until(lambda: "landed" in run.printed())
        second = subprocess.run(
            [sys.executable, "-m", "orchestration.run"],
            cwd=REPOSITORY,
            env={**environment, "PATH": "", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        run.kill()
    assert second.returncode == 2
    assert f"is being written by process {run.pid} (make run, since" in second.stdout


def test_readers_see_the_old_release_or_the_new_one(pipeline, server, figures, killed_at_commits, tmp_path):
    """While a run replaces a release, whoever opens it gets one whole release and never an error."""
    data_dir = tmp_path / "data"
    subprocess.run(["cp", "-r", str(killed_at_commits), str(data_dir)], check=True)
    seen: set[tuple[str, int]] = set()
    errors: list[Exception] = []
    finished = threading.Event()

    def read() -> None:
        while not finished.is_set():
            try:
                seen.add(release_and_total(data_dir))
            except Exception as error:
                errors.append(error)

    before = release_and_total(data_dir)
    figures.execute("update trade set con_val = con_val * 2, gen_val = gen_val * 2 where flow = 'imports'")
    reader = threading.Thread(target=read)
    reader.start()
    with pipeline.running(live(data_dir, server, fetch="always"), *PERIOD) as run:
        code = run.exit_code()
    finished.set()
    reader.join()
    assert code == 0, run.printed()
    after = release_and_total(data_dir)
    assert errors == []
    assert seen <= {before, after}
    assert before in seen
    assert after[1] > before[1]


def release_and_total(data_dir: Path) -> tuple[str, int]:
    with duckdb.connect(str(data_dir / "published" / "ai_trade.duckdb"), read_only=True) as con:
        return con.execute("""
            select release_id, (select sum(value_usd) from goods_trade where flow = 'import')::bigint
            from release_info
        """).fetchone()


@pytest.mark.soak
def test_killed_fifty_times_at_random(pipeline, killed_at_commits, left_alone, tmp_path):
    environment = offline(tmp_path, killed_at_commits / "archive")
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
            assert release(tmp_path) == release(left_alone)
            subprocess.run(
                ["rm", "-rf", str(tmp_path / "published"), str(tmp_path / "warehouse")], check=True
            )
    with pipeline.running(environment) as run:
        assert run.exit_code() == 0, run.printed()
    assert release(tmp_path) == release(left_alone)

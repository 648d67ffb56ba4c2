"""What tests share: planted figures behind a local server, settings for it, a client that never waits."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadScopeScheduling

from orchestration.dbt import parse_if_stale, target
from orchestration.http import Client
from orchestration.settings import Settings
from tests.forks import Forks
from tests.replay.figures import Figures
from tests.replay.server import Replay
from tests.world import KEY, planted_world

# A slow hour of the machine is no fault of what is tested.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.load_profile("untimed")

# Whole runs of the pipeline take minutes: they begin first, so that no worker is left alone with them.
LONGEST = (
    "test_kills",
    "test_dbt_build",
    "test_incremental_by_content",
    "test_sample_release",
    "test_label_lists_run",
)


class FileByFile(LoadScopeScheduling):
    """Gives a file to one worker as a whole, and those about dbt, which share a warehouse, to the same."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return "tests/dbt" if file.startswith("tests/dbt/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FileByFile:
    return FileByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with whole runs first, in the order above."""

    def place(item: pytest.Item) -> int:
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """Nothing that the caller's shell has set reaches a test."""
    for name in [name for name in os.environ if name.startswith("AITB_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> Path:
    """A directory that all workers of this session have in common."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def parsed_project(shared) -> Path:
    """The dbt folder of a data directory in which dbt has parsed the project, once for all workers."""
    settings = Settings(data_dir=shared / "parsed")
    with FileLock(shared / "parsed.lock"):
        parse_if_stale(settings)
    return target(settings)


@pytest.fixture(scope="session")
def forks(parsed_project, tmp_path_factory) -> Iterator[Forks]:
    """Starts runs of the pipeline and of dbt, each in a process of its own."""
    starting = Forks(tmp_path_factory.mktemp("forks"), parsed_project)
    yield starting
    starting.close()


@pytest.fixture
def figures() -> Figures:
    return planted_world()


@pytest.fixture
def server(figures) -> Iterator[Replay]:
    with Replay(figures, keys=[KEY]) as running:
        yield running


@pytest.fixture
def settings(server, tmp_path) -> Settings:
    """A data directory of its own; every partition is fetched from the server."""
    return Settings(
        data_dir=tmp_path / "data",
        fetch="always",
        census_url=server.census_url,
        census_schedules_url=server.schedules_url,
        hts_url=server.hts_url,
        federal_register_url=server.federal_register_url,
        csl_url=server.csl_url,
        ecfr_url=server.ecfr_url,
        census_api_key=KEY,
    )


@pytest.fixture
def slept() -> list[float]:
    """Seconds that the client would have waited, in order."""
    return []


@pytest.fixture
def make_client(slept, monkeypatch) -> Callable[[Settings], Client]:
    """Makes clients that only note down what they would wait, without the random part of it.

    Their clock leaps, so that the pause between two requests has always passed.
    """
    monkeypatch.setattr("orchestration.http.random.random", lambda: 0.0)
    clock = count(step=1).__next__

    def make(given: Settings, timeout: float = 10) -> Client:
        return Client(given, sleep=slept.append, clock=clock, timeout=httpx.Timeout(timeout))

    return make


@pytest.fixture
def client(settings, make_client) -> Iterator[Client]:
    with make_client(settings) as asking:
        yield asking

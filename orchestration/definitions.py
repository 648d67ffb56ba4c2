"""Assembly only: what Dagster loads."""

import warnings
from collections.abc import Callable

from dagster import BetaWarning, Definitions, definitions

from orchestration.assets.classification import classification_assets
from orchestration.assets.landing import landing_assets
from orchestration.assets.warehouse import warehouse_assets, warehouse_gates
from orchestration.dbt import dbt_project
from orchestration.http import Client
from orchestration.jobs import LANDING_JOBS, jobs
from orchestration.schedules import schedules
from orchestration.sensors import sensors
from orchestration.settings import Settings
from orchestration.sources.registry import SOURCES

# Single-run backfills are marked as beta; nine warnings at each start say nothing new.
warnings.filterwarnings("ignore", message=".*backfill_policy.*", category=BetaWarning)


def build_definitions(settings: Settings, make_client: Callable[[Settings], Client] = Client) -> Definitions:
    """Everything for one data directory. Tests hand in their settings and their client."""
    project = dbt_project(settings)
    all_jobs = jobs(settings, SOURCES)
    return Definitions(
        assets=[
            *landing_assets(settings, make_client, SOURCES),
            *classification_assets(settings),
            *warehouse_assets(settings, project),
        ],
        asset_checks=warehouse_gates(settings),
        jobs=all_jobs,
        schedules=schedules(settings, make_client),
        sensors=sensors(settings, make_client, all_jobs),
    )


def landing_definitions(
    settings: Settings, make_client: Callable[[Settings], Client] = Client
) -> Definitions:
    """What lands, and its jobs. They need nothing of dbt, so they need not wait until it has parsed."""
    landing = [job for job in jobs(settings, SOURCES) if job.name in LANDING_JOBS.values()]
    return Definitions(assets=landing_assets(settings, make_client, SOURCES), jobs=landing)


@definitions
def defs() -> Definitions:
    """What `workspace.yaml` loads: the data directory that the environment names."""
    return build_definitions(Settings())

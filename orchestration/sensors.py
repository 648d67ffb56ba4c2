"""What starts by itself: landing a release that came late, and a refresh when landing has changed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from orchestration.http import Client
from orchestration.instance import clear_dead_runs
from orchestration.jobs import LANDING_JOBS, REFRESH_JOB
from orchestration.landing import selected
from orchestration.publish import current_release, release_id
from orchestration.releases import archived_release, new_release
from orchestration.schedules import ASKED_FOR, NEW_YORK, NOTHING_NEW, OFFLINE, runs_to_request
from orchestration.settings import Settings


def sensors(
    settings: Settings,
    make_client: Callable[[Settings], Client],
    jobs: Sequence[UnresolvedAssetJobDefinition],
    now: Callable[[], datetime] = lambda: datetime.now(NEW_YORK),
) -> list[SensorDefinition]:
    """The release sensor and the refresh sensor."""

    @sensor(
        name="new_release",
        jobs=[job for job in jobs if job.name in LANDING_JOBS.values()],
        minimum_interval_seconds=3600,
        description=(
            "Catch a release that was late for the schedule, ask again for what failed, and load what comes "
            "with a month: the year that it completes, descriptions, countries."
        ),
    )
    def release_sensor(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        if settings.fetch == "never":
            yield OFFLINE
            return
        today = now().date()
        with make_client(settings) as client:
            release = new_release(settings, client, today)
        # The schedule asks for months only, and they may be in the archive by now.
        latest = release or archived_release(settings)
        if latest is None:
            yield NOTHING_NEW
            return
        # A year is asked for when its months are there: then nothing of it is late any more.
        grains = ["month", *(["year"] if latest.is_archived else []), "edition", "current"]
        skipped = NOTHING_NEW if release is None else ASKED_FOR
        yield from runs_to_request(context.instance, latest, grains, today) or [skipped]

    @sensor(
        name="landing_changed",
        job_name=REFRESH_JOB,
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description=(
            "Start a refresh when landing, the code or the seeds are not those of the release, and no other "
            "run is at work."
        ),
    )
    def refresh_sensor(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        clear_dead_runs(context.instance)
        # Each partition that is landed is a change: a refresh for each would be one every minute.
        if context.instance.get_runs_count(RunsFilter(statuses=NOT_FINISHED_STATUSES)):
            return SkipReason("A run is at work; its end is waited for.")
        if next(selected(settings), None) is None:
            return SkipReason("Nothing is landed yet.")
        wanted = release_id(settings)
        current = current_release(settings)
        if current is not None and current["release_id"] == wanted:
            return SkipReason("The release is up to date.")
        return RunRequest(run_key=wanted)

    return [release_sensor, refresh_sensor]

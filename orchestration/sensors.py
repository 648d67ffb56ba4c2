"""What starts by itself: landing a release that came late, and a refresh when landing has changed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.http import Client
from orchestration.jobs import LANDING_JOBS, REFRESH_JOB
from orchestration.landing import selected
from orchestration.publish import current_release, release_id
from orchestration.releases import archived_release, new_release
from orchestration.schedules import (
    NEW_YORK,
    NOTHING_NEW,
    OFFLINE,
    months_request,
    was_requested,
    years_request,
)
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
        jobs=[job for job in jobs if job.name in (LANDING_JOBS["month"], LANDING_JOBS["year"])],
        minimum_interval_seconds=3600,
        description="Catch a release that was late for the schedule, and the year that a December completes.",
    )
    def release_sensor(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        if settings.fetch == "never":
            yield OFFLINE
            return
        with make_client(settings) as client:
            release = new_release(settings, client, now().date())
        requests = [] if release is None else [months_request(release)]
        # The schedule asks for months only, and they may be in the archive by now.
        latest = release or archived_release(settings)
        if latest is not None and latest.years:
            requests.append(years_request(latest))
        new = [request for request in requests if not was_requested(context.instance, request.run_key)]
        yield from new or [NOTHING_NEW]

    @sensor(
        name="landing_changed",
        job_name=REFRESH_JOB,
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Start a refresh when landing, the code or the seeds are not those of the release.",
    )
    def refresh_sensor() -> RunRequest | SkipReason:
        if next(selected(settings), None) is None:
            return SkipReason("Nothing is landed yet.")
        wanted = release_id(settings)
        current = current_release(settings)
        if current is not None and current["release_id"] == wanted:
            return SkipReason("The release is up to date.")
        return RunRequest(run_key=wanted)

    return [release_sensor, refresh_sensor]

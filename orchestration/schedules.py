"""On release days: ask, and land what is new."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from dagster import (
    DagsterInstance,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    RUN_KEY_TAG,
)

from orchestration.http import Client
from orchestration.jobs import LANDING_JOBS
from orchestration.releases import Release, new_release
from orchestration.settings import Settings

NEW_YORK = ZoneInfo("America/New_York")
OFFLINE = SkipReason("AITB_FETCH is 'never': this instance works on what is archived.")
NOTHING_NEW = SkipReason("No new month is published yet.")


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags of one run over a range of partitions."""
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def months_request(release: Release) -> RunRequest:
    """One run that lands the months of a release."""
    return RunRequest(
        run_key=release.run_key,
        job_name=LANDING_JOBS["month"],
        tags=range_tags(release.months[0], release.months[-1]),
    )


def years_request(release: Release) -> RunRequest:
    """One run that lands the years of a release that has any."""
    return RunRequest(
        run_key=release.years_run_key,
        job_name=LANDING_JOBS["year"],
        tags=range_tags(release.years[0], release.years[-1]),
    )


def was_requested(instance: DagsterInstance, run_key: str) -> bool:
    """Whether a run with this key was asked for already, by the schedule or by the sensor."""
    return instance.get_runs_count(RunsFilter(tags={RUN_KEY_TAG: run_key})) > 0


def schedules(settings: Settings, make_client: Callable[[Settings], Client]) -> list[ScheduleDefinition]:
    """The probe of 08:45, a quarter of an hour after the agency's release time."""

    @schedule(
        name="new_release_weekdays",
        cron_schedule="45 8 * * 1-5",
        execution_timezone=NEW_YORK.key,
        job_name=LANDING_JOBS["month"],
        description="Ask for the next month and land it when it is published. Not yet is no failure.",
    )
    def new_release_weekdays(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if settings.fetch == "never":
            return OFFLINE
        today = context.scheduled_execution_time.astimezone(NEW_YORK).date()
        with make_client(settings) as client:
            release = new_release(settings, client, today)
        if release is None or was_requested(context.instance, release.run_key):
            return NOTHING_NEW
        return months_request(release)

    return [new_release_weekdays]

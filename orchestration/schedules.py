"""On release days: ask, and land what is new."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
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
from orchestration.sources.model import NEW_YORK, Grain

OFFLINE = SkipReason("AITB_FETCH is 'never': this instance works on what is archived.")
NOTHING_NEW = SkipReason("No new month is published yet.")
ASKED_FOR = SkipReason("What is published was asked for already.")

# Which release a run lands, and what of it: all tries of it, 'Re-execute' and `make live` carry the tag.
RELEASE_TAG = "ai_trade/release"
# The first one, once more within the hour, then one a day: about a week.
MOST_TRIES = 7


class GaveUp(Exception):
    """What was asked for failed every time; somebody has to look."""


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags of one run over a range of partitions."""
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def landing_tags(grain: Grain, partitions: Sequence[str], release: Release | None) -> dict[str, str]:
    """Tags of the run that lands these partitions, for a release if it is one."""
    tags = {} if grain == "current" else range_tags(partitions[0], partitions[-1])
    return tags if release is None else {**tags, RELEASE_TAG: release.run_key(grain)}


def runs_to_request(
    instance: DagsterInstance, release: Release, grains: Iterable[Grain], today: date
) -> list[RunRequest]:
    """One run for each grain of a release that is still to be landed.

    A run that failed is asked for again, at most once a day under a key of its own. The months are also asked
    for again as long as some dataset lacks what is published. Raises `GaveUp` when the tries are used up and
    there is nothing else to ask for.
    """
    requests, given_up = [], []
    for grain in grains:
        key, partitions = release.run_key(grain), release.partitions[grain]
        tries = instance.get_runs(RunsFilter(tags={RELEASE_TAG: key}))
        if not partitions or _is_settled(release, grain, tries):
            continue
        run_key = f"{key}-{today}" if tries else key
        if any(run.tags.get(RUN_KEY_TAG) == run_key for run in tries):
            continue
        if len(tries) >= MOST_TRIES:
            given_up.append(
                f"{LANDING_JOBS[grain]} for {key} was tried {len(tries)} times without success. Look at run "
                f"{tries[0].run_id[:8]}; when the cause is gone, choose 'Re-execute' there."
            )
            continue
        tags = landing_tags(grain, partitions, release)
        requests.append(RunRequest(run_key=run_key, job_name=LANDING_JOBS[grain], tags=tags))
    if given_up and not requests:
        raise GaveUp(" ".join(given_up))
    return requests


def _is_settled(release: Release, grain: Grain, tries: list[DagsterRun]) -> bool:
    """Whether nothing is to be asked for, given the tries so far, the last one first."""
    wants_more = grain == "month" and not release.is_archived
    if not tries:
        # Months that are archived were landed by somebody else, or are about to be.
        return grain == "month" and not wants_more
    if tries[0].status == DagsterRunStatus.SUCCESS:
        return not wants_more
    # A run that was cancelled was not wanted; one that is not finished yet is waited for.
    return tries[0].status != DagsterRunStatus.FAILURE


def schedules(settings: Settings, make_client: Callable[[Settings], Client]) -> list[ScheduleDefinition]:
    """The probe of 08:45, a quarter of an hour after the agency's release time."""

    @schedule(
        name="new_release_weekdays",
        cron_schedule="45 8 * * 1-5",
        execution_timezone=NEW_YORK.key,
        job_name=LANDING_JOBS["month"],
        description="Ask for the next month and land it when it is published. Not yet is no failure.",
    )
    def new_release_weekdays(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        if settings.fetch == "never":
            return OFFLINE
        today = context.scheduled_execution_time.astimezone(NEW_YORK).date()
        with make_client(settings) as client:
            release = new_release(settings, client, today)
        if release is None:
            return NOTHING_NEW
        return runs_to_request(context.instance, release, ["month"], today) or ASKED_FOR

    return [new_release_weekdays]

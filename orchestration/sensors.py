"""What starts by itself: landing a release that came late, and a refresh when landing has changed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from dagster import (
    DagsterRunStatus,
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
from orchestration.instance import KILLED_TAG, clear_dead_runs
from orchestration.jobs import LANDING_JOBS, REFRESH_JOB
from orchestration.landing import selected
from orchestration.partitions import register
from orchestration.publish import current_release, release_id
from orchestration.releases import (
    amendments_to_land,
    archived_release,
    days_to_land,
    new_release,
    revisions_to_land,
)
from orchestration.schedules import (
    ASKED_FOR,
    NOTHING_NEW,
    OFFLINE,
    range_tags,
    runs_to_request,
)
from orchestration.settings import Settings, is_address
from orchestration.sources.model import NEW_YORK, SourceError

NO_NEW_REVISION = SkipReason("The revision in force is archived.")
NO_NEW_CONTROLS = SkipReason("The last screening list and the last amendment are archived.")


def sensors(
    settings: Settings,
    make_client: Callable[[Settings], Client],
    jobs: Sequence[UnresolvedAssetJobDefinition],
    now: Callable[[], datetime] = lambda: datetime.now(NEW_YORK),
) -> list[SensorDefinition]:
    """The sensors of new months, of what else has changed at the sources, and of what is to be refreshed."""

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
        name="new_tariff_revision",
        job_name=LANDING_JOBS["revision"],
        minimum_interval_seconds=3600,
        description=(
            "Land the revision of the tariff schedule that is in force as soon as it is another one. "
            "One that failed is asked for once a day."
        ),
    )
    def revision_sensor(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        if settings.fetch == "never" and is_address(settings.hts_url):
            return OFFLINE
        with make_client(settings) as client:
            revisions = revisions_to_land(settings, client)
        if not revisions:
            return NO_NEW_REVISION
        tags = range_tags(*register(context.instance, "revision", revisions))
        return RunRequest(run_key=f"{revisions[-1]}-{now().date()}", tags=tags)

    @sensor(
        name="new_export_controls",
        jobs=[job for job in jobs if job.name in (LANDING_JOBS["day"], LANDING_JOBS["amendment"])],
        minimum_interval_seconds=3600,
        description=(
            "Land the screening list of each day, which cannot be had later, and the export control "
            "regulations as soon as they are amended. A list that failed is asked for once an hour, and "
            "regulations once a day."
        ),
    )
    def controls_sensor(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        at = now()
        # A list that was not read on its day cannot be had later.
        questions = {
            "day": (settings.csl_url, f"{at:%Y-%m-%dT%H}", lambda _: days_to_land(settings, at)),
            "amendment": (settings.ecfr_url, f"{at:%Y-%m-%d}", partial(amendments_to_land, settings)),
        }
        requests, failures, is_asked = [], [], False
        with make_client(settings) as client:
            for grain, (location, tried_at, question) in questions.items():
                if settings.fetch == "never" and is_address(location):
                    continue
                is_asked = True
                try:
                    partitions = question(client)
                except SourceError as error:
                    context.log.error(str(error))
                    failures.append(error)
                    continue
                if partitions:
                    tags = range_tags(*register(context.instance, grain, partitions))
                    run_key = f"{grain}-{partitions[-1]}-{tried_at}"
                    requests.append(RunRequest(run_key=run_key, job_name=LANDING_JOBS[grain], tags=tags))
        # One source that is down does not cost the day of the other.
        if failures and not requests:
            raise failures[0]
        yield from requests or [NO_NEW_CONTROLS if is_asked else OFFLINE]

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
        # One that failed is not started twice. One that was killed is, and so is one for a state that came
        # back after another was published.
        well = RunsFilter(job_name=REFRESH_JOB, statuses=[DagsterRunStatus.SUCCESS])
        killed = RunsFilter(job_name=REFRESH_JOB, tags={KILLED_TAG: "yes"})
        before = sum(context.instance.get_runs_count(runs) for runs in (well, killed))
        return RunRequest(run_key=f"{wanted}-{before}")

    return [release_sensor, revision_sensor, controls_sensor, refresh_sensor]

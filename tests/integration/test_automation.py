"""What starts by itself: on a release day, on a day without one, with the source down, and not twice."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    RUN_KEY_TAG,
)
from dagster._core.test_utils import create_run_for_test

from orchestration.archive import Archive, fill
from orchestration.instance import PROCESS_TAG
from orchestration.jobs import LANDING_JOBS, REFRESH_JOB, jobs
from orchestration.publish import release_id
from orchestration.releases import MONTHLY
from orchestration.schedules import MOST_TRIES, NEW_YORK, GaveUp, schedules
from orchestration.sensors import sensors
from orchestration.sources.model import EVERYTHING, KeyRefused, Unavailable
from orchestration.sources.registry import DATASETS, SOURCES
from tests.replay.faults import Fault, status
from tests.replay.figures import plant
from tests.schedules import plant_release, schedule
from tests.world import archive_something, plant_exports, plant_imports

SOURCE, _ = DATASETS["imports_monthly"]
NOTHING_NEW = SkipReason("No new month is published yet.")
ASKED_FOR = SkipReason("What is published was asked for already.")


class Automation:
    """The schedule and the sensors of one data directory, at a moment in New York."""

    def __init__(self, settings, client, make_client, server, instance):
        self.settings, self.client, self.make_client = settings, client, make_client
        self.server, self.instance = server, instance
        self.now = datetime(2026, 4, 2, 8, 45, tzinfo=NEW_YORK)

    def publish(self, *months: str) -> None:
        for month in months:
            plant_imports(self.server.figures, month, "month")
            plant_exports(self.server.figures, month, "month")

    def archive(self, *months: str, datasets=MONTHLY) -> None:
        self.publish(*months)
        for month in months:
            for dataset in datasets:
                fill(self.client, Archive(self.settings.archive_dir), SOURCE, dataset, month, EVERYTHING)
        self.server.requests.clear()

    def schedule(self, **changed: object) -> list[RunRequest] | SkipReason:
        (definition,) = schedules(self.settings.model_copy(update=changed), self.make_client)
        context = build_schedule_context(instance=self.instance, scheduled_execution_time=self.now)
        return definition(context)

    def release_sensor(self, **changed: object) -> list[RunRequest | SkipReason]:
        settings = self.settings.model_copy(update=changed)
        release_sensor, *_ = sensors(settings, self.make_client, jobs(settings, SOURCES), lambda: self.now)
        return list(release_sensor(build_sensor_context(instance=self.instance)))

    def revision_sensor(self, **changed: object) -> RunRequest | SkipReason:
        settings = self.settings.model_copy(update=changed)
        _, revision_sensor, *_ = sensors(
            settings, self.make_client, jobs(settings, SOURCES), lambda: self.now
        )
        return revision_sensor(build_sensor_context(instance=self.instance))

    def controls_sensor(self, **changed: object) -> list[RunRequest | SkipReason]:
        settings = self.settings.model_copy(update=changed)
        *_, controls_sensor, _ = sensors(
            settings, self.make_client, jobs(settings, SOURCES), lambda: self.now
        )
        return list(controls_sensor(build_sensor_context(instance=self.instance)))

    def refresh_sensor(self) -> RunRequest | SkipReason:
        *_, refresh_sensor = sensors(self.settings, self.make_client, jobs(self.settings, SOURCES))
        return refresh_sensor(build_sensor_context(instance=self.instance))

    def launch(self, *requests: RunRequest, ending: DagsterRunStatus = DagsterRunStatus.STARTED) -> None:
        """What the daemon does with requests: runs with their keys and their tags."""
        for request in requests:
            tags = {**request.tags, RUN_KEY_TAG: request.run_key}
            create_run_for_test(self.instance, job_name=request.job_name, tags=tags, status=ending)

    def tomorrow(self) -> None:
        self.now += timedelta(days=1)


@pytest.fixture
def automation(settings, client, make_client, server, tmp_path) -> Iterator[Automation]:
    server.figures.execute("delete from trade")
    # What the first load brought: the year that tariffs are weighed by.
    archive_something(settings, "year", "2024")
    archive_something(settings, "edition", "2024")
    # A schedule's context takes only an instance that is kept.
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield Automation(settings, client, make_client, server, instance)


def described(request: RunRequest) -> tuple[str, ...]:
    tags = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
    return request.job_name, request.run_key, *(request.tags[tag] for tag in tags if tag in request.tags)


MONTHS = ("land_months", "release-2026-02-month", "2026-01", "2026-02")
EDITION = ("land_editions", "release-2026-02-edition", "2026", "2026")
LISTS = ("land_current", "release-2026-02-current")


def february(automation: Automation) -> None:
    """The day on which February of 2026 is published."""
    automation.archive("2026-01")
    automation.publish("2026-02")


def test_the_schedule_probes_at_0845_in_new_york_on_weekdays(automation):
    (definition,) = schedules(automation.settings, automation.make_client)

    assert (definition.cron_schedule, definition.execution_timezone) == ("45 8 * * 1-5", "America/New_York")
    assert definition.job_name == LANDING_JOBS["month"]


def test_on_a_release_day_schedule_and_sensor_ask_for_the_same_run(automation):
    february(automation)

    requests = automation.schedule()

    assert [described(one) for one in requests] == [MONTHS]
    assert described(automation.release_sensor()[0]) == MONTHS
    asked = dict.fromkeys(month for one in automation.server.requests for month in one.values("time"))
    assert list(asked) == ["2026-03", "2026-02"]  # March is not there yet


def test_a_release_also_asks_for_the_descriptions_of_its_year_and_for_the_countries(automation):
    """An operator who never calls `make live` gets them too, whoever asked for the months."""
    february(automation)
    automation.launch(*automation.schedule())

    requests = automation.release_sensor()

    assert [described(one) for one in requests] == [EDITION, LISTS]
    automation.launch(*requests)
    assert automation.release_sensor() == [ASKED_FOR]
    automation.archive("2026-02")
    assert automation.release_sensor() == [NOTHING_NEW]


def test_on_a_day_without_a_release_nothing_is_asked_for_and_nothing_fails(automation):
    february(automation)
    automation.launch(*automation.release_sensor(), ending=DagsterRunStatus.SUCCESS)
    automation.archive("2026-02")

    assert automation.schedule() == NOTHING_NEW
    assert automation.release_sensor() == [NOTHING_NEW]


@pytest.mark.parametrize("asked_first", ["schedule", "sensor"])
def test_what_was_requested_is_not_requested_twice(automation, asked_first):
    february(automation)
    automation.launch(*(automation.schedule() if asked_first == "schedule" else automation.release_sensor()))

    assert automation.schedule() == ASKED_FOR
    assert MONTHS not in [described(one) for one in automation.release_sensor() if asked_first == "schedule"]
    automation.tomorrow()
    assert automation.schedule() == ASKED_FOR  # it is still at work


def test_another_release_is_another_run(automation):
    february(automation)
    automation.launch(*automation.schedule())
    automation.archive("2026-02")
    automation.publish("2026-03")
    automation.now = datetime(2026, 5, 5, 8, 45, tzinfo=NEW_YORK)

    assert [one.run_key for one in automation.schedule()] == ["release-2026-03-month"]


# A run that failed, or brought only a part.


@pytest.mark.parametrize("archived", [[], MONTHLY[:1], MONTHLY])
def test_a_run_that_failed_is_asked_for_again_once_a_day(automation, archived):
    """Whether it ended before, between or behind the flows: its figures may have been rejected."""
    february(automation)
    first, *others = automation.release_sensor()
    automation.launch(first, ending=DagsterRunStatus.FAILURE)
    automation.launch(*others, ending=DagsterRunStatus.SUCCESS)
    automation.archive("2026-02", datasets=archived)

    (again,) = automation.release_sensor()
    assert described(again) == ("land_months", "release-2026-02-month-2026-04-02", "2026-01", "2026-02")
    automation.launch(again, ending=DagsterRunStatus.FAILURE)
    for _ in range(2):  # an hour later, and two
        (skipped,) = automation.release_sensor()
        assert isinstance(skipped, SkipReason)

    automation.tomorrow()
    (again,) = automation.release_sensor()
    assert again.run_key == "release-2026-02-month-2026-04-03"
    automation.archive("2026-02")
    automation.launch(again, ending=DagsterRunStatus.SUCCESS)
    automation.tomorrow()
    assert automation.release_sensor() == [NOTHING_NEW]


def test_a_run_that_fails_every_day_ends_in_a_tick_that_says_so(automation):
    february(automation)
    requests = automation.release_sensor()
    automation.launch(requests[0], ending=DagsterRunStatus.FAILURE)
    automation.launch(*requests[1:], ending=DagsterRunStatus.SUCCESS)
    for _ in range(MOST_TRIES - 1):
        automation.launch(*automation.release_sensor(), ending=DagsterRunStatus.FAILURE)
        automation.tomorrow()

    assert automation.instance.get_runs_count() == MOST_TRIES + 2
    for evaluate in (automation.release_sensor, automation.schedule):
        with pytest.raises(GaveUp, match=r"tried 7 times without success\. Look at run .* 'Re-execute'"):
            evaluate()

    # What 'Re-execute' does: a run with the tags of the one before.
    automation.archive("2026-02")
    automation.launch(requests[0], ending=DagsterRunStatus.SUCCESS)
    assert automation.release_sensor() == [NOTHING_NEW]


def test_what_failed_does_not_keep_back_what_is_new(automation):
    february(automation)
    requests = automation.release_sensor()
    for _ in range(MOST_TRIES):
        automation.launch(requests[0], ending=DagsterRunStatus.FAILURE)

    assert [described(one) for one in automation.release_sensor()] == [EDITION, LISTS]


def test_a_flow_that_comes_later_is_fetched_when_it_comes(automation):
    automation.archive("2026-01")
    plant_imports(automation.server.figures, "2026-02", "month")
    first, *others = automation.release_sensor()
    automation.launch(first, *others, ending=DagsterRunStatus.SUCCESS)
    imports = [dataset for dataset in MONTHLY if dataset.flow == "import"]
    for dataset in imports:
        fill(
            automation.client,
            Archive(automation.settings.archive_dir),
            SOURCE,
            dataset,
            "2026-02",
            EVERYTHING,
        )
    assert automation.schedule() == NOTHING_NEW

    plant_exports(automation.server.figures, "2026-02", "month")

    (again,) = automation.schedule()
    assert described(again) == ("land_months", "release-2026-02-month-2026-04-02", "2026-01", "2026-02")


def test_a_run_that_was_cancelled_was_not_wanted(automation):
    february(automation)
    automation.launch(*automation.release_sensor(), ending=DagsterRunStatus.CANCELED)
    automation.tomorrow()

    assert automation.schedule() == ASKED_FOR
    assert automation.release_sensor() == [ASKED_FOR]


@pytest.mark.parametrize("fetch", ["never"])
def test_an_instance_that_may_not_fetch_asks_nobody(automation, fetch):
    automation.publish("2026-02")

    assert "AITB_FETCH is 'never'" in automation.schedule(fetch=fetch).skip_message
    (skipped,) = automation.release_sensor(fetch=fetch)
    assert "AITB_FETCH is 'never'" in skipped.skip_message
    assert automation.server.requests == []


def test_a_source_that_is_down_fails_the_tick_with_its_reason(automation):
    automation.archive("2026-01")
    automation.server.faults.append(Fault(status(503), times=None))

    for evaluate in (automation.schedule, automation.release_sensor):
        with pytest.raises(Unavailable, match=r"answered 503 .* tried 5 times"):
            evaluate()
    assert automation.instance.get_runs_count() == 0

    automation.server.faults.clear()
    assert automation.schedule() == NOTHING_NEW


def test_a_refused_key_fails_the_tick_with_its_reason(automation):
    automation.server.keys = ("another",)

    for evaluate in (automation.schedule, automation.release_sensor):
        with pytest.raises(KeyRefused, match="check AITB_CENSUS_API_KEY"):
            evaluate()


def december(automation: Automation) -> None:
    automation.now = datetime(2026, 2, 5, 8, 45, tzinfo=NEW_YORK)
    automation.archive("2025-11")
    automation.publish("2025-12")


MONTHS_OF_2025 = ("land_months", "release-2025-12-month", "2025-01", "2025-12")
THE_YEAR_2025 = ("land_years", "release-2025-12-year", "2025", "2025")


def test_the_release_of_december_asks_for_the_year_when_its_months_are_there(automation):
    """Asked for together with them, a year of which one flow is late would be taken for whole."""
    december(automation)
    requests = automation.release_sensor()
    assert described(requests[0]) == MONTHS_OF_2025
    assert THE_YEAR_2025 not in [described(one) for one in requests]
    automation.launch(*requests, ending=DagsterRunStatus.SUCCESS)
    automation.archive("2025-12")

    (year,) = automation.release_sensor()

    assert described(year) == THE_YEAR_2025
    automation.launch(year)
    assert automation.release_sensor() == [NOTHING_NEW]


def test_an_empty_archive_begins_with_the_year_before(automation):
    shutil.rmtree(automation.settings.archive_dir)
    automation.publish("2026-02")

    requests = automation.release_sensor()

    assert [described(one) for one in requests] == [
        ("land_months", "release-2026-02-month", "2025-01", "2026-02"),
        ("land_editions", "release-2026-02-edition", "2024", "2026"),
        LISTS,
    ]
    automation.launch(*requests, ending=DagsterRunStatus.SUCCESS)
    automation.archive(*(f"2025-{month:02d}" for month in range(1, 13)), "2026-01", "2026-02")
    (year,) = automation.release_sensor()
    # With the year that tariffs are weighed by.
    assert described(year) == ("land_years", "release-2026-02-year", "2024", "2025")


# The refresh.


def land(automation: Automation, digest: str) -> None:
    """A commit as landing writes it, without its tables."""
    folder = automation.settings.landing_dir / "census_trade/imports_monthly/2025-01/20260302T120000Z-r1"
    folder.mkdir(parents=True, exist_ok=True)
    check = {
        "suite": "s", "subject": "s", "check_name": "c", "status": "passed", "severity": "error",
        "message": "", "metrics": "{}",
    }  # fmt: skip
    commit = {
        "source": "census_trade", "dataset": "imports_monthly", "partition": "2025-01",
        "vintage_at": "2026-03-02T12:00:00+00:00", "digest": digest, "origin": "agency",
        "composed_from": [], "partners": [], "rate_provisions": [], "levels": ["total"], "tables": {},
        "checks": [check],
    }  # fmt: skip
    (folder / "commit.json").write_text(json.dumps(commit))


def publish_release(automation: Automation, identity: str) -> None:
    automation.settings.release_dir.mkdir(parents=True, exist_ok=True)
    (automation.settings.release_dir / "release.json").write_text(json.dumps({"release_id": identity}))


def test_without_landing_there_is_nothing_to_refresh(automation):
    assert automation.refresh_sensor() == SkipReason("Nothing is landed yet.")


def test_a_first_landing_is_refreshed(automation):
    land(automation, "one")

    assert automation.refresh_sensor().run_key == f"{release_id(automation.settings)}-0"


def test_a_refresh_that_failed_is_not_started_twice_and_one_that_was_killed_is(automation):
    land(automation, "one")
    first = automation.refresh_sensor()
    automation.launch(RunRequest(first.run_key, job_name=REFRESH_JOB), ending=DagsterRunStatus.FAILURE)
    assert automation.refresh_sensor().run_key == first.run_key

    gone = {PROCESS_TAG: "of nobody", RUN_KEY_TAG: first.run_key}
    started = DagsterRunStatus.STARTED
    create_run_for_test(automation.instance, job_name=REFRESH_JOB, tags=gone, status=started)
    assert automation.refresh_sensor().run_key != first.run_key


def test_a_state_that_comes_back_is_published_again(automation):
    keys = []
    for digest in ("one", "two", "one"):
        land(automation, digest)
        keys.append(automation.refresh_sensor().run_key)
        automation.launch(RunRequest(keys[-1], job_name=REFRESH_JOB), ending=DagsterRunStatus.SUCCESS)
        publish_release(automation, release_id(automation.settings))
    assert [key.partition("-")[2] for key in keys] == ["0", "1", "2"]
    assert keys[0][:16] == keys[2][:16] != keys[1][:16]


def test_a_release_of_what_is_landed_is_left_alone(automation):
    land(automation, "one")
    publish_release(automation, release_id(automation.settings))

    assert automation.refresh_sensor() == SkipReason("The release is up to date.")


def test_a_refresh_waits_for_the_end_of_a_landing_run(automation):
    """It would begin anew with every partition that is landed."""
    february(automation)
    automation.launch(*automation.schedule())
    land(automation, "one")

    assert automation.refresh_sensor() == SkipReason("A run is at work; its end is waited for.")

    (run,) = automation.instance.get_runs()
    automation.instance.report_run_failed(run)
    assert automation.refresh_sensor().run_key == f"{release_id(automation.settings)}-0"


def test_another_landing_is_another_refresh(automation):
    land(automation, "one")
    first = automation.refresh_sensor()
    publish_release(automation, release_id(automation.settings))
    land(automation, "two")

    second = automation.refresh_sensor()

    assert second.run_key == f"{release_id(automation.settings)}-0" != first.run_key
    assert automation.refresh_sensor().run_key == second.run_key


def test_the_refresh_watches_by_itself_and_the_other_sensors_are_switched_on_by_hand(automation):
    release_sensor, revision_sensor, controls_sensor, refresh_sensor = sensors(
        automation.settings, automation.make_client, jobs(automation.settings, SOURCES)
    )

    assert (release_sensor.name, release_sensor.default_status.value) == ("new_release", "STOPPED")
    assert (refresh_sensor.name, refresh_sensor.default_status.value) == ("landing_changed", "RUNNING")
    assert (revision_sensor.name, revision_sensor.default_status.value) == ("new_tariff_revision", "STOPPED")
    assert (controls_sensor.name, controls_sensor.default_status.value) == ("new_export_controls", "STOPPED")
    assert release_sensor.minimum_interval_seconds == revision_sensor.minimum_interval_seconds == 3600


def test_a_new_revision_of_the_tariff_schedule_is_asked_for_once_a_day(automation):
    plant_release(automation.server.figures, "2026HTSRev9", "2026-05-28", schedule())

    request = automation.revision_sensor()

    # A sensor of one job need not name it.
    assert described(request)[1:] == ("2026_rev_09-2026-04-02", "2026_rev_09", "2026_rev_09")
    assert automation.revision_sensor().run_key == request.run_key
    automation.tomorrow()
    assert automation.revision_sensor().run_key == "2026_rev_09-2026-04-03"
    source, dataset = DATASETS["tariff_schedule"]
    fill(
        automation.client,
        Archive(automation.settings.archive_dir),
        source,
        dataset,
        "2026_rev_09",
        EVERYTHING,
    )
    assert automation.revision_sensor() == SkipReason("The revision in force is archived.")


def test_the_tariff_schedule_is_not_asked_for_without_a_network(automation):
    assert automation.revision_sensor(fetch="never") == SkipReason(
        "AITB_FETCH is 'never': this instance works on what is archived."
    )
    assert automation.server.requests == []


def test_the_screening_list_is_asked_for_although_the_regulations_cannot_be(automation):
    automation.server.faults.append(Fault(status(500), path="titles", times=None))
    (today,) = automation.controls_sensor()
    assert today.job_name == "land_days"


def test_the_screening_list_is_asked_for_each_hour_and_an_amendment_once_a_day(automation):
    text = {"part": "740", "amended_on": "2026-02-03", "xml": "<DIV5/>"}
    plant(automation.server.figures, "regulations", [text])

    today, amendment = automation.controls_sensor()

    assert described(today) == (
        "land_days",
        f"day-2026-04-02-{automation.now:%Y-%m-%dT%H}",
        "2026-04-02",
        "2026-04-02",
    )
    assert described(amendment) == (
        "land_amendments",
        "amendment-2026-02-03-2026-04-02",
        "2026-02-03",
        "2026-02-03",
    )
    assert automation.controls_sensor()[0].run_key == today.run_key
    automation.now += timedelta(hours=1)
    assert automation.controls_sensor()[0].run_key != today.run_key
    assert automation.controls_sensor()[1].run_key == amendment.run_key
    assert automation.controls_sensor(fetch="never") == [
        SkipReason("AITB_FETCH is 'never': this instance works on what is archived.")
    ]

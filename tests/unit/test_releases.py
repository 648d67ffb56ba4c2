"""Is there a new month, and what does its release bring or revise?"""

from datetime import UTC, date, datetime

import pytest

from orchestration.archive import Archive, fill
from orchestration.releases import MONTHLY, Release, archived_release, new_release
from orchestration.run import _landing_runs, _left, _live_plan, _parse, main
from orchestration.sources.model import EVERYTHING, NEW_YORK, KeyRefused, Refused, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay.faults import Fault, status
from tests.world import archive_something, plant_exports, plant_imports

SOURCE, IMPORTS = DATASETS["imports_monthly"]
_, EXPORTS = DATASETS["exports_monthly"]
NOW = datetime(2026, 4, 10, 12, tzinfo=NEW_YORK)


@pytest.fixture
def publish(server):
    def act(*published: str) -> None:
        for month in published:
            plant_imports(server.figures, month, "month")
            plant_exports(server.figures, month, "month")

    server.figures.execute("delete from trade")
    return act


@pytest.fixture
def archive(settings, client, publish, server):
    """Publish and archive months, of every monthly dataset or of some."""

    def act(*archived: str, datasets=MONTHLY) -> None:
        publish(*archived)
        for month in archived:
            for dataset in datasets:
                fill(client, Archive(settings.archive_dir), SOURCE, dataset, month, EVERYTHING)
        server.requests.clear()

    return act


@pytest.fixture
def archive_year(settings, client, server):
    def act(year: str) -> None:
        plant_imports(server.figures, f"{year}-12", "year")
        plant_exports(server.figures, f"{year}-12", "year")
        for name in ("imports_annual", "exports_annual", "import_programmes_annual"):
            fill(client, Archive(settings.archive_dir), SOURCE, DATASETS[name][1], year, EVERYTHING)

    return act


def asked(server) -> list[str]:
    """Months in the order in which they were asked for; one that is not there is asked of every dataset."""
    return list(dict.fromkeys(value for request in server.requests for value in request.values("time")))


def test_a_month_that_is_published_and_not_archived_is_new(settings, client, server, archive, publish):
    archive("2026-01", "2026-02")
    publish("2026-03")

    release = new_release(settings, client, date(2026, 5, 5))

    assert (release.month, release.months) == ("2026-03", ("2026-01", "2026-02", "2026-03"))
    assert (release.editions, release.is_archived) == (("2024", "2026"), False)
    assert release.run_key("month") == "release-2026-03-month"
    assert asked(server) == ["2026-04", "2026-03"]


def test_nothing_is_new_before_the_day_of_the_release(settings, client, server, archive):
    archive("2026-01", "2026-02")

    assert new_release(settings, client, date(2026, 5, 4)) is None
    assert asked(server) == ["2026-04", "2026-03"]


def test_nothing_is_asked_when_the_last_complete_month_is_there(settings, client, server, archive):
    archive("2026-03")

    assert new_release(settings, client, date(2026, 4, 20)) is None
    assert asked(server) == []


def test_the_release_of_december_brings_its_year(settings, client, archive, publish):
    archive("2025-11")
    publish("2025-12")

    release = new_release(settings, client, date(2026, 2, 5))

    assert (release.month, release.years) == ("2025-12", ("2024", "2025"))
    assert release.months == tuple(f"2025-{month:02d}" for month in range(1, 13))


def test_the_year_that_tariffs_are_weighed_by_comes_with_the_first_release(
    settings, client, archive, publish, archive_year
):
    archive("2026-01")
    publish("2026-02")
    release = new_release(settings, client, date(2026, 4, 10))
    assert (release.years, release.editions) == (("2024",), ("2024", "2026"))

    archive_year("2024")
    assert new_release(settings, client, date(2026, 4, 10)).years == ()


def test_the_edition_of_the_year_in_which_a_release_is_out_comes_with_it(settings, client, archive, publish):
    """Documents of January are read with the figures of November, not with those of January in March."""
    archive("2025-09")
    publish("2025-10")
    assert new_release(settings, client, date(2025, 12, 20)).editions == ("2024", "2025")
    publish("2025-11")
    assert new_release(settings, client, date(2026, 1, 8)).editions == ("2024", "2025", "2026")


def test_the_release_of_april_brings_all_that_was_loaded(settings, client, archive, publish):
    archive("2024-01", "2026-03")
    publish("2026-04")

    release = new_release(settings, client, date(2026, 6, 4))

    assert (release.months[0], release.months[-1], len(release.months)) == ("2024-01", "2026-04", 28)
    assert release.years == ("2024", "2025")
    assert release.editions == ("2024", "2025", "2026")


def test_a_gap_is_filled_with_what_its_releases_revised(settings, client, archive, publish):
    archive("2025-10")
    publish("2026-02")

    release = new_release(settings, client, date(2026, 4, 10))

    assert (release.months[0], release.months[-1], len(release.months)) == ("2025-01", "2026-02", 14)
    assert release.years == ("2024", "2025")


def test_the_history_that_a_missed_release_of_april_revised_comes_with_the_next(
    settings, client, archive, publish
):
    archive("2024-01", "2026-03")
    publish("2026-05")

    release = new_release(settings, client, date(2026, 7, 7))

    assert (release.months[0], release.months[-1]) == ("2024-01", "2026-05")
    assert release.years == ("2024", "2025")


def test_a_first_load_begins_with_the_year_before(settings, client, publish):
    publish("2026-02")

    release = new_release(settings, client, date(2026, 4, 10))

    assert (release.months[0], release.months[-1]) == ("2025-01", "2026-02")
    assert release.years == ("2024", "2025")
    assert release.editions == ("2024", "2025", "2026")


@pytest.mark.parametrize("there", [[IMPORTS], [IMPORTS, EXPORTS], [EXPORTS]])
def test_a_month_that_one_dataset_lacks_is_new(settings, client, archive, there):
    """A run that ended between the flows is not taken for the whole release."""
    archive("2026-01")
    archive("2026-02", datasets=there)

    release = new_release(settings, client, date(2026, 4, 10))

    assert (release.month, release.months) == ("2026-02", ("2026-01", "2026-02"))
    assert archived_release(settings).month == "2026-01"


def test_a_flow_that_is_late_is_new_when_it_comes(settings, client, server, archive):
    archive("2026-01")
    plant_imports(server.figures, "2026-02", "month")
    assert new_release(settings, client, date(2026, 4, 10)).month == "2026-02"
    for dataset in (IMPORTS, DATASETS["import_programmes_monthly"][1]):
        fill(client, Archive(settings.archive_dir), SOURCE, dataset, "2026-02", EVERYTHING)

    assert new_release(settings, client, date(2026, 4, 10)) is None

    plant_exports(server.figures, "2026-02", "month")
    assert new_release(settings, client, date(2026, 4, 10)).month == "2026-02"


def test_a_year_that_is_completed_by_what_is_new_comes_with_it(settings, client, archive, publish):
    archive("2025-01", "2025-02")
    publish("2026-01")

    release = new_release(settings, client, date(2026, 3, 12))

    assert (release.months[0], release.months[-1]) == ("2025-01", "2026-01")
    assert (release.years, release.editions) == (("2024", "2025"), ("2024", "2025", "2026"))


def test_the_lists_of_a_year_that_are_there_are_not_asked_for_again(settings, client, archive, publish):
    """UN Comtrade, which has editions as well, is not configured."""
    archive("2025-12", "2026-01")
    publish("2026-02")
    archive_something(settings, "edition", "2024", "2025")

    assert new_release(settings, client, date(2026, 4, 10)).editions == ("2026",)


def test_the_search_for_the_newest_month_is_short(settings, client, server, publish):
    assert new_release(settings, client, date(2026, 4, 10)) is None
    assert asked(server) == ["2026-03", "2026-02", "2026-01", "2025-12"]


def test_the_release_of_the_newest_archived_month(settings, archive):
    assert archived_release(settings) is None
    archive("2025-11", "2025-12")
    assert archived_release(settings).years == ("2024", "2025")
    archive("2026-01")
    assert archived_release(settings) == Release(
        "2026-01", ("2026-01",), ("2024",), ("2024", "2025", "2026"), is_archived=True
    )


def test_a_year_and_an_edition_that_a_first_load_left_out_come_with_the_next_release(
    settings, archive, archive_year
):
    """Only months were asked for when they were new; what lies within them is still to come."""
    archive(*(f"2025-{month:02d}" for month in range(1, 13)), "2026-01", "2026-02")

    assert archived_release(settings).years == ("2024", "2025")
    assert archived_release(settings).editions == ("2024", "2025", "2026")

    archive_year("2025")
    assert archived_release(settings).years == ("2024",)


def test_a_year_of_which_a_month_was_revised_since_comes_with_the_next_release(
    settings, client, archive, archive_year, server
):
    """A sensor asks for the months first; for the years in a run of its own, once the months are there."""

    def fetch_anew(dataset, partition: str, year: int) -> None:
        server.figures.execute("update trade set con_cha = con_cha + 1")
        archive = Archive(settings.archive_dir)
        fill(
            client,
            archive,
            SOURCE,
            dataset,
            partition,
            EVERYTHING,
            now=lambda: datetime(year, 1, 1, tzinfo=UTC),
        )

    archive(*(f"2025-{month:02d}" for month in range(1, 13)), "2026-01")
    archive_year("2024")
    archive_year("2025")
    assert archived_release(settings).years == ()

    fetch_anew(IMPORTS, "2025-07", 2030)
    assert archived_release(settings).years == ("2025",)

    fetch_anew(DATASETS["imports_annual"][1], "2025", 2031)
    assert archived_release(settings).years == ()


def test_make_live_brings_what_an_earlier_run_did_not_come_to(settings, make_client, archive, monkeypatch):
    """It was killed behind the months: without anything new, the rest is fetched where it is missing."""
    monkeypatch.setattr("orchestration.http.Client", make_client)
    year = [f"2025-{month:02d}" for month in range(1, 13)]
    archive(*year)

    changed, plan, release, _ = _live_plan(settings, _parse(["--live"]), NOW)

    assert (changed.fetch, release) == ("missing", None)
    assert plan == {
        "month": year,
        "year": ["2024", "2025"],
        "edition": ["2024", "2025", "2026"],
        "revision": [],
        "amendment": [],
        "day": ["2026-04-10"],
        "current": ["current"],
    }


def test_make_live_lands_what_is_archived_and_was_not_landed(
    settings, make_client, archive, publish, monkeypatch
):
    """A release asks for its months; those of the year before were archived by a run that was killed."""
    monkeypatch.setattr("orchestration.http.Client", make_client)
    archive("2025-11", "2025-12", "2026-01")
    publish("2026-02")
    (settings.archive_dir / "manifest/csl/screening_list/2026-04-09").mkdir(parents=True)

    _, plan, release, _ = _live_plan(settings, _parse(["--live"]), NOW)

    assert (release.month, plan["month"]) == ("2026-02", ["2026-01", "2026-02"])
    assert _left(settings, plan) == {"month": ["2025-11", "2025-12"]}
    # The list of the day cannot be had on the next one.
    assert list(plan)[:3] == ["day", "revision", "amendment"]


def test_each_run_takes_periods_without_a_gap():
    plan = {
        "month": ["2019-11", "2019-12", "2020-01", "2025-12", "2026-01"],
        "year": ["2019", "2025"],
        "day": ["2026-04-08", "2026-04-10"],
        "revision": [],
        "current": ["current"],
    }
    assert list(_landing_runs(plan)) == [
        ("month", ["2019-11", "2019-12", "2020-01"]),
        ("month", ["2025-12", "2026-01"]),
        ("year", ["2019"]),
        ("year", ["2025"]),
        ("day", ["2026-04-08", "2026-04-10"]),
        ("current", ["current"]),
    ]


def test_make_live_with_a_range_brings_the_lists_of_all_its_years(settings):
    _, plan, _, _ = _live_plan(settings, _parse(["--live", "--from", "2023-12", "--to", "2025-02"]), NOW)

    assert (len(plan["month"]), plan["year"]) == (15, ["2024"])
    assert (plan["edition"], plan["current"]) == (["2023", "2024", "2025"], ["current"])


@pytest.mark.parametrize("answer", [500, 403])
@pytest.mark.parametrize("path", ["imports/hs", "currentRelease", "titles"])
def test_a_source_that_is_down_or_refuses_does_not_cost_what_another_has(
    settings, make_client, archive, server, monkeypatch, path, answer
):
    """The list of a day cannot be had later; and the run says by its exit code that something is missing."""
    monkeypatch.setattr("orchestration.http.Client", make_client)
    archive("2026-01")
    server.faults.append(Fault(status(answer), path=path, times=None))

    _, plan, release, failures = _live_plan(settings, _parse(["--live"]), NOW)

    assert (plan["day"], plan["month"], release) == (["2026-04-10"], ["2026-01"], None)
    assert [failure for failure in failures if str(answer) in str(failure)]


@pytest.mark.parametrize(("first", "last"), [("2012-12", "2025-02"), ("2025-01", "2026-04")])
def test_months_that_there_cannot_be_are_refused(settings, first, last):
    with pytest.raises(Refused, match="Months can be loaded from 2013-01 to 2026-03"):
        _live_plan(settings, _parse(["--live", "--from", first, "--to", last]), NOW)


def test_the_sources_are_not_asked_without_leave(settings, monkeypatch, capsys):
    monkeypatch.setenv("AITB_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AITB_FETCH", "never")
    assert main(["--live"]) == 2
    assert "AITB_FETCH is 'never'" in capsys.readouterr().out


def test_a_source_that_cannot_say_is_no_answer(settings, client, server, archive):
    archive("2026-02")
    server.faults.append(Fault(status(500), times=None))
    with pytest.raises(Unavailable, match="answered 500"):
        new_release(settings, client, date(2026, 5, 4))

    server.keys = ("another",)
    server.faults.clear()
    with pytest.raises(KeyRefused, match="AITB_CENSUS_API_KEY"):
        new_release(settings, client, date(2026, 5, 4))

"""Is there a new month? The question that the schedule, the sensor and `make live` ask in the same words."""

import csv
from dataclasses import dataclass
from datetime import date, datetime

from orchestration.archive import Archive, open_archive, unread
from orchestration.http import Client
from orchestration.partitions import (
    last_complete_month,
    month_after,
    months,
    revised_by_release_of,
    whole_years,
    years_of,
)
from orchestration.settings import SEEDS, Settings, is_address
from orchestration.sources import csl, ecfr, usitc_hts
from orchestration.sources.census_trade import SOURCE
from orchestration.sources.model import EVERYTHING, Dataset, Grain
from orchestration.sources.registry import DATASETS

MONTHLY = [dataset for dataset in SOURCE.datasets if dataset.grain == "month"]
ANNUAL = [dataset for dataset in SOURCE.datasets if dataset.grain == "year"]
# The newest month is out five weeks after its end, so the search from today backwards is short.
LONGEST_SEARCH_MONTHS = 4
# What a first live run loads: the year before and the running one.
FIRST_LOAD_YEARS_BACK = 1


@dataclass(frozen=True)
class Release:
    """A published month, and what its release brings or revises.

    is_archived: whether every monthly dataset has the month; until then there is something to fetch.
    """

    month: str
    months: tuple[str, ...]
    years: tuple[str, ...]
    editions: tuple[str, ...]
    is_archived: bool

    @property
    def partitions(self) -> dict[Grain, tuple[str, ...]]:
        """What to land, by kind of partition; each kind is a run of its own."""
        return {
            "month": self.months,
            "year": self.years,
            "edition": self.editions,
            "current": ("current",),
        }

    def run_key(self, grain: Grain) -> str:
        """One run for one release and grain, whoever noticed it first."""
        return f"release-{self.month}-{grain}"


def new_release(settings: Settings, client: Client, today: date) -> Release | None:
    """The newest month that is published and not archived in full; None when there is none.

    The flows of a month are released together, but one may be late, and a run may have ended between them:
    each monthly dataset that lacks a month is asked for it. Raises a `SourceError` when the source cannot
    say.
    """
    archive = open_archive(settings)
    complete = _complete_months(archive)
    newest_possible = last_complete_month(today)
    first_open = (
        month_after(complete[-1]) if complete else f"{int(newest_possible[:4]) - FIRST_LOAD_YEARS_BACK}-01"
    )
    for month in reversed(months(first_open, newest_possible)[-LONGEST_SEARCH_MONTHS:]):
        if any(
            _is_published(client, dataset, month) for dataset in MONTHLY if not _has(archive, dataset, month)
        ):
            first_loaded = complete[0] if complete else first_open
            # What the releases revised that nobody was there to load is still to be had.
            missed = months(first_open, month)
            since = min(revised_by_release_of(one, first_loaded)[0] for one in missed)
            touched = months(min(since, first_open), month)
            return _release(settings, touched, complete, is_archived=False)
    return None


def revisions_to_land(settings: Settings, client: Client) -> list[str]:
    """Revisions of the tariff schedule that are to be had and not archived, in order of time.

    At an address that is the one in force; in a folder all that it holds. Raises a `SourceError` when the
    source cannot say.
    """
    archive = open_archive(settings)
    source, (dataset,) = usitc_hts.SOURCE, usitc_hts.SOURCE.datasets
    if not is_address(settings.hts_url):
        return unread(settings, archive, source, dataset)
    in_force = usitc_hts.current_revision(client.ask(source, usitc_hts.RELEASE).body)
    return [] if in_force in archive.partitions(source.name, dataset.name) else [in_force]


def days_to_land(settings: Settings, now: datetime) -> list[str]:
    """Days of the screening list that are to be had and not archived: the last one, or those of a folder."""
    archive = open_archive(settings)
    source, (dataset,) = csl.SOURCE, csl.SOURCE.datasets
    if not is_address(settings.csl_url):
        return unread(settings, archive, source, dataset)
    served = csl.day_served(now)
    return [] if served in archive.partitions(source.name, dataset.name) else [served]


def amendments_to_land(settings: Settings, client: Client) -> list[str]:
    """Days of amendment of the export control regulations that are to be had and some part of it lacks.

    At an address that is the last one in force, in a folder all that it holds. Raises a `SourceError` when
    the source cannot say.
    """
    archive = open_archive(settings)
    source = ecfr.SOURCE
    if not is_address(settings.ecfr_url):
        found = (unread(settings, archive, source, dataset) for dataset in source.datasets)
        return sorted({day for days in found for day in days})
    in_force = ecfr.in_force(client.ask(source, ecfr.TITLES).body)
    versions = [client.ask(source, ecfr.versions_of(part)).body for part in ecfr.PARTS]
    last = ecfr.last_amendment([body for body in versions if body is not None], in_force)
    archived = (archive.partitions(source.name, dataset.name) for dataset in source.datasets)
    return [] if all(last in days for days in archived) else [last]


def archived_release(settings: Settings) -> Release | None:
    """The release of the newest month that is archived in full; None when there is none."""
    archive = open_archive(settings)
    complete = _complete_months(archive)
    if not complete:
        return None
    touched = revised_by_release_of(complete[-1], complete[0])
    return _release(settings, touched, complete, is_archived=True)


def _release(settings: Settings, touched: list[str], complete: list[str], is_archived: bool) -> Release:
    """A release with the years and editions of its months, and those of the months before it that are
    missing or older than their months.

    With them come the year that tariffs are weighed by, and the edition of the year in which the release is
    out, two months after its last one: documents of January are not kept for March.
    """
    loaded = {*complete, *touched}
    whole = [year for year in years_of(loaded) if {*months(f"{year}-01", f"{year}-12")} <= loaded]
    years = {
        *whole_years(touched[0], touched[-1]),
        *lacking(settings, "year", [*whole, *weight_years()]),
        *_revised_since(open_archive(settings), whole),
    }
    editions = {
        *years_of([*touched, month_after(month_after(touched[-1]))]),
        *lacking(settings, "edition", [*years_of(loaded), *weight_years()]),
    }
    return Release(touched[-1], tuple(touched), tuple(sorted(years)), tuple(sorted(editions)), is_archived)


def _is_published(client: Client, dataset: Dataset, month: str) -> bool:
    """The answer to the first request of a plan tells."""
    return client.ask(SOURCE, dataset.plan(month, EVERYTHING)[0]).body is not None


def _has(archive: Archive, dataset: Dataset, month: str) -> bool:
    return month in archive.partitions(SOURCE.name, dataset.name)


def _complete_months(archive: Archive) -> list[str]:
    """Months that every monthly dataset has, in order."""
    return sorted(set.intersection(*(set(archive.partitions(SOURCE.name, d.name)) for d in MONTHLY)))


def _revised_since(archive: Archive, years: list[str]) -> set[str]:
    """Those of these years that are archived, and of which a month was revised since."""
    found = set()
    for annual in ANNUAL:
        monthly = next(dataset for dataset in MONTHLY if dataset.suite == annual.suite)
        vintages, of_months = (archive.newest_vintages(SOURCE.name, d.name) for d in (annual, monthly))
        found |= {
            year
            for year in years
            if year in vintages
            and any(vintages[year] < of_months.get(m, "") for m in months(f"{year}-01", f"{year}-12"))
        }
    return found


def weight_years() -> list[str]:
    """The year whose imports weigh tariffs (seed tariff_horizon), whatever else is loaded."""
    with (SEEDS / "tariffs" / "tariff_horizon.csv").open(newline="") as file:
        return [row["weight_year"] for row in csv.DictReader(file)]


def lacking(settings: Settings, grain: Grain, partitions: list[str]) -> set[str]:
    """Which of these partitions some dataset of the grain has not, of a source that is configured."""
    archive = open_archive(settings)
    return {
        partition
        for source, dataset in DATASETS.values()
        if dataset.grain == grain and getattr(settings, source.base_url) is not None
        for partition in set(partitions) - set(archive.partitions(source.name, dataset.name))
    }

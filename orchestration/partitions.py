"""Which periods there are, and which of them a new release touches."""

from collections.abc import Iterable
from datetime import date

from dagster import (
    DagsterInstance,
    DynamicPartitionsDefinition,
    MonthlyPartitionsDefinition,
    PartitionsDefinition,
    TimeWindowPartitionsDefinition,
)

from orchestration.sources.model import Grain

# The API holds months from 2010 on; from 2013 on all variables asked for are there.
FIRST_YEAR = 2013

MONTHS = MonthlyPartitionsDefinition(start_date=f"{FIRST_YEAR}-01", fmt="%Y-%m")
YEARS = TimeWindowPartitionsDefinition(start=str(FIRST_YEAR), fmt="%Y", cron_schedule="0 0 1 1 *")
# The edition of a year is published during it.
EDITIONS = TimeWindowPartitionsDefinition(
    start=str(FIRST_YEAR), fmt="%Y", cron_schedule="0 0 1 1 *", end_offset=1
)
# Revisions of the tariff schedule, amendments of a regulation and days on which a list was read come when
# they come.
REVISIONS = DynamicPartitionsDefinition(name="revisions")
AMENDMENTS = DynamicPartitionsDefinition(name="amendments")
DAYS = DynamicPartitionsDefinition(name="days")
AS_THEY_COME: dict[Grain, DynamicPartitionsDefinition] = {
    "revision": REVISIONS,
    "amendment": AMENDMENTS,
    "day": DAYS,
}


def partitions_of(grain: Grain) -> PartitionsDefinition | None:
    """The partitions of a dataset of this grain; None when it has only its current state."""
    return {
        "month": MONTHS,
        "year": YEARS,
        "edition": EDITIONS,
        **AS_THEY_COME,
        "current": None,
    }[grain]


def register(instance: DagsterInstance, grain: Grain, partitions: Iterable[str]) -> tuple[str, str]:
    """Make partitions that come when they come known to Dagster; gives the ends of a range that holds all.

    A range goes by the order in which they became known, which need not be that of their names.
    """
    name = AS_THEY_COME[grain].name
    instance.add_dynamic_partitions(name, list(partitions))
    known = instance.get_dynamic_partitions(name)
    return known[0], known[-1]


def stretches(grain: Grain, partitions: Iterable[str]) -> list[list[str]]:
    """Partitions of periods in groups that follow one another without a gap, so that each is a range."""
    place = {partition: i for i, partition in enumerate(partitions_of(grain).get_partition_keys())}
    found: list[list[str]] = []
    for partition in sorted(partitions):
        if found and place[partition] == place[found[-1][-1]] + 1:
            found[-1].append(partition)
        else:
            found.append([partition])
    return found


def month_after(month: str) -> str:
    """'2025-12' → '2026-01'."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + 1}-01" if number == 12 else f"{year}-{number + 1:02d}"


def months(first: str, last: str) -> list[str]:
    """All months from `first` to `last`, both included; empty when `last` is before `first`."""
    result = []
    while first <= last:
        result.append(first)
        first = month_after(first)
    return result


def whole_years(first: str, last: str) -> list[str]:
    """Years that lie wholly between two months: ('2023-02', '2025-12') → ['2024', '2025']."""
    from_year = int(first[:4]) + (first[5:] != "01")
    to_year = int(last[:4]) - (last[5:] != "12")
    return [str(year) for year in range(from_year, to_year + 1)]


def years_of(given: Iterable[str]) -> list[str]:
    """Years in which months lie: ['2024-12', '2025-01'] → ['2024', '2025']."""
    return sorted({month[:4] for month in given})


def revised_by_release_of(month: str, first_loaded: str) -> list[str]:
    """Months that the release of `month` brings or revises, oldest first.

    Every release revises the year to date; the release of April's data, in June, re-issues the history
    (https://www.census.gov/foreign-trade/reference/definitions/index.html, "Revision Procedure").
    """
    since = min(first_loaded, month) if month[5:] == "04" else f"{month[:4]}-01"
    return months(since, month)


def last_complete_month(today: date) -> str:
    """The month before the one that `today` lies in."""
    return f"{today.year - 1}-12" if today.month == 1 else f"{today.year}-{today.month - 1:02d}"

"""Is there a new month? The question that the schedule, the sensor and `make live` ask in the same words."""

from dataclasses import dataclass
from datetime import date

from orchestration.archive import open_archive
from orchestration.http import Client
from orchestration.partitions import (
    last_complete_month,
    month_after,
    months,
    revised_by_release_of,
    whole_years,
)
from orchestration.settings import Settings
from orchestration.sources.model import EVERYTHING
from orchestration.sources.registry import DATASETS

# Both sides of a month are released together; one answer to the first request of the plan tells.
PROBED = "imports_monthly"
# The newest month is out five weeks after its end, so the search from today backwards is short.
LONGEST_SEARCH_MONTHS = 4
# What a first live run loads: the year before and the running one.
FIRST_LOAD_YEARS_BACK = 1


@dataclass(frozen=True)
class Release:
    """A published month, and what its release brings or revises."""

    month: str
    months: tuple[str, ...]
    years: tuple[str, ...]

    @property
    def run_key(self) -> str:
        """One run for one release, whoever noticed it first."""
        return f"release-{self.month}"

    @property
    def years_run_key(self) -> str:
        """The years come in a run of their own."""
        return f"{self.run_key}-years"


def new_release(settings: Settings, client: Client, today: date) -> Release | None:
    """The newest month that is published and not archived yet; None when there is none.

    Raises a `SourceError` when the source cannot say.
    """
    source, dataset = DATASETS[PROBED]
    archived = open_archive(settings).partitions(source.name, dataset.name)
    newest_possible = last_complete_month(today)
    first_open = (
        month_after(archived[-1]) if archived else f"{int(newest_possible[:4]) - FIRST_LOAD_YEARS_BACK}-01"
    )
    for month in reversed(months(first_open, newest_possible)[-LONGEST_SEARCH_MONTHS:]):
        if client.ask(source, dataset.plan(month, EVERYTHING)[0]).body is not None:
            touched = revised_by_release_of(month, archived[0] if archived else first_open)
            if touched[0] > first_open:
                touched = months(first_open, month)
            return _release(month, touched)
    return None


def archived_release(settings: Settings) -> Release | None:
    """The release of the newest month in the archive; None when it is empty."""
    source, dataset = DATASETS[PROBED]
    archived = open_archive(settings).partitions(source.name, dataset.name)
    return _release(archived[-1], revised_by_release_of(archived[-1], archived[0])) if archived else None


def _release(month: str, touched: list[str]) -> Release:
    return Release(month, tuple(touched), tuple(whole_years(touched[0], touched[-1])))

"""What a release says that the one before it did not: changes of the export control lists, as one line."""

import logging
from pathlib import Path

import duckdb

from orchestration.http import post_notice
from orchestration.settings import Settings
from orchestration.sources.model import SourceError

log = logging.getLogger(__name__)

CHANGES = "control_list_changes.parquet"
# So many names of each list and kind of change; the table has all of them.
NAMES_SHOWN = 5


def control_news(before: Path, after: Path) -> str | None:
    """Additions, removals and changes that the table in folder `after` has and that in `before` lacks.

    None when there are none, and for a first release: what was there before it is no news.
    """
    if not (before / CHANGES).exists():
        return None
    key = "dataset, list_part, entry_key, snapshot_date"
    rows = duckdb.execute(
        f"""
        select dataset, snapshot_date, list_part, change_kind, count(*) as entry_count,
               list(coalesce(entry_name, entry_key) order by entry_name)[:{NAMES_SHOWN}] as names
        from read_parquet(?) where ({key}) not in (select ({key}) from read_parquet(?))
        group by all order by all
        """,
        [str(after / CHANGES), str(before / CHANGES)],
    ).fetchall()
    said = [
        f"{dataset} {day}, {part}: {count} {kind} ({', '.join(names)}{', …' if count > len(names) else ''})"
        for dataset, day, part, kind, count, names in rows
    ]
    return f"Export control lists have changed. {'; '.join(said)}." if said else None


def post_news(settings: Settings, text: str | None) -> None:
    """Send news to the webhook, if there are any and one is set; what cannot be sent is only logged."""
    if text is None:
        return
    log.info(text)
    if settings.failure_webhook_url is None:
        return
    try:
        post_notice(settings.failure_webhook_url.get_secret_value(), text)
    except SourceError as error:
        log.error(str(error))

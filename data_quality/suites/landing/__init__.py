"""What an agency's answer must fulfil before it is committed to landing.

The gate runs on a connection that holds the tables of one partition as its reader made them, and beside
them `bad_values` (what the reader could not read), `provenance` (whether an agency served a level of
detail or it was composed, and from which files), `previous` (size of the vintage or period before) and
the seeds that its checks name. For a list as it is on a day, `previous_<table>` holds the rows of the day
that it is compared with.

Each module holds the tables and the suites of one subject; a dataset names its suite.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any

from data_quality.suites import Suite
from data_quality.suites.landing import (
    controls,
    documents,
    labels,
    partner_trade,
    reference,
    tariffs,
    trade,
)

SUITES: dict[str, Suite] = {
    **trade.SUITES,
    **reference.SUITES,
    **labels.SUITES,
    **tariffs.SUITES,
    **documents.SUITES,
    **controls.SUITES,
    **partner_trade.SUITES,
}


def context(
    dataset: str,
    partition: str,
    *,
    flow: str | None = None,
    partners: Sequence[str] = (),
    rate_provisions: Sequence[str] = (),
) -> dict[str, Any]:
    """What the landing gate has to know about a partition.

    partition: '2025-05', '2024', or 'current' for reference data.
    partners, rate_provisions: the scope that was asked for; empty means everything.
    """
    start = end = None
    if flow is not None:
        year, month = int(partition[:4]), int(partition[5:] or 0)
        start = date(year, month or 1, 1)
        end = date(year, month or 12, monthrange(year, month or 12)[1])
    return {
        "subject": f"{dataset} {partition}",
        "partition": partition,
        "flow": flow,
        "period_grain": None if flow is None else "month" if len(partition) == 7 else "year",
        "period_start": start,
        "period_end": end,
        "partners": list(partners),
        "rate_provisions": list(rate_provisions),
    }

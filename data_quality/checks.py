"""Shows the gates in Dagster: each check of a suite is an asset check.

Dagster knows passed or not, and how bad. A comparison that proves nothing ('not_independent') or that
differs for a known reason ('across_vintages') is a warning, because green would claim a proof. Where there
was nothing to compare ('not_served') there is nothing to act on either, and it is not shown as a fault.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from data_quality.runner import MOST_ROWS, CheckResult, GateResult, combine
from data_quality.suites import Suite

WIDEST_CELL = 80


def check_specs(suite: Suite, asset_key: AssetKey, blocking: bool = False) -> list[AssetCheckSpec]:
    """The checks of an asset that a suite guards.

    blocking: whether a failing check of severity 'error' keeps Dagster from going on in the same run; not
    needed where the gate stands in the data, as it does in landing.
    """
    return [
        AssetCheckSpec(
            name=check.name,
            asset=asset_key,
            description=check.description,
            blocking=blocking and check.severity == "error",
        )
        for check in suite.checks
    ]


def partition_check_results(gates: Mapping[str, GateResult], asset_key: AssetKey) -> list[AssetCheckResult]:
    """One result per check for the partitions of a run, of which Dagster takes no more; see `combine`."""
    return [to_asset_check_result(check, asset_key) for check in combine(gates)]


def to_asset_check_result(check: CheckResult, asset_key: AssetKey) -> AssetCheckResult:
    """The result as Dagster shows it: status, message, figures and at most 20 failing rows as a table."""
    metadata: dict[str, Any] = {
        "status": check.status,
        "message": check.message,
        **{f"figure/{name}": _value(value) for name, value in check.metrics.items()},
    }
    if not check.failing_rows.empty:
        metadata["failing_rows"] = MetadataValue.md(markdown_table(check.failing_rows))
    return AssetCheckResult(
        asset_key=asset_key,
        check_name=check.name,
        passed=check.status in ("passed", "not_served"),
        severity=AssetCheckSeverity.ERROR if check.status == "failed" else AssetCheckSeverity.WARN,
        description=check.message,
        metadata=metadata,
    )


def markdown_table(frame: pd.DataFrame) -> str:
    """The first 20 rows as Markdown; text is shortened, and a bar in it does not end its cell."""
    lines = [list(map(str, frame.columns)), ["---"] * len(frame.columns)]
    lines += [[_cell(value) for value in row] for row in frame.head(MOST_ROWS).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    text = "" if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)
    text = text if len(text) <= WIDEST_CELL else f"{text[:WIDEST_CELL]}…"
    return text.replace("|", "\\|").replace("\n", " ")


def _value(value: Any) -> Any:
    # Dagster plots numbers over time; its integers end at 64 bits.
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return MetadataValue.text("" if value is None else str(value))

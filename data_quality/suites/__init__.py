"""The words in which a gate is described.

A check looks at big tables with SQL and keeps only a summary of one row; Great Expectations judges that
row. When it does not meet an expectation, a second query fetches rows that explain why.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warn"]
Expectation = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Check:
    """One thing that must hold.

    guards, advice: what it protects, and what to do when it fails; sentences for the operator.
    problem:  what happened, as a format string over the columns of `summary`.
    tables:   the relations that it reads; one that is missing fails the check.
    summary:  SQL that returns one row of figures. A column `compared` that is 0 says that there was
              nothing to compare, which is neither passed nor failed.
    failing:  SQL that returns the rows at fault, the worst or the first of them on top.
    expectations: what Great Expectations asks of the summary, as (class, arguments).
    severity: 'error' blocks, 'warn' reports.
    sides:    for a reconciliation, the levels that its two sides come from; `provenance` tells whether
              they are independent of each other.
    """

    name: str
    guards: str
    advice: str
    problem: str
    tables: tuple[str, ...]
    summary: str
    failing: str
    expectations: tuple[Expectation, ...]
    severity: Severity = "error"
    sides: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    @property
    def description(self) -> str:
        return f"{self.guards} If not: {self.advice}."


@dataclass(frozen=True)
class Suite:
    """The checks of one gate, and the names that its SQL reads with getvariable()."""

    name: str
    checks: tuple[Check, ...]
    variables: tuple[str, ...] = ()


def at_most(column: str, limit: float) -> Expectation:
    # On a summary of one row the greatest value is the value. The aggregate expectation is used because
    # the row-by-row one (ExpectColumnValuesToBeBetween) costs four times as much.
    return "ExpectColumnMaxToBeBetween", {"column": column, "max_value": limit}


def at_least(column: str, limit: float) -> Expectation:
    return "ExpectColumnMinToBeBetween", {"column": column, "min_value": limit}


def rule(
    name: str,
    *,
    guards: str,
    problem: str,
    advice: str,
    tables: Sequence[str],
    failing: str,
    severity: Severity = "error",
) -> Check:
    """A check that no row may break: `failing` selects the rows that do."""
    return Check(
        name=name,
        guards=guards,
        advice=advice,
        problem=problem,
        tables=tuple(tables),
        summary=f"select count(*) as rows_failing from ({failing})",
        failing=failing,
        expectations=(at_most("rows_failing", 0),),
        severity=severity,
    )


def each(tables: Iterable[str], select: Callable[[str], str]) -> str:
    """One SELECT per table, one below the other; columns that some of them lack are null there."""
    return "\nunion all by name\n".join(select(table) for table in tables)

"""Months and years, and which of them a release touches."""

from datetime import UTC, date, datetime

import pytest

from orchestration.partitions import (
    EDITIONS,
    MONTHS,
    YEARS,
    last_complete_month,
    month_after,
    months,
    partitions_of,
    revised_by_release_of,
    whole_years,
)


@pytest.mark.parametrize(
    ("month", "after"), [("2025-01", "2025-02"), ("2025-09", "2025-10"), ("2025-12", "2026-01")]
)
def test_the_month_after(month, after):
    assert month_after(month) == after


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2024-11", "2025-02", ["2024-11", "2024-12", "2025-01", "2025-02"]),
        ("2025-01", "2025-01", ["2025-01"]),
        ("2025-02", "2025-01", []),
    ],
)
def test_months_from_first_to_last(first, last, expected):
    assert months(first, last) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2023-02", "2025-12", ["2024", "2025"]),
        ("2024-01", "2024-12", ["2024"]),
        ("2024-01", "2024-11", []),
        ("2024-02", "2024-12", []),
        ("2024-01", "2026-06", ["2024", "2025"]),
    ],
)
def test_years_that_lie_wholly_between(first, last, expected):
    assert whole_years(first, last) == expected


@pytest.mark.parametrize(
    ("month", "first_loaded", "expected"),
    [
        ("2026-03", "2024-01", ["2026-01", "2026-02", "2026-03"]),
        ("2026-01", "2024-01", ["2026-01"]),
        ("2026-04", "2025-11", ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]),
        ("2026-04", "2026-04", ["2026-04"]),
    ],
)
def test_a_release_revises_its_year_and_that_of_april_all_of_history(month, first_loaded, expected):
    assert revised_by_release_of(month, first_loaded) == expected


@pytest.mark.parametrize(
    ("today", "month"),
    [
        (date(2026, 1, 31), "2025-12"),
        (date(2026, 2, 1), "2026-01"),
        (date(2026, 12, 31), "2026-11"),
    ],
)
def test_the_last_complete_month(today, month):
    assert last_complete_month(today) == month


def test_the_partitions_of_each_grain_at_a_day():
    now = datetime(2026, 3, 6, 12, tzinfo=UTC)

    assert partitions_of("month") is MONTHS
    assert partitions_of("current") is None
    assert MONTHS.get_partition_keys(now)[:2] == ["2013-01", "2013-02"]
    assert MONTHS.get_partition_keys(now)[-1] == "2026-02"
    assert YEARS.get_partition_keys(now)[-1] == "2025"
    assert EDITIONS.get_partition_keys(now)[-1] == "2026"

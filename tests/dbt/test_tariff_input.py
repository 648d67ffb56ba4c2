"""Mistakes in the seeds of the tariffs: each fails a test of the build, which says what and where."""

from typing import NamedTuple

import duckdb
import pytest

from tests.dbt.conftest import as_new


class Mistake(NamedTuple):
    name: str
    made_by: str
    test: str
    says: tuple[str, ...]


def added(table: str, like: str, **changed: str) -> str:
    """SQL that adds a copy of the first row that fits, with some of its columns changed."""
    replaced = ", ".join(f"{value} as {column}" for column, value in changed.items())
    return f"""
        insert into {table} by name
        select * replace ({replaced}) from {table} where {like} limit 1
    """


MISTAKES = [
    Mistake(
        "a list that nobody declares",
        added("tariff_action_scope", "action_id = 's122'", list_id="'s122_prodcuts'"),
        "assert_tariff_names_are_known",
        ("seed_name tariff_action_scope", "name s122_prodcuts, fault unknown list"),
    ),
    Mistake(
        "a country without a code",
        added("tariff_partner_class", "partner_class = 'usmca'", partner_code="'9999'"),
        "assert_tariff_names_are_known",
        ("name 9999, fault unknown partner",),
    ),
    Mistake(
        "two rates on the same days",
        added(
            "tariff_action_rate",
            "action_id = 's122'",
            rate="0.15",
            valid_from="date '2026-07-01'",
        ),
        "assert_tariff_intervals_do_not_overlap",
        ("seed_name tariff_action_rate, row_key s122 all",),
    ),
    Mistake(
        "a rate outside of its action",
        added("tariff_action_rate", "action_id = 's122'", valid_from="date '2026-01-01'"),
        "assert_tariff_dates_are_in_order",
        ("seed_name tariff_action_rate, row_key s122 all",),
    ),
    Mistake(
        "a prefix within another",
        added(
            "tariff_product_list_member",
            "list_id = 'electronics_2025_04' and hs_prefix = '8471'",
            hs_prefix="'84715001'",
        ),
        "assert_tariff_list_prefixes_are_sound",
        ("hs_prefix 84715001, fault also in 8471",),
    ),
    Mistake(
        "a share above its bounds",
        added("tariff_parameter", "parameter_id = 'steel_content'", value="1.4"),
        "assert_tariff_figures_are_in_bounds",
        ("row_key steel_content",),
    ),
    Mistake(
        "a scenario that is not declared",
        added("tariff_scenario_change", "scenario_id = 'taiwan_20'", scenario_id="'taiwan_30'"),
        "assert_tariff_scenarios_are_sound",
        ("scenario_id taiwan_30, fault is not in tariff_scenario",),
    ),
    Mistake(
        "a scenario of an unknown action",
        added("tariff_scenario_change", "scenario_id = 'taiwan_20'", action_id="'s301_forced_labour'"),
        "assert_tariff_scenarios_are_sound",
        ("fault unknown action s301_forced_labour",),
    ),
    Mistake(
        "an unknown kind of rate",
        added("tariff_action_rate", "action_id = 's338_dairy'", rate_kind="'ceiling'"),
        "tariff_action_rate_is_sound",
        ("column_name rate_kind, fault is not accepted, found ceiling",),
    ),
]


@pytest.fixture(scope="module")
def report(built_once) -> dict[str, str]:
    """What dbt says of a warehouse with all the mistakes, by test."""
    warehouse = as_new(built_once)
    with duckdb.connect(str(warehouse.file)) as con:
        for mistake in MISTAKES:
            con.execute(mistake.made_by)
    warehouse.select()
    assert warehouse.dbt("test", "--select", *sorted({mistake.test for mistake in MISTAKES})) == 1
    return {words.split(":")[0]: words for words in warehouse.said()}


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_mistakes_are_named(report, mistake):
    for words in mistake.says:
        assert words in report[mistake.test]

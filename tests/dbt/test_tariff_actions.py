"""The seeds of tariff actions against cases that were checked by hand with the headings of chapter 99."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "tariffs"
CASES = Path(__file__).parent / "tariff" / "cases.csv"
APPLICABLE_ACTIONS = (Path(__file__).parent / "tariff" / "applicable_actions.sql").read_text()


def seed_types() -> dict[str, dict[str, str]]:
    declared = yaml.safe_load((SEEDS / "_tariffs__seeds.yml").read_text())["seeds"]
    return {seed["name"]: seed["config"]["column_types"] for seed in declared}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for name, types in seed_types().items():
            con.sql(f"create table {name} as from read_csv('{SEEDS / name}.csv', columns = {types})")
        yield con


def expected_by_question() -> dict[tuple[str, str, str, str], list[tuple]]:
    """What is due by question; no row means that nothing is."""
    expected = defaultdict(list)
    with CASES.open(newline="") as lines:
        for row in csv.DictReader(lines):
            actions = expected[row["title"], row["partner_code"], row["hts10"], row["day"]]
            if row["action_id"]:
                actions.append(
                    (row["action_id"], row["heading"], float(row["rate"]), row["rate_kind"], row["shares"])
                )
    return expected


def applicable(
    con: duckdb.DuckDBPyConnection, questions: list[tuple[str, str, str]]
) -> dict[tuple[str, str, str], list[tuple]]:
    con.sql("create or replace temp table question (partner_code varchar, hts10 varchar, day date)")
    con.executemany("insert into question values (?, ?, ?)", questions)
    found = defaultdict(list)
    for partner, code, day, *action in con.sql(APPLICABLE_ACTIONS).fetchall():
        found[partner, code, str(day)].append(tuple(action))
    return found


def test_each_case_has_the_actions_that_the_headings_name(con):
    expected = expected_by_question()
    found = applicable(con, [question[1:] for question in expected])
    differing = {
        question: (actions, found[question[1:]])
        for question, actions in expected.items()
        if sorted(found[question[1:]]) != sorted(actions)
    }
    assert not differing
    assert len({title for title, *_ in expected}) >= 15


def days_between(first: str, last: str) -> list[str]:
    query = "select unnest(generate_series(?::date, ?::date, interval 1 day))::date"
    return [str(day) for (day,) in duckdb.execute(query, [first, last]).fetchall()]


def test_memory_modules_of_china_pay_these_rates_and_change_on_these_days(con):
    days = days_between("2025-01-01", "2026-11-01")
    found = applicable(con, [("5700", "8473301140", day) for day in days])
    totals = [round(sum(action[2] for action in found["5700", "8473301140", day]), 4) for day in days]
    changes = [
        (day, total)
        for day, before, total in zip(days, [None, *totals], totals, strict=False)
        if total != before
    ]
    assert changes == [
        ("2025-01-01", 0.25),
        ("2025-02-04", 0.35),
        ("2025-03-04", 0.45),
        ("2025-11-10", 0.35),
        ("2026-02-24", 0.25),
    ]


def test_china_without_an_exemption_went_up_and_down_in_2025(con):
    days = days_between("2025-01-01", "2026-02-28")
    found = applicable(con, [("5700", "9503000073", day) for day in days])
    totals = [round(sum(action[2] for action in found["5700", "9503000073", day]), 4) for day in days]
    changes = [
        (day, total)
        for day, before, total in zip(days, [None, *totals], totals, strict=False)
        if total != before
    ]
    assert changes == [
        ("2025-01-01", 0),
        ("2025-02-04", 0.1),
        ("2025-03-04", 0.2),
        ("2025-04-05", 0.3),
        ("2025-04-09", 1.04),
        ("2025-04-10", 1.45),
        ("2025-05-14", 0.3),
        ("2025-11-10", 0.2),
        ("2026-02-24", 0.1),
    ]


def test_every_tariff_seed_is_typed_and_dated():
    for name, types in seed_types().items():
        with (SEEDS / f"{name}.csv").open(newline="") as lines:
            header = next(csv.reader(lines))
        assert list(types) == header, name
        if name not in (
            "hts_rate_wording",
            "hts_revision",
            "tariff_horizon",
            "tariff_scenario",
            "tariff_example",
        ):
            assert types["valid_from"] == types["valid_to"] == "date", name


@pytest.mark.parametrize(
    ("code", "lists"),
    [
        ("8471800000", {"electronics_2025_04"}),  # the heading is on the list, so a new line is too
        ("8541410000", {"annex_ii_2025_09"}),  # LED came in September, not in April
        ("8505110070", {"annex_ii_2025_09"}),
        ("8473503000", set()),
        ("8517790000", set()),
        ("8504406018", set()),
    ],
)
def test_who_is_exempt_from_the_reciprocal_tariffs_on_electronics(con, code, lists):
    found = con.execute(
        """
        select distinct list_id
        from tariff_product_list_member
        where
            list_id in ('electronics_2025_04', 'annex_ii', 'annex_ii_2025_09')
            and starts_with(?, hs_prefix)
            and date '2025-12-01' between valid_from and coalesce(valid_to, date '9999-12-31')
        """,
        [code],
    ).fetchall()
    assert {list_id for (list_id,) in found} == lists

"""The rules as SQL give every code the label that a few lines of Python give it."""

import re
from datetime import date
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.conftest import as_new

MATCHES = "ai_trade/models/intermediate/classification/int_rule_matches.sql"

# Few words and few digits, so that much fits; words that begin with others, and two that belong together.
WORDS = [
    "server",
    "servers",
    "observer",
    "Power",
    "POWER SUPPLY",
    "supply",
    "5 kVA",
    "55 kVA",
    "not",
    "(nesoi)",
]
DAYS = [date(2010, 1, 1), date(2018, 7, 1), date(2024, 1, 1)]
prefixes = st.sampled_from(["84", "848", "844", "8484"])
terms = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map("|".join),
    max_size=2,
    unique=True,
)


class Rule(NamedTuple):
    prefix: str
    system: str | None
    must_have: list[str]
    must_not_have: list[str]
    valid_from: date
    valid_to: date | None

    def fits(self, system: str, code: str, description: str, day: date) -> bool:
        return (
            code.startswith(self.prefix)
            and self.system in (None, system)
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
            and all(holds(term, description) for term in self.must_have)
            and not any(holds(term, description) for term in self.must_not_have)
        )

    @property
    def rank(self) -> tuple[int, int]:
        return (len(self.prefix), len(self.must_have))


class Code(NamedTuple):
    system: str
    code: str
    description: str


systems = st.sampled_from(["hts10", "schedule_b10"])
rules = st.builds(
    Rule,
    prefixes,
    st.one_of(st.none(), systems),
    terms,
    terms,
    st.sampled_from(DAYS),
    st.one_of(st.none(), st.sampled_from([date(2017, 12, 31), date(2030, 12, 31)])),
)
codes = st.builds(
    Code,
    systems,
    st.text("84", min_size=8, max_size=8).map("84".__add__),
    st.lists(st.sampled_from(WORDS), max_size=3).map(", ".join),
)


def plain(text: str) -> str:
    return " " + " ".join(re.findall("[a-z0-9]+", text.lower()))


def holds(term: str, description: str) -> bool:
    return any(plain(alternative) in plain(description) for alternative in term.split("|"))


def labelled(rules: list[Rule], code: Code, day: date) -> int | None:
    """The number of the rule that labels a code on a day; of equals the first."""
    fitting = [(rule.rank, -number) for number, rule in enumerate(rules) if rule.fits(*code, day)]
    return -max(fitting)[1] if fitting else None


@pytest.fixture(scope="module")
def warehouse(built_once):
    """A connection to the warehouse, and the SQL that matches rules and codes."""
    built = as_new(built_once)
    with duckdb.connect(str(built.file)) as con:
        con.execute("delete from classification_override; delete from classification_prefix")
        yield con, (built.directory.parent / "target" / "compiled" / MATCHES).read_text()


@settings(max_examples=100)
@given(
    st.lists(rules, min_size=4, max_size=12),
    st.lists(codes, min_size=4, max_size=12, unique_by=lambda code: code[:2]),
)
def test_sql_and_python_choose_the_same_rule(warehouse, rules, codes):
    con, matches = warehouse
    con.execute("delete from classification_rule; delete from dim_commodity")
    con.executemany(
        "insert into classification_rule by name select ? as rule_id, ? as hs_prefix, ? as commodity_system,"
        " ? as must_have, ? as must_not_have, ? as valid_from, ? as valid_to",
        [
            (name(i), prefix, system, ";".join(must) or None, ";".join(must_not) or None, begins, ends)
            for i, (prefix, system, must, must_not, begins, ends) in enumerate(rules)
        ],
    )
    con.executemany(
        "insert into dim_commodity by name select ? as commodity_system, ? as commodity_code, ? as hs2,"
        " ? as hs4, ? as hs6, ? as description, true as is_described",
        [(system, code, code[:2], code[:4], code[:6], text) for system, code, text in codes],
    )
    con.execute(f"create or replace table int_rule_matches as {matches}")

    chosen = con.execute(
        "select commodity_system, commodity_code, valid_from, rule_id from int_rule_labels"
    ).fetchall()
    days = [day for (day,) in con.execute("select valid_from from int_classification_segments").fetchall()]
    expected = [
        (code.system, code.code, day, name(number))
        for code in codes
        for day in days
        if (number := labelled(rules, code, day)) is not None
    ]
    assert sorted(chosen) == sorted(expected)


def name(number: int) -> str:
    return f"{number:02}"

"""Mistakes in the seeds of the classification: each fails a test of the build, which says what and where."""

from typing import NamedTuple

import pytest

from tests.dbt.conftest import as_new

RULE = """
    insert into classification_rule by name
    select '{rule_id}' as rule_id, '{prefix}' as hs_prefix, {must_have} as must_have,
        '{relevance}' as relevance, '{category}' as category, 'systems' as layer, 'As a test' as rationale,
        date '{begins}' as valid_from, {ends} as valid_to
"""


def rule(rule_id: str, prefix: str, **other: str) -> str:
    """SQL that adds a rule; without more said, a High one of compute hardware that needs no word."""
    columns = {
        "must_have": "null",
        "relevance": "High",
        "category": "Compute_Hardware",
        "begins": "2010-01-01",
        "ends": "null",
        **other,
    }
    return RULE.format(rule_id=rule_id, prefix=prefix, **columns)


def override(code: str, begins: str) -> str:
    return f"""
        insert into classification_override by name
        select 'datacenter_rules' as classification_id, 'hts10' as commodity_system,
            '{code}' as commodity_code, 'Low' as relevance, 'Not_DC_Related' as category,
            'As a test' as reason, 'A test' as source,
            date '{begins}' as valid_from
    """


class Mistake(NamedTuple):
    name: str
    made_by: str
    test: str
    says: tuple[str, ...]


MISTAKES = [
    Mistake(
        "two rules tie",
        rule("tie_a", "847150") + ";" + rule("tie_b", "847150", relevance="Medium"),
        "assert_classification_rules_do_not_tie",
        (
            "one of them needs a longer prefix or another word",
            "commodity_code 8471500150, rules tie_a: High Compute_Hardware; tie_b: Medium Compute_Hardware",
        ),
    ),
    Mistake(
        "an unknown category",
        rule("misspelt", "0101", category="Compute_Hardwear"),
        "relationships_classification_rule_category__category__ref_ai_category_",
        ("from_field Compute_Hardwear",),
    ),
    Mistake(
        "inverted dates",
        rule("inverted", "0102", ends="date '2009-12-31'"),
        "assert_seed_validity_is_not_inverted",
        ("they would silently never apply", "seed_name classification_rule, row_key inverted"),
    ),
    Mistake(
        "an override of a code that does not exist",
        override("8471599999", "2010-01-01"),
        "assert_overrides_name_known_codes",
        ("they would silently do nothing", "commodity_code 8471599999"),
    ),
    Mistake(
        "two overrides of a code on the same days",
        override("0101210010", "2010-01-01") + ";" + override("0101210010", "2012-01-01"),
        "assert_every_code_has_one_label",
        ("commodity_code 0101210010, valid_from 2012-01-01, labels 2",),
    ),
    Mistake(
        "an override twice",
        override("8471500150", "2010-01-01") + ";" + override("8471500150", "2010-01-01"),
        "classification_override_is_sound",
        ("fault is not unique", "8471500150, 2010-01-01, row_count 2"),
    ),
    Mistake(
        "a rule twice",
        rule("twice", "0103") + ";" + rule("twice", "0104"),
        "classification_rule_is_sound",
        ("column_name rule_id, fault is not unique, found twice, row_count 2",),
    ),
    Mistake(
        "a Low rule with a category",
        rule("low", "0105", relevance="Low"),
        "assert_low_and_only_low_is_not_related",
        ("label low, relevance Low, category Compute_Hardware",),
    ),
    Mistake(
        "an unknown relevance",
        rule("very_high", "0106", relevance="Very high"),
        "classification_rule_is_sound",
        ("column_name relevance, fault is not accepted, found Very high",),
    ),
    Mistake(
        "a semicolon too many",
        rule("trailing", "0201", must_have="'beef;'"),
        "matches_int_rule_terms_alternative___a_z0_9_",
        ("alternative ",),
    ),
    Mistake(
        "a prefix within another",
        """
            insert into classification_prefix by name
            select * replace ('8471' as hs_prefix) from classification_prefix where hs_prefix = '847150'
        """,
        "assert_classification_prefixes_do_not_overlap",
        ("hs_prefix 8471, nested_hs_prefix 847150", "such a code would"),
    ),
]


@pytest.fixture(scope="module")
def report(built_once) -> dict[str, str]:
    """What dbt says of a warehouse with all the mistakes, by test."""
    warehouse = as_new(built_once)
    warehouse.change(*(mistake.made_by for mistake in MISTAKES))
    warehouse.select()
    assert warehouse.dbt("run", "--select", "int_rule_matches", "int_labels") == 0, warehouse.log
    assert warehouse.dbt("test", "--select", *[mistake.test for mistake in MISTAKES]) == 1
    return {words.split(":")[0]: words for words in warehouse.said()}


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_mistakes_are_named(report, mistake):
    for words in mistake.says:
        assert words in report[mistake.test]


def test_a_tie_stops_the_build_before_a_code_is_labelled(warehouse):
    before = warehouse.query("from ai_classification order by all")
    warehouse.change(rule("tie_a", "847150"), rule("tie_b", "847150", relevance="Medium"))
    warehouse.select()
    labelled = ("--select", "+ai_classification", "--exclude-resource-type", "seed", "unit_test")
    assert warehouse.dbt("build", *labelled) == 1
    assert warehouse.query("from ai_classification order by all") == before

"""A user's names against the screening list that ships: listed ones are found again, others are not."""

import csv
import importlib.util
import random

import pytest

from orchestration.settings import SEEDS
from tests.dbt.conftest import PROJECT_DIR
from tests.dbt.test_control_history import shipped_list

MATCHES = PROJECT_DIR / "models/intermediate/screening/int_party_matches.py"
THRESHOLD = 82
TRANSLITERATIONS = (("kh", "h"), ("y", "i"), ("ou", "u"), ("ee", "i"), ("c", "k"), ("ts", "c"), ("zh", "j"))
FIRST = "Acme Blue Crescent Delta Falcon Golden Harbor Iron Lakeside Maple Orchid Pioneer River Summit Zenith"
SECOND = "Foods Logistics Bakery Textiles Electronics Trading Technology Shipping Plastics Optics Pharma Toys"
THIRD = "Ltd Inc GmbH LLC Co.,Ltd Corporation SA"


@pytest.fixture(scope="module")
def matches():
    spec = importlib.util.spec_from_file_location("matches", MATCHES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def listed(matches, tmp_path_factory):
    import duckdb

    path = shipped_list(tmp_path_factory.mktemp("list"))
    rows = duckdb.sql(f"""
        select list_code, coalesce(entity_number, lower(party_name)), party_name, alt_names,
            coalesce(replace(countries, ' ', ''), '') as countries
        from '{path}' order by all
    """).fetchall()
    names = (
        (list_code, key, name, is_alternative, countries)
        for list_code, key, own, others, countries in rows
        for is_alternative, name in [
            (False, own),
            *((True, other.strip()) for other in (others or "").split(";") if other.strip()),
        ]
    )
    with (SEEDS / "controls" / "legal_form.csv").open(newline="") as file:
        return matches.Listed(names, (line["word"] for line in csv.DictReader(file)))


def perturbed(chance: random.Random, name: str) -> str:
    """A word left out, a typing mistake, another order or another transliteration."""
    words = name.split()
    kind = chance.choice(("word", "typing", "order", "letters"))
    if kind == "word" and len(words) > 3:
        words.pop(chance.randrange(len(words)))
    elif kind == "order":
        chance.shuffle(words)
    elif kind == "letters":
        for old, new in TRANSLITERATIONS:
            if old in name.lower() and chance.random() < 0.7:
                name = name.lower().replace(old, new, 1)
        return name
    else:
        longest = max(range(len(words)), key=lambda place: len(words[place]))
        word = words[longest]
        place = chance.randrange(len(word) - 1)
        words[longest] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join(words)


def test_perturbed_names_are_found_and_others_are_not(matches, listed):
    """Recall of at least 0.95, precision of at least 0.9 among the best candidates, few false matches."""
    chance = random.Random(11)
    sample = chance.sample([row for row in listed.names if len(row[2]) > 7], 400)
    found = right = 0
    for list_code, key, name, *_ in sample:
        rows = matches.candidates(listed, perturbed(chance, name), None, THRESHOLD)
        same = sorted(matches.words_of(name))
        good = [
            row for row in rows if row[1:3] == (list_code, key) or sorted(matches.words_of(row[3])) == same
        ]
        found += bool(good)
        right += bool(good) and good[0][5] == rows[0][5]
        # A wrong candidate that comes first is a false match.
        right -= bool(rows) and not good
    assert found / len(sample) >= 0.95
    assert right / found >= 0.9
    invented = (
        f"{chance.choice(FIRST.split())} {chance.choice(FIRST.split())} {chance.choice(SECOND.split())}"
        f" {chance.choice(THIRD.split())}"
        for _ in range(400)
    )
    assert sum(bool(matches.candidates(listed, name, None, THRESHOLD)) for name in invented) <= 4


@pytest.mark.parametrize(
    ("name", "country", "expected"),
    [
        ("Huawei Technologies Co., Ltd.", "CN", ("EL", "exact", True)),
        ("technologies huawei co ltd", "CN", ("EL", "word_order", True)),
        ("Tekhnologies Huawei", "CN", ("EL", "similar", True)),
    ],
)
def test_a_name_and_what_is_said_of_it(matches, listed, name, country, expected):
    found = [(row[1], *row[6:]) for row in matches.candidates(listed, name, country, THRESHOLD)]
    # The company is on another list as well.
    assert expected in found
    assert {list_code for list_code, *_ in found} == {"CMIC", "EL"}


def test_another_country_needs_more_likeness(matches):
    listed = matches.Listed([("EL", "1", "Alpha Semiconductor Research", False, "CN")], ())
    near = "Alfa Semikonductor Reserch"
    assert matches.candidates(listed, near, "CN", THRESHOLD)
    assert matches.candidates(listed, "Alpha Semiconductor Research", "DE", THRESHOLD)[0][-1] is False
    assert not matches.candidates(listed, near, "DE", 90)


def test_other_scripts_and_names_without_letters(matches):
    listed = matches.Listed([("EL", "1", "Elektronika", False, "RU")], ())
    assert matches.candidates(listed, "Электроника", None, THRESHOLD)[0][5] == 100
    assert matches.candidates(listed, "???", None, THRESHOLD) == []

"""The reader of the labeller's journal: which label counts, and what it says of a damaged file."""

import json

import duckdb
import pytest
import zstandard

from orchestration.settings import Settings
from orchestration.sources.language_model import SOURCE, classify
from orchestration.sources.model import EVERYTHING, Refused

DATASET = SOURCE.datasets[0]
COLUMNS = (
    "label_set_id",
    "commodity_system",
    "commodity_code",
    "description",
    "relevance",
    "confidence",
    "category",
    "specific_use",
    "reasoning",
    "row_number",
)


def line(code: str, relevance: str | None = "High", **fields: object) -> dict:
    believed = relevance is not None
    return {
        "model": "Small-Model 1.0",
        "model_answered": "small-model-1.0-2026",
        "prompt_version": "a",
        "commodity_system": "hts10",
        "commodity_code": code,
        "description": f"GOODS {code}",
        "description_sha256": "0" * 64,
        "relevance": relevance,
        "confidence": 90 if believed else None,
        "category": "Compute_Hardware" if believed else None,
        "specific_use": "AI servers" if believed else None,
        "reasoning": "Computes" if believed else None,
        "not_believed": None if believed else "the answer is not JSON",
        "tokens_in": 70,
        "tokens_out": 50,
        "tokens_estimated": False,
        "cost_usd": 0.0001,
        "answered_at": "2026-03-01T12:00:00+00:00",
        **fields,
    }


def read(tmp_path, content: bytes) -> tuple[list[tuple], list[tuple]]:
    """Labels and bad values of a journal as the archive holds it."""
    path = tmp_path / "journal.zst"
    path.write_bytes(zstandard.compress(content))
    (request,) = DATASET.plan("current", EVERYTHING)
    with duckdb.connect() as con:
        DATASET.read(con, "current", {request: path})
        columns = [name for (name,) in con.execute("select column_name from (describe labels)").fetchall()]
        types = dict(con.execute("select column_name, column_type from (describe labels)").fetchall())
        assert tuple(columns) == COLUMNS
        assert (types["confidence"], types["row_number"]) == ("INTEGER", "BIGINT")
        return con.execute("from labels").fetchall(), con.execute("from bad_values").fetchall()


def journal(*lines: dict) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in lines).encode()


def test_a_label_comes_with_its_line_and_its_set(tmp_path):
    labels, bad = read(tmp_path, journal(line("0101000000"), line("8471000000")))

    assert labels[1] == (
        "llm_small_model_1_0",
        "hts10",
        "8471000000",
        "GOODS 8471000000",
        "High",
        90,
        "Compute_Hardware",
        "AI servers",
        "Computes",
        2,
    )
    assert (labels[0][2], bad) == ("0101000000", [])


def test_the_newest_label_of_a_product_counts(tmp_path):
    labels, _ = read(
        tmp_path,
        journal(
            line("8471000000", "Low"),
            line("8471000000", "Medium", prompt_version="b", description="CALLED OTHERWISE"),
            line("8504000000", "Low"),
            line("8471000000", None, prompt_version="b"),
        ),
    )

    assert [(row[2], row[3], row[4], row[9]) for row in labels] == [
        ("8471000000", "CALLED OTHERWISE", "Medium", 2),
        ("8504000000", "GOODS 8504000000", "Low", 3),
    ]


def test_models_and_code_systems_are_kept_apart(tmp_path):
    labels, _ = read(
        tmp_path,
        journal(
            line("8471000000", "Low"),
            line("8471000000", "High", model="org/Other:8b"),
            line("8471000000", "Medium", commodity_system="schedule_b10"),
        ),
    )

    assert [(row[0], row[1], row[4]) for row in labels] == [
        ("llm_org_other_8b", "hts10", "High"),
        ("llm_small_model_1_0", "hts10", "Low"),
        ("llm_small_model_1_0", "schedule_b10", "Medium"),
    ]


def test_what_was_not_believed_is_no_label(tmp_path):
    assert read(tmp_path, journal(line("8471000000", None))) == ([], [])


def test_half_a_line_of_a_run_under_way_is_left_out(tmp_path):
    labels, _ = read(tmp_path, journal(line("0101000000"), line("8471000000"))[:-30])

    assert [row[2] for row in labels] == ["0101000000"]


@pytest.mark.parametrize("spoilt", [b"not JSON", b"[1]", b'"text"', b'{"model": "m"}'])
def test_a_line_that_is_no_answer_is_named(tmp_path, spoilt):
    content = journal(line("0101000000")) + spoilt + b"\n" + journal(line("8471000000"))

    with pytest.raises(Refused, match=r"line 2 of answers\.jsonl is not an answer"):
        read(tmp_path, content)


def test_a_confidence_that_is_no_number_is_a_bad_value(tmp_path):
    labels, bad = read(tmp_path, journal(line("8471000000", confidence="high")))

    assert labels[0][5] is None
    assert bad == [("labels", 1, "confidence", "high", "not a whole number")]


def test_where_the_journal_is(tmp_path):
    settings = Settings(data_dir=tmp_path)

    assert getattr(settings, SOURCE.base_url) == tmp_path / "language_model"
    assert [request.path for request in DATASET.plan("current", EVERYTHING)] == ["answers.jsonl"]
    assert [classify(200, {}, b"{}\n"), classify(200, {}, b""), classify(404, {}, b"")] == [
        True,
        False,
        False,
    ]

"""The answers of our own language-model labeller, from its journal: a local file of JSON lines.

The journal is written by `orchestration/classification` and says in its own module which fields a line has.
A line either holds a label or says why an answer was not believed. A product is labelled as often as its
description, the prompt or the model change, so the last label of each product and model counts.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd
import zstandard

from orchestration.sources.model import Dataset, Refused, Request, Scope, Source

FILE_NAME = "answers.jsonl"
FIELDS = (
    "model",
    "commodity_system",
    "commodity_code",
    "description",
    "relevance",
    "confidence",
    "category",
    "specific_use",
    "reasoning",
)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """True when there is a journal, False as long as no run has written one."""
    return status == 200 and bool(body.strip())


def _plan(_: str, __: Scope) -> list[Request]:
    return [Request(FILE_NAME)]


def _read(con: duckdb.DuckDBPyConnection, _: str, answers: Mapping[Request, Path]) -> None:
    """Make `labels`: one row per model and product, row_number being its line in the journal."""
    lines = [line for path in answers.values() for line in _lines(path)]
    rows = pd.DataFrame(lines, columns=["row_number", *FIELDS]).astype(object)
    con.register("journal", rows.where(rows.notna(), None))
    con.execute("""
        create temp table answer as
        select 'llm_' || trim(regexp_replace(lower(model::varchar), '[^a-z0-9]+', '_', 'g'), '_')
                   as label_set_id,
               commodity_system::varchar as commodity_system, commodity_code::varchar as commodity_code,
               description::varchar as description, relevance::varchar as relevance,
               confidence::varchar as confidence_text, category::varchar as category,
               specific_use::varchar as specific_use, reasoning::varchar as reasoning,
               row_number::bigint as row_number
        from journal
        where relevance is not null
        qualify row_number() over (
            partition by label_set_id, commodity_system, commodity_code order by row_number::bigint desc
        ) = 1
    """)
    con.unregister("journal")
    con.execute("""
        create table labels as
        select label_set_id, commodity_system, commodity_code, description, relevance,
               try_cast(confidence_text as integer) as confidence,
               category, specific_use, reasoning, row_number
        from answer
        order by label_set_id, commodity_system, commodity_code
    """)
    con.execute("""
        create table bad_values as
        select 'labels' as table_name, row_number, 'confidence' as column_name,
               confidence_text as text_value, 'not a whole number' as reason
        from answer
        where confidence_text is not null and try_cast(confidence_text as integer) is null
    """)


def _lines(path: Path) -> list[list]:
    """Line number and fields of every line; half a line at the end, of a run under way, is left out."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as body:
        lines = body.read().split(b"\n")[:-1]
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line)
            rows.append([number, *(content[field] for field in FIELDS)])
        except (ValueError, KeyError, TypeError):
            raise Refused(
                f"line {number} of {FILE_NAME} is not an answer; restore the file from a backup, or delete "
                "the line and label again"
            ) from None
    return rows


SOURCE = Source(
    name="language_model",
    title="Language-model labeller",
    base_url="language_model_dir",
    classify=classify,
    attribution="Labels by the language model that label_set_id names, with the prompt of this repository.",
    datasets=(
        Dataset(
            name="llm_labels",
            grain="current",
            tables=("labels",),
            plan=_plan,
            read=_read,
            suite="labels",
        ),
    ),
)

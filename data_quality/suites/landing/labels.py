"""Lists of labels: how relevant each code is.

What the reader has named in bad_values is null in the table, and is not named again.
"""

from data_quality.suites import Suite, rule
from data_quality.suites.landing.common import CORRECT_THE_LIST, no_bad_values, not_empty, schema, size

_COLUMNS = {
    "label_set_id": "VARCHAR",
    "commodity_system": "VARCHAR",
    "commodity_code": "VARCHAR",
    "description": "VARCHAR",
    "relevance": "VARCHAR",
    "confidence": "INTEGER",
    "category": "VARCHAR",
    "specific_use": "VARCHAR",
    "reasoning": "VARCHAR",
    "row_number": "BIGINT",
}

LABELS_COMPLETE = rule(
    "labels_complete",
    guards="Every row says which code it is about, and how relevant that is.",
    problem="{rows_failing} rows lack their code or their relevance",
    advice=CORRECT_THE_LIST,
    tables=("labels", "bad_values"),
    failing="""
        select row_number, label_set_id, commodity_system, commodity_code, relevance from labels
        where (label_set_id is null or commodity_system is null
               or commodity_code is null or relevance is null)
          and row_number not in (select row_number from bad_values)
        order by row_number
    """,
)
LABEL_CODES = rule(
    "label_codes",
    guards="Codes are whole: six digits of an edition of the Harmonized System; else six, eight or ten.",
    problem="{rows_failing} codes are malformed",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_system, commodity_code from labels
        where commodity_system is not null and not regexp_full_match(commodity_code, case
            when commodity_system in ('hts10', 'schedule_b10', 'hs') then '([0-9]{2}){3,5}'
            when regexp_full_match(commodity_system, 'hs[0-9]{4}') then '[0-9]{6}'
            else 'no system' end)
        order by row_number
    """,
)
LABEL_RELEVANCE = rule(
    "relevance_known",
    guards="Relevance is High, Medium or Low.",
    problem="{rows_failing} rows have a relevance that is not known",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_code, relevance from labels
        where relevance not in ('High', 'Medium', 'Low') order by row_number
    """,
)
LABEL_CATEGORIES = rule(
    "categories_known",
    guards="A category is one of ours, or none is given.",
    problem="{rows_failing} rows have a category that is not known",
    advice="write it as in dbt_project/seeds/ai_category.csv, or add a row there",
    tables=("labels", "ai_category"),
    failing="""
        select row_number, commodity_code, category from labels
        where category not in (select category from ai_category) order by row_number
    """,
)
LABEL_CONFIDENCE = rule(
    "confidence_in_range",
    guards="Confidence lies between 0 and 100.",
    problem="{rows_failing} rows have a confidence beyond that",
    advice=CORRECT_THE_LIST,
    tables=("labels",),
    failing="""
        select row_number, commodity_code, confidence from labels
        where confidence not between 0 and 100 order by row_number
    """,
)
LABELS_UNIQUE = rule(
    "labels_unique",
    guards="A code has one label in a set, on each side.",
    problem="{rows_failing} codes are labelled more than once",
    advice="keep one row of each in the file, even where they agree; it is read again with the next run",
    tables=("labels",),
    # What holds for both sides meets what is said of one of them.
    failing="""
        select distinct label_set_id, commodity_code, row_numbers, relevances
        from (
            select label_set_id, commodity_code, side, list(row_number order by row_number) as row_numbers,
                   list(relevance order by row_number) as relevances
            from (
                select *, unnest(case commodity_system when 'hs' then ['hts10', 'schedule_b10']
                                 else [commodity_system] end) as side
                from labels where commodity_code is not null
            )
            group by all having count(*) > 1
        )
        order by row_numbers[1], row_numbers
    """,
)

SUITES = {
    "labels": Suite(
        "landing_labels",
        (
            schema({"labels": _COLUMNS}),
            not_empty("labels", "write the rows into the file, below its header"),
            no_bad_values(CORRECT_THE_LIST),
            LABELS_COMPLETE,
            LABEL_CODES,
            LABEL_RELEVANCE,
            LABEL_CATEGORIES,
            LABEL_CONFIDENCE,
            LABELS_UNIQUE,
            # Somebody's own list may well become shorter.
            size(("labels",), with_value=False, severity="warn"),
        ),
    ),
}

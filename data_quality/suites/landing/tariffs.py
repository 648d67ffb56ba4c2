"""The tariff schedule, a revision at a time (USITC)."""

from data_quality.suites import Check, Suite, at_most, each, rule
from data_quality.suites.landing.common import keys_unique, no_bad_values, not_empty, schema

RATE_TEXTS = ("general_rate_text", "special_rate_text", "other_rate_text", "additional_rate_text")
# A revision brings or takes some hundred lines; the beginning of a year has taken 577.
MOST_LINES_LOST = 1_000
# There are eleven levels below a heading.
DEEPEST_INDENT = 15
SCHEMAS = {
    "tariff_lines": {
        "revision": "VARCHAR",
        "line_number": "BIGINT",
        "hts_number": "VARCHAR",
        "indent": "INTEGER",
        "parent_line_number": "BIGINT",
        "rate_line_number": "BIGINT",
        "description": "VARCHAR",
        "is_superior": "BOOLEAN",
        "unit_1": "VARCHAR",
        "unit_2": "VARCHAR",
        "general_rate_text": "VARCHAR",
        "special_rate_text": "VARCHAR",
        "other_rate_text": "VARCHAR",
        "additional_rate_text": "VARCHAR",
        "quota_quantity": "VARCHAR",
        "description_path": "VARCHAR",
    },
    "tariff_footnotes": {
        "revision": "VARCHAR",
        "line_number": "BIGINT",
        "footnote_number": "INTEGER",
        "line_columns": "VARCHAR",
        "marker": "VARCHAR",
        "footnote_type": "VARCHAR",
        "footnote_text": "VARCHAR",
        "referenced_codes": "VARCHAR",
    },
    "tariff_rate_parts": {
        "revision": "VARCHAR",
        "rate_text": "VARCHAR",
        "rate_number": "INTEGER",
        "part_number": "INTEGER",
        "programmes": "VARCHAR",
        "part_kind": "VARCHAR",
        "part_text": "VARCHAR",
        "ad_valorem_rate": "DECIMAL(14,10)",
        "specific_amount_usd": "DECIMAL(18,10)",
        "specific_unit": "VARCHAR",
        "applies_to": "VARCHAR",
        "referenced_codes": "VARCHAR",
    },
    "tariff_revisions": {"revision": "VARCHAR", "release_name": "VARCHAR", "released_on": "DATE"},
}

FETCH_THE_REVISION = "fetch the revision again; if it is right, correct the check and say why"


RIGHT_REVISION = rule(
    "right_revision",
    guards="All lines are of the revision that was asked for.",
    problem="lines belong to another revision than the partition",
    advice="look at the reader, which names the revision",
    tables=tuple(SCHEMAS),
    failing=each(
        SCHEMAS,
        lambda table: (
            f"""
            select '{table}' as table_name, revision, count(*) as row_count from {table}
            where revision is distinct from getvariable('partition') group by all
        """
        ),
    ),
)
HTS_NUMBERS = rule(
    "hts_numbers",
    guards="A number has four, six, eight or ten digits, and stands in one line only.",
    problem="{rows_failing} numbers are malformed or stand in more than one line",
    advice=FETCH_THE_REVISION,
    tables=("tariff_lines",),
    failing="""
        select hts_number, count(*) as times, min(line_number) as line_number
        from tariff_lines where hts_number is not null
        group by hts_number
        having count(*) > 1 or not regexp_full_match(hts_number, '([0-9]{2}){2,5}')
        order by line_number
    """,
)
CHAPTERS_PRESENT = rule(
    "chapters_present",
    guards="The schedule is whole: every chapter is there, with the additional duties of chapter 99.",
    problem="{rows_failing} chapters are missing",
    advice="the answer was cut off or asked for a part; fetch the revision again",
    tables=("tariff_lines",),
    # Chapter 77 is reserved by the Harmonized System.
    failing="""
        select lpad(chapter::varchar, 2, '0') as chapter from range(1, 100) as numbered(chapter)
        where chapter <> 77
            and lpad(chapter::varchar, 2, '0') not in (
                select left(hts_number, 2) from tariff_lines where hts_number is not null
            )
        order by all
    """,
)
OUTLINE = rule(
    "outline",
    guards="Every line is described and stands below another one, so that it can inherit a rate.",
    problem="{rows_failing} lines have no place in the outline",
    advice=FETCH_THE_REVISION,
    tables=("tariff_lines",),
    failing=f"""
        select line_number, hts_number, indent, description from tariff_lines
        where line_number is null or description is null
            or indent is null or indent not between 0 and {DEEPEST_INDENT}
            or (parent_line_number is null and indent <> 0)
        order by line_number
    """,
)
RATES_WHOLE = rule(
    "rates_whole",
    guards="No rate is lost: the parts of each text hold all of its words.",
    problem="{rows_failing} texts of rates differ from their parts",
    advice="correct sources/tariff_rates.py",
    tables=("tariff_lines", "tariff_rate_parts"),
    failing=f"""
        with texts as (
            select rate_text, min(line_number) as line_number
            from (unpivot tariff_lines on {", ".join(RATE_TEXTS)} into name rate_column value rate_text)
            group by rate_text
        ), summed as (
            select rate_text, rate_number, any_value(programmes) as programmes,
                   string_agg(part_text, ' ' order by part_number) as words
            from tariff_rate_parts group by rate_text, rate_number
        ), joined as (
            select rate_text,
                   string_agg(words || ' ' || coalesce(programmes, ''), ' ' order by rate_number) as words
            from summed group by rate_text
        )
        select line_number, rate_text, words from texts left join joined using (rate_text)
        where regexp_replace(replace(rate_text, 'plus', ''), '[^A-Za-z0-9%$¢]', '', 'g')
            is distinct from regexp_replace(replace(words, 'plus', ''), '[^A-Za-z0-9%$¢]', '', 'g')
        order by line_number
    """,
)
RATES_UNDERSTOOD = rule(
    "rates_understood",
    guards="Every rate is a figure, a reference or a rule; what is none of these is known to be so.",
    problem="{rows_failing} texts of rates were never seen before and are not understood",
    advice=(
        "teach sources/tariff_rates.py to read them, or add them with what they mean to "
        "dbt_project/seeds/tariffs/hts_rate_wording.csv; until then the revision before stays in use"
    ),
    tables=("tariff_lines", "tariff_rate_parts", "hts_rate_wording"),
    failing=f"""
        with texts as (
            select rate_text, rate_column, min(line_number) as line_number, count(*) as line_count,
                   arg_min(hts_number, line_number) as hts_number
            from (unpivot tariff_lines on {", ".join(RATE_TEXTS)} into name rate_column value rate_text)
            group by all
        )
        select line_number, hts_number, rate_column, part_text, line_count
        from tariff_rate_parts join texts using (rate_text)
        where part_kind = 'text' and part_text not in (select part_text from hts_rate_wording)
        order by line_number, rate_column
    """,
)
LINES_KEPT = Check(
    name="lines_kept",
    guards=f"A revision does not have {MOST_LINES_LOST:,} lines fewer than the one before.",
    problem="the schedule has {lines_now} lines, {lines_lost} fewer than {what}",
    advice="the answer was cut off, or something was left out; fetch the revision again",
    tables=("tariff_lines", "previous"),
    summary="""
        select count(row_count) as compared, max(row_count) - any_value(lines_now) as lines_lost,
               any_value(lines_now) as lines_now, any_value(what) as what
        from (select count(*) as lines_now from tariff_lines)
        left join previous on table_name = 'tariff_lines'
    """,
    failing=f"""
        select row_count as lines_before, lines_now, what
        from previous cross join (select count(*) as lines_now from tariff_lines)
        where table_name = 'tariff_lines' and row_count - lines_now >= {MOST_LINES_LOST}
    """,
    expectations=(at_most("lines_lost", MOST_LINES_LOST - 1),),
)

SUITES = {
    "tariff_schedule": Suite(
        "landing_tariff_schedule",
        (
            schema(SCHEMAS),
            not_empty("tariff_lines", "the answer is empty; fetch the revision again"),
            no_bad_values(
                "compare the line with the schedule; if the format has changed, change the reader "
                "(sources/usitc_hts.py) and raise its version"
            ),
            RIGHT_REVISION,
            keys_unique(
                {
                    "tariff_lines": ("line_number",),
                    "tariff_footnotes": ("line_number", "footnote_number"),
                    "tariff_rate_parts": ("rate_text", "rate_number", "part_number"),
                    "tariff_revisions": ("revision",),
                }
            ),
            HTS_NUMBERS,
            CHAPTERS_PRESENT,
            OUTLINE,
            RATES_WHOLE,
            RATES_UNDERSTOOD,
            LINES_KEPT,
        ),
        ("partition",),
    ),
}

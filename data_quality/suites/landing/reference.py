"""Lists of codes and of countries (US Census)."""

from collections.abc import Sequence

from data_quality.suites import Check, Suite, rule
from data_quality.suites.landing.common import NO_BAD_VALUES, keys_unique, not_empty, schema, size

_COMMODITIES = {
    "commodity_system": "VARCHAR",
    "commodity_code": "VARCHAR",
    "edition_year": "INTEGER",
    **dict.fromkeys(
        (
            "description",
            "short_description",
            "unit_1",
            "unit_2",
            "sitc_code",
            "end_use_code",
            "naics_code",
            "usda_code",
            "hitech_code",
        ),
        "VARCHAR",
    ),
}
_COUNTRIES = dict.fromkeys(("partner_code", "partner_name", "iso2"), "VARCHAR")


def _texts_present(table: str, columns: Sequence[str], key: str) -> Check:
    missing = " or ".join(f"coalesce(trim({column}), '') = ''" for column in columns)
    return rule(
        "descriptions_present",
        guards="Every code is described.",
        problem="{rows_failing} codes have no description",
        advice="look at the list: a shifted fixed-width layout shows as empty or cut descriptions",
        tables=(table,),
        failing=f"select {key}, {', '.join(columns)} from {table} where {missing} order by all",
    )


REFERENCE_CODES = rule(
    "commodity_codes",
    guards="Codes are ten digits of text.",
    problem="{rows_failing} commodity codes are malformed",
    advice="a code that lost a zero was read as a number somewhere: correct that, never pad it here",
    tables=("commodities",),
    failing="""
        select commodity_system, commodity_code,
               case when length(commodity_code) = 9 then 'a leading zero was lost'
                    else 'not ten digits' end as fault
        from commodities
        where not coalesce(regexp_full_match(commodity_code, '[0-9]{10}'), false)
           or commodity_system not in ('hts10', 'schedule_b10')
        order by all
    """,
)
RIGHT_EDITION = rule(
    "right_edition",
    guards="The list is the edition that was asked for.",
    problem="codes belong to another edition than the partition",
    advice="look at the address that was requested and at the reader",
    tables=("commodities",),
    failing="""
        select edition_year, count(*) as row_count from commodities
        where edition_year::varchar is distinct from getvariable('partition') group by all
    """,
)
COUNTRY_CODES = rule(
    "partner_codes",
    guards="Countries have four digits, and a two-letter ISO code where Census gives one.",
    problem="{rows_failing} countries have a malformed code",
    advice="look at the list; Namibia's ISO code is the text NA, which some readers take for a missing value",
    tables=("countries",),
    failing="""
        select partner_code, partner_name, iso2 from countries
        where not coalesce(regexp_full_match(partner_code, '[1-9][0-9]{3}'), false)
           or not coalesce(regexp_full_match(iso2, '[A-Z]{2}'), true)
        order by all
    """,
)
COUNTRIES_KNOWN = rule(
    "partners_known",
    guards="Every country of the agency's list is in ours.",
    problem="{rows_failing} countries are unknown",
    advice="add a row to dbt_project/seeds/partner.csv, before the first figures for it arrive",
    tables=("countries", "partner"),
    failing="from countries anti join partner using (partner_code) order by all",
    severity="warn",
)

SUITES = {
    "commodities": Suite(
        "landing_commodities",
        (
            schema({"commodities": _COMMODITIES}),
            not_empty("commodities"),
            NO_BAD_VALUES,
            keys_unique({"commodities": ("commodity_system", "commodity_code")}),
            REFERENCE_CODES,
            RIGHT_EDITION,
            _texts_present("commodities", ("description",), "commodity_code"),
            size(("commodities",), with_value=False),
        ),
        ("partition",),
    ),
    "countries": Suite(
        "landing_countries",
        (
            schema({"countries": _COUNTRIES}),
            not_empty("countries"),
            NO_BAD_VALUES,
            keys_unique({"countries": ("partner_code",)}),
            COUNTRY_CODES,
            COUNTRIES_KNOWN,
            _texts_present("countries", ("partner_name",), "partner_code"),
            size(("countries",), with_value=False),
        ),
    ),
}

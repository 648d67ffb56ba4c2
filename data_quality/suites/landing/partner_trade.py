"""What other countries report of their own trade (UN Comtrade)."""

from data_quality.suites import Suite, rule
from data_quality.suites.landing.common import (
    NO_BAD_VALUES,
    keys_unique,
    no_negative,
    not_empty,
    of_form,
    schema,
    size,
)

_COLUMNS = {
    "trade_year": "INTEGER",
    **dict.fromkeys(("trade_flow", "reporter", "partner", "hs6", "valuation"), "VARCHAR"),
    "value_usd": "BIGINT",
}

# Rows that a reporter keeps back are in the row of the world only.
PARTNERS_MATCH_WORLD = rule(
    "partners_match_world",
    guards="What a reporter gives by partner adds up to what it gives for the world.",
    problem="{rows_failing} sums by partner are more than 1 % away from the row of the world",
    advice="look at the answer; where rows came twice, look at what sources/comtrade.py pins",
    tables=("partner_trade", "partner_trade_aggregate"),
    failing="""
        with parts as (
            select trade_year, trade_flow, reporter, hs6, sum(value_usd)::bigint as parts_usd
            from partner_trade group by all
        )
        select trade_year, trade_flow, reporter, hs6, parts_usd, value_usd as world_usd
        from partner_trade_aggregate join parts using (trade_year, trade_flow, reporter, hs6)
        where partner in ('W00', 'World') and abs(parts_usd - value_usd) > 0.01 * value_usd
        order by abs(parts_usd - value_usd) desc, trade_year, trade_flow, reporter, hs6
    """,
    severity="warn",
)

SUITES = {
    "partner_trade": Suite(
        "landing_partner_trade",
        (
            schema({"partner_trade": _COLUMNS, "partner_trade_aggregate": _COLUMNS}),
            not_empty("partner_trade"),
            NO_BAD_VALUES,
            keys_unique(
                dict.fromkeys(
                    ("partner_trade", "partner_trade_aggregate"),
                    ("trade_year", "trade_flow", "reporter", "partner", "hs6"),
                )
            ),
            of_form("code_form", "partner_trade", "hs6", "[0-9]{6}", "a code of six digits"),
            no_negative({"partner_trade": ("value_usd",)}, {"partner_trade": ("reporter", "partner", "hs6")}),
            PARTNERS_MATCH_WORLD,
            size(("partner_trade",), with_value=True),
        ),
    ),
}

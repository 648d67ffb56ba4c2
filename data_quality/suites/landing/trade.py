"""Trade by ten-digit code and partner, with its chapters, totals and rate provisions (US Census)."""

from collections.abc import Mapping, Sequence

from data_quality.suites import Check, Severity, Suite, at_most, each, rule
from data_quality.suites.landing.common import (
    NO_BAD_VALUES,
    keys_unique,
    no_negative,
    not_empty,
    schema,
    size,
)

MONEY = ("value_usd", "duty_usd", "general_value_usd", "dutiable_value_usd", "charges_usd")
PARTS = ("domestic_value_usd", "foreign_value_usd")
MEASURES = (*MONEY, *PARTS)
SERVED = {"import": MONEY, "export": ("value_usd", *PARTS)}
QUANTITIES = ("quantity_1", "quantity_2")

COUNTRIES = ("goods", "chapters", "totals")
AGGREGATES = ("goods_aggregate", "chapters_aggregate", "totals_aggregate")
TRADE = (*COUNTRIES, *AGGREGATES)
LEVELS = {"hs10": "goods", "hs2": "chapters", "total": "totals"}
ALL_LEVELS = tuple(LEVELS)

# Wide on purpose, as the bounds of all gates are.
MOST_DUTY_PER_DOLLAR = 10

_PERIOD = {"flow": "VARCHAR", "period_grain": "VARCHAR", "period_start": "DATE"}
_COMMODITY = {"commodity_system": "VARCHAR", "commodity_code": "VARCHAR"}
SCHEMAS = {
    table: {
        **_PERIOD,
        "partner_code": "VARCHAR",
        **({"partner_kind": "VARCHAR"} if table in AGGREGATES else {}),
        **({} if table.startswith("totals") else _COMMODITY),
        **dict.fromkeys(MEASURES, "BIGINT"),
        **(
            {"quantity_1": "BIGINT", "unit_1": "VARCHAR", "quantity_2": "BIGINT", "unit_2": "VARCHAR"}
            if table.startswith("goods")
            else {}
        ),
    }
    for table in TRADE
}
_PROGRAMME_COLUMNS = {
    **_PERIOD,
    "partner_code": "VARCHAR",
    **_COMMODITY,
    "rate_provision_code": "VARCHAR",
    "value_usd": "BIGINT",
    "duty_usd": "BIGINT",
}

# A seed row holds from valid_from to valid_to, both included; an empty date is open. Seeds may come as text.
VALID_FOR_A_PART = """
    coalesce(valid_from::date, date '0001-01-01') <= getvariable('period_end')
    and coalesce(valid_to::date, date '9999-12-31') >= getvariable('period_start')
"""
VALID_THROUGHOUT = """
    coalesce(valid_from::date, date '0001-01-01') <= getvariable('period_start')
    and coalesce(valid_to::date, date '9999-12-31') >= getvariable('period_end')
"""
SHOWN_BEFORE = "proven_from::date <= getvariable('period_start')"
ALL_PARTNERS_ASKED = "len(getvariable('partners')) = 0"
ALL_PROVISIONS_ASKED = "len(getvariable('rate_provisions')) = 0"


def _right_period(tables: Sequence[str]) -> Check:
    def strayed(table: str) -> str:
        return f"""
            select '{table}' as table_name, flow, period_grain, period_start, count(*) as row_count
            from {table}
            where flow is distinct from getvariable('flow')
               or period_grain is distinct from getvariable('period_grain')
               or period_start is distinct from getvariable('period_start')
            group by all
        """

    return rule(
        "right_period",
        guards="All rows belong to the partition that was asked for.",
        problem="rows belong to another flow or period than the partition",
        advice="look at the time that was requested and at the reader",
        tables=tables,
        failing=each(tables, strayed),
    )


def _commodity_codes(tables: Mapping[str, int]) -> Check:
    """tables: table → digits of its codes."""

    def wrong(table: str) -> str:
        digits = tables[table]
        system = (
            "'hs2'"
            if digits == 2
            else "case getvariable('flow') when 'import' then 'hts10' when 'export' then 'schedule_b10' end"
        )
        # Chapter 00 is how some answers name the total of all chapters: it would double every sum.
        return f"""
            select '{table}' as table_name, commodity_system, commodity_code, row_count,
                   case when commodity_system is distinct from {system} then 'not the system ' || {system}
                        when length(commodity_code) = {digits - 1} then 'a leading zero was lost'
                        when commodity_code[:2] = '00' then 'a total among its parts'
                        else 'not {digits} digits' end as fault
            from (select commodity_system, commodity_code, count(*) as row_count from {table} group by all)
            where commodity_system is distinct from {system}
               or not coalesce(regexp_full_match(commodity_code, '[0-9]{{{digits}}}'), false)
               or commodity_code[:2] = '00'
        """

    return rule(
        "commodity_codes",
        guards="Commodity codes are whole: ten digits, or two for a chapter, in the system of the flow.",
        problem="{rows_failing} commodity codes are malformed",
        advice="a code that lost a zero was read as a number somewhere: correct that, never pad it here",
        tables=tuple(tables),
        failing=f"from ({each(tables, wrong)}) order by all",
    )


def _partner_codes(countries: Sequence[str], aggregates: Sequence[str]) -> Check:
    def wrong_country(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, row_count,
                   case when partner_code = '-' or partner_code[1] = '0' or contains(partner_code, 'X')
                        then 'an aggregate among countries'
                        when length(partner_code) < 4 then 'a digit was lost'
                        else 'not four digits' end as fault
            from (select partner_code, count(*) as row_count from {table} group by all)
            where not coalesce(regexp_full_match(partner_code, '[1-9][0-9]{{3}}'), false)
        """

    def wrong_aggregate(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, row_count,
                   'not a ' || coalesce(partner_kind, 'kind of partner') as fault
            from (select partner_code, partner_kind, count(*) as row_count from {table} group by all)
            where partner_kind is distinct from case
                when partner_code = '-' then 'world'
                when regexp_full_match(partner_code, '0[0-9]{{3}}|[0-9X]{{3}}X') then 'group'
            end or partner_kind is null
        """

    selects = [each(countries, wrong_country)] + ([each(aggregates, wrong_aggregate)] if aggregates else [])
    return rule(
        "partner_codes",
        guards="Countries have four digits; the world ('-') and groups (0…, …X) stand apart.",
        problem="{rows_failing} partner codes are malformed or stand in the wrong table",
        advice="correct how the reader tells aggregates from countries",
        tables=(*countries, *aggregates),
        failing=f"from ({' union all by name '.join(selects)}) order by all",
    )


def _partners_known(countries: Sequence[str]) -> Check:
    found = each(
        countries, lambda table: f"select partner_code, count(*) as row_count from {table} group by all"
    )
    return rule(
        "partners_known",
        guards="Every partner is in the list of partners, so that no figure is lost in a join.",
        problem="{rows_failing} partner codes are unknown",
        advice="add a row to dbt_project/seeds/partner.csv, with its source and the date it is valid from",
        tables=(*countries, "partner"),
        failing=f"""
            select partner_code, sum(row_count)::bigint as row_count
            from ({found})
            anti join (
                from partner where partner_kind = 'country' and {VALID_FOR_A_PART}
            ) using (partner_code)
            group by all order by all
        """,
    )


GROUPS_KNOWN = rule(
    "groups_known",
    guards="Every group of countries is described, so that its members can be added up.",
    problem="{rows_failing} groups are unknown",
    advice="add a row to dbt_project/seeds/partner_group.csv; its figures are kept, but not reconciled",
    tables=(*AGGREGATES, "partner_group"),
    failing=f"""
        select distinct partner_code
        from ({each(AGGREGATES, lambda table: f"select partner_code, partner_kind from {table}")})
        where partner_kind = 'group' and partner_code not in (select group_code from partner_group)
        order by all
    """,
    severity="warn",
)


def _plausible_duty(tables: Sequence[str]) -> Check:
    def excessive(table: str) -> str:
        return f"""
            select '{table}' as table_name, partner_code, commodity_code, value_usd, duty_usd
            from {table} where duty_usd > {MOST_DUTY_PER_DOLLAR} * value_usd
        """

    return rule(
        "plausible_duty",
        guards=f"Duty is not more than {MOST_DUTY_PER_DOLLAR} times the value that it is charged on.",
        problem="{rows_failing} rows have more duty than seems possible",
        advice="look at the rows: specific duties on cheap goods can be high, a shifted column looks alike",
        tables=tables,
        failing=f"""
            from ({each(tables, excessive)})
            order by duty_usd desc, table_name, partner_code, commodity_code
        """,
        severity="warn",
    )


# Reconciliations: a published figure beside the sum of its parts.


def _sums(measures: Sequence[str]) -> str:
    """Sums that are null where any of their parts is not served: a part of a sum is not the sum."""
    return ", ".join(f"case when count({m}) = count(*) then sum({m})::bigint end as {m}" for m in measures)


def _agreement(
    name: str,
    *,
    guards: str,
    tables: Sequence[str],
    figures: str,
    key: Sequence[str],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    differs: str = "parts_usd <> published_usd",
    severity: Severity = "error",
) -> Check:
    """A check that two figures agree to the dollar, in each row of `figures`.

    figures: a query that gives `key`, measure, parts_usd and published_usd, null where one is not served.
    """
    return Check(
        name=name,
        guards=guards,
        problem=(
            "{different:,} of {compared:,} published figures differ from the sum of their parts, "
            "by up to {largest_difference_usd:,} USD"
        ),
        advice=(
            "look for a request that is missing or was answered with a part; answers from before and after a "
            "release do not add up: then fetch the whole partition again"
        ),
        tables=(*tables, "provenance"),
        summary=f"""
            select count(*) filter (parts_usd is not null and published_usd is not null) as compared,
                   count(*) filter ({differs}) as different,
                   count(*) filter ((parts_usd is null) <> (published_usd is null)) as not_served,
                   coalesce(max(abs(parts_usd - published_usd)) filter ({differs}), 0)
                       as largest_difference_usd
            from ({figures})
        """,
        failing=f"""
            select *, parts_usd - published_usd as difference_usd from ({figures}) where {differs}
            order by abs(parts_usd - published_usd) desc, {", ".join(key)}, measure
        """,
        expectations=(at_most("different", 0),),
        severity=severity,
        sides=sides,
    )


def _reconciliation(
    name: str,
    *,
    guards: str,
    tables: Sequence[str],
    parts: str,
    published: str,
    key: Sequence[str],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    measures: Sequence[str],
    only_where: str = "true",
    differs: str = "parts_usd <> published_usd",
    severity: Severity = "error",
) -> Check:
    """The agreement of `parts` and `published`, which are queries that give `key` and `measures`.

    In what an agency serves, a row that is missing is a zero; in what was composed it is unknown. So is
    every measure that is null on one side: such figures are counted as not served and not compared.
    """
    # Two levels have to be there both; parts and wholes of one level come in the same answers.
    levels = () if sides[0] == sides[1] else (*sides[0], *sides[1])
    named = ", ".join(f"'{level}'" for level in levels)
    both_asked = f"where level in ({named}) having count(distinct level) = {len(levels)}" if levels else ""
    figures = ", ".join(
        f"""{{'measure': '{m}',
              'parts_usd': case when parts.is_there then parts.{m} else absent.usd end,
              'published_usd': case when published.is_there then published.{m} else absent.usd end}}"""
        for m in measures
    )
    side_by_side = f"""
        with absent as (
            select (
                select case when bool_and(origin = 'agency') then 0::bigint end from provenance {both_asked}
            ) as usd
        ),
        parts as (select *, true as is_there from ({parts})),
        published as (select *, true as is_there from ({published}))
        select {", ".join(key)}, unnest([{figures}], recursive := true)
        from parts full join published using ({", ".join(key)}), absent
        where {only_where}
    """
    return _agreement(
        name,
        guards=guards,
        tables=tables,
        figures=side_by_side,
        key=key,
        sides=sides,
        differs=differs,
        severity=severity,
    )


def _parts_match_chapters(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "parts_match_chapters",
        guards="Ten-digit figures add up to the published chapters, for each partner and measure.",
        tables=("goods", "goods_aggregate", "chapters", "chapters_aggregate"),
        parts=each(
            ("goods", "goods_aggregate"),
            lambda table: (
                f"""
                select partner_code, commodity_code[:2] as commodity_code, {_sums(measures)}
                from {table} group by 1, 2
            """
            ),
        ),
        published=each(
            ("chapters", "chapters_aggregate"),
            lambda table: f"select partner_code, commodity_code, {', '.join(measures)} from {table}",
        ),
        key=("partner_code", "commodity_code"),
        measures=measures,
        sides=(("hs10",), ("hs2",)),
    )


def _chapters_match_totals(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "chapters_match_totals",
        guards="Chapters add up to the published total of all goods, for each partner and measure.",
        tables=("chapters", "chapters_aggregate", "totals", "totals_aggregate"),
        parts=each(
            ("chapters", "chapters_aggregate"),
            lambda table: f"select partner_code, {_sums(measures)} from {table} group by 1",
        ),
        published=each(
            ("totals", "totals_aggregate"),
            lambda table: f"select partner_code, {', '.join(measures)} from {table}",
        ),
        key=("partner_code",),
        measures=measures,
        sides=(("hs2",), ("total",)),
    )


def _code(level: str) -> str:
    return "'all goods'" if level == "total" else "commodity_code"


def _published_aggregates(levels: Sequence[str], where: str, measures: Sequence[str]) -> str:
    return each(
        levels,
        lambda level: (
            f"""
            select '{level}' as level, partner_code, {_code(level)} as commodity_code, {", ".join(measures)}
            from {LEVELS[level]}_aggregate where {where}
        """
        ),
    )


def _countries_match_world(measures: Sequence[str]) -> Check:
    return _reconciliation(
        "countries_match_world",
        guards="The countries add up to the published world row, at each level of detail.",
        tables=TRADE,
        parts=each(
            LEVELS,
            lambda level: (
                f"""
                select '{level}' as level, '-' as partner_code, {_code(level)} as commodity_code,
                       {_sums(measures)}
                from {LEVELS[level]} group by 3
            """
            ),
        ),
        published=_published_aggregates(ALL_LEVELS, "partner_kind = 'world'", measures),
        key=("level", "partner_code", "commodity_code"),
        measures=measures,
        # Without the world row, or with some partners only, there is nothing that should add up.
        only_where=f"level in (select level from published) and {ALL_PARTNERS_ASKED}",
        sides=(ALL_LEVELS, ALL_LEVELS),
    )


def _members_match_groups(
    name: str, *, guards: str, when: str, severity: Severity, measures: Sequence[str]
) -> Check:
    """`when` selects the groups. Ten-digit rows are left out: each side's add up to its chapters anyway
    (parts_match_chapters), and adding up a million memberships would double the cost of the gate.
    """
    levels = ("hs2", "total")
    # A group whose members change inside the period has no one list of members to add up.
    groups = f"""
        select group_code from partner_group where members_known::boolean and {when}
        except
        select group_code from partner_group_member where ({VALID_FOR_A_PART}) and not ({VALID_THROUGHOUT})
    """

    def members(level: str) -> str:
        return f"""
            select '{level}' as level, group_code as partner_code, {_code(level)} as commodity_code,
                   {_sums(measures)}
            from {LEVELS[level]} join (
                select group_code, partner_code from partner_group_member
                where group_code in (select partner_code from {LEVELS[level]}_aggregate)
                  and group_code in ({groups}) and ({VALID_THROUGHOUT})
            ) using (partner_code)
            group by 2, 3
        """

    return _reconciliation(
        name,
        guards=guards,
        tables=(*(table for table in TRADE if "goods" not in table), "partner_group", "partner_group_member"),
        parts=each(levels, members),
        published=_published_aggregates(
            levels, f"partner_kind = 'group' and partner_code in ({groups})", measures
        ),
        key=("level", "partner_code", "commodity_code"),
        measures=measures,
        only_where=ALL_PARTNERS_ASKED,
        severity=severity,
        sides=(levels, levels),
    )


def _domestic_and_foreign(table: str) -> str:
    commodity = "'all goods'" if table.startswith("totals") else "commodity_code"
    return f"""
        select '{table}' as table_name, partner_code, {commodity} as commodity_code, 'value_usd' as measure,
               coalesce(domestic_value_usd, 0) + coalesce(foreign_value_usd, 0) as parts_usd,
               value_usd as published_usd
        from {table} where coalesce(domestic_value_usd, foreign_value_usd) is not null
    """


DOMESTIC_AND_FOREIGN_MATCH_TOTAL = _agreement(
    "domestic_and_foreign_match_total",
    guards="Domestic exports and re-exports add up to total exports, row by row.",
    tables=TRADE,
    figures=each(TRADE, _domestic_and_foreign),
    key=("table_name", "partner_code", "commodity_code"),
    sides=(ALL_LEVELS, ALL_LEVELS),
)

_PROGRAMMES = {
    "tables": ("programmes", "programmes_total"),
    "parts": f"""
        select partner_code, commodity_code, {_sums(("value_usd", "duty_usd"))} from programmes group by 1, 2
    """,
    "published": "select partner_code, commodity_code, value_usd, duty_usd from programmes_total",
    "key": ("partner_code", "commodity_code"),
    "measures": ("value_usd", "duty_usd"),
    "sides": (("hs10",), ("hs10",)),
}
PROGRAMMES_MATCH_TOTAL = _reconciliation(
    "programmes_match_total",
    guards="Rate provisions add up to the published total of each product and partner.",
    only_where=ALL_PROVISIONS_ASKED,
    **_PROGRAMMES,
)
PROGRAMMES_WITHIN_TOTAL = _reconciliation(
    "programmes_within_total",
    guards="Where some rate provisions were asked for, they are not more than the published total.",
    only_where=f"not ({ALL_PROVISIONS_ASKED})",
    differs="parts_usd > published_usd",
    severity="warn",
    **_PROGRAMMES,
)


TRADE_KEYS = {
    table: ("partner_code",) if table.startswith("totals") else ("partner_code", "commodity_code")
    for table in TRADE
}


def _goods(measures: Sequence[str]) -> tuple[Check, ...]:
    """measures: those that the flow serves."""
    return (
        schema(SCHEMAS),
        not_empty("goods"),
        NO_BAD_VALUES,
        _right_period(TRADE),
        keys_unique(TRADE_KEYS),
        _commodity_codes({"goods": 10, "goods_aggregate": 10, "chapters": 2, "chapters_aggregate": 2}),
        _partner_codes(COUNTRIES, AGGREGATES),
        _partners_known(COUNTRIES),
        GROUPS_KNOWN,
        no_negative(
            {table: (*measures, *(QUANTITIES if table.startswith("goods") else ())) for table in TRADE},
            TRADE_KEYS,
        ),
        _parts_match_chapters(measures),
        _chapters_match_totals(measures),
        _countries_match_world(measures),
        _members_match_groups(
            "members_match_groups",
            guards="Members add up to their published group, in the years for which the members were shown.",
            when=f"{SHOWN_BEFORE} and proven_to::date >= getvariable('period_end')",
            severity="error",
            measures=measures,
        ),
        # Later membership is carried forward in the seed. That it changed since is no fault of the data.
        _members_match_groups(
            "members_match_later_groups",
            guards="Members still add up to their group; else partner_group_member.csv is out of date.",
            when=f"{SHOWN_BEFORE} and proven_to::date < getvariable('period_end')",
            severity="warn",
            measures=measures,
        ),
        size(TRADE, with_value=True),
    )


_TRADE_VARIABLES = ("flow", "period_grain", "period_start", "period_end", "partners", "rate_provisions")
_PROGRAMME_KEY = ("partner_code", "commodity_code", "rate_provision_code")


SUITES = {
    "import_goods": Suite(
        "landing_import_goods",
        (*_goods(SERVED["import"]), _plausible_duty(("goods", "goods_aggregate"))),
        _TRADE_VARIABLES,
    ),
    "export_goods": Suite(
        "landing_export_goods",
        (*_goods(SERVED["export"]), DOMESTIC_AND_FOREIGN_MATCH_TOTAL),
        _TRADE_VARIABLES,
    ),
    "programmes": Suite(
        "landing_programmes",
        (
            schema({"programmes": _PROGRAMME_COLUMNS}),
            not_empty("programmes"),
            NO_BAD_VALUES,
            _right_period(("programmes",)),
            keys_unique({"programmes": _PROGRAMME_KEY}),
            _commodity_codes({"programmes": 10}),
            rule(
                "rate_provision_codes",
                guards="Rate provisions have two digits; the '-' total is kept apart.",
                problem="{rows_failing} rate provisions are malformed",
                advice="correct how the reader tells the total from its parts",
                tables=("programmes",),
                failing="""
                    select rate_provision_code, count(*) as row_count from programmes
                    where not coalesce(regexp_full_match(rate_provision_code, '[0-9]{2}'), false)
                    group by all order by all
                """,
            ),
            _partner_codes(("programmes",), ()),
            _partners_known(("programmes",)),
            no_negative({"programmes": ("value_usd", "duty_usd")}, {"programmes": _PROGRAMME_KEY}),
            _plausible_duty(("programmes",)),
            PROGRAMMES_MATCH_TOTAL,
            PROGRAMMES_WITHIN_TOTAL,
            size(("programmes",), with_value=True),
        ),
        _TRADE_VARIABLES,
    ),
}

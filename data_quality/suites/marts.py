"""What the marts must fulfil before they are published.

Runs on a connection to the warehouse, after dbt has built the marts and its own tests have passed; those
look at each table by itself (keys, nulls, accepted values), these at what holds between tables.
"""

from data_quality.suites import Suite, each, rule

SELECTION = "stg_landing__selection"

# Mart → the landing table that it holds, and its grain where it has no column for it.
TRADE = {
    "goods_trade": ("goods", "'month'"),
    "goods_trade_annual": ("goods", "'year'"),
    "goods_trade_aggregate": ("goods_aggregate", "period_grain"),
    "goods_trade_chapter": ("chapters", "period_grain"),
    "goods_trade_chapter_aggregate": ("chapters_aggregate", "period_grain"),
    "goods_trade_total": ("totals", "period_grain"),
    "goods_trade_total_aggregate": ("totals_aggregate", "period_grain"),
    "goods_trade_programme": ("programmes", "period_grain"),
}
AGGREGATES = tuple(table for table in TRADE if table.endswith("_aggregate"))
COUNTRIES = (
    *(table for table in TRADE if table not in AGGREGATES),
    "ai_trade",
    "ai_trade_balance",
    "ai_top_partners",
)
TEN_DIGITS = ("goods_trade", "goods_trade_annual", "goods_trade_aggregate", "goods_trade_programme")

SHARES = (
    "ai_import_share",
    "ai_import_share_all_goods",
    "duty_coverage_share",
    "duty_coverage_share_ex_27_71_98_99",
)
RATES = ("effective_tariff_rate", "effective_tariff_rate_ex_27_71_98_99")
PERIOD = "period_grain, period_start"


def _partners(table: str) -> str:
    return f"""
        select '{table}' as table_name, partner_code, count(*) as row_count
        from {table} group by all
    """


def _landed_sums(table: str) -> str:
    _, grain = TRADE[table]
    return f"""
        select '{table}' as table_name, flow, {grain} as period_grain, period_start,
               count(*) as row_count, sum(value_usd)::bigint as value_usd
        from {table} group by all
    """


def _selected_sums(table: str) -> str:
    landed, grain = TRADE[table]
    return f"""
        select '{table}' as table_name, flow, period_grain, period_start,
               sum(row_count)::bigint as landed_row_count, sum(value_usd)::bigint as landed_value_usd
        from {SELECTION} where table_name = '{landed}' and period_grain = {grain}
        group by all
    """


TOTALS_MATCH_LANDING = rule(
    "totals_match_landing",
    guards="Each period of each trade table has the rows and the value that were committed to landing.",
    problem="{rows_failing} periods differ from landing",
    advice="look for a join that repeats or drops rows; then build the warehouse anew (it is rebuildable)",
    tables=(SELECTION, *TRADE),
    failing=f"""
        from ({each(TRADE, _landed_sums)})
        full join ({each(TRADE, _selected_sums)}) using (table_name, flow, period_grain, period_start)
        where coalesce(row_count, 0) <> coalesce(landed_row_count, 0)
           or coalesce(value_usd, 0) <> coalesce(landed_value_usd, 0)
        order by table_name, flow, period_grain, period_start
    """,
)

NO_ORPHAN_PARTNER = rule(
    "no_orphan_partner",
    guards="Every partner is in dim_partner, so that no figure is lost in a join.",
    problem="{rows_failing} partner codes are not in dim_partner",
    advice="add a row to dbt_project/seeds/partner.csv",
    tables=("dim_partner", *COUNTRIES, *AGGREGATES),
    failing=f"""
        from ({each((*COUNTRIES, *AGGREGATES), _partners)}) anti join dim_partner using (partner_code)
        order by all
    """,
)

# One pass over the codes against the small dimension: a distinct of them would cost more.
NO_ORPHAN_CODE = rule(
    "no_orphan_code",
    guards="Every ten-digit code is in dim_commodity, so that no figure is lost in a join.",
    problem="{rows_failing} commodity codes are not in dim_commodity",
    advice="dim_commodity takes in every code that is traded: look at what it leaves out",
    tables=("dim_commodity", "ai_product", *TEN_DIGITS),
    failing=f"""
        from ({
        each(
            TEN_DIGITS,
            lambda table: (
                f'''
                select '{table}' as table_name, commodity_system, commodity_code, count(*) as row_count
                from {table} anti join dim_commodity using (commodity_system, commodity_code)
                group by all
            '''
            ),
        )
    }
        union all by name
        select 'ai_product' as table_name, commodity_system, commodity_code, count(*) as row_count
        from ai_product anti join dim_commodity using (commodity_system, commodity_code) group by all)
        order by all
    """,
)

KINDS_NEVER_MIX = rule(
    "kinds_never_mix",
    guards="No aggregate stands among countries and no country among aggregates: a plain sum counts once.",
    problem="{rows_failing} partners stand in the wrong table",
    advice="look at how the reader tells aggregates from countries, and at the model",
    tables=("dim_partner", *COUNTRIES, *AGGREGATES),
    failing=f"""
        select table_name, partner_code, partner_kind, row_count
        from ({each(COUNTRIES, _partners)}) join dim_partner using (partner_code)
        where partner_kind <> 'country'
        union all by name
        select table_name, partner_code, partner_kind, row_count
        from ({each(AGGREGATES, _partners)}) join dim_partner using (partner_code)
        where partner_kind = 'country'
        order by all
    """,
)

BALANCE_IDENTITY = rule(
    "balance_identity",
    guards="A balance is exports minus imports where both are there, and null where one is not.",
    problem="{rows_failing} balances are not exports minus imports",
    advice="correct dbt_project/models/marts/ai/ai_trade_balance.sql",
    tables=("ai_trade_balance",),
    failing="""
        select * from ai_trade_balance
        where balance_usd is distinct from exports_usd - imports_usd
        order by all
    """,
)

BALANCE_SAYS_WHAT_IS_THERE = rule(
    "balance_says_what_is_there",
    guards="The word for the coverage of a balance says which sides are there, the reason why one is not.",
    problem="{rows_failing} balances show another side than they say, or are null without a reason",
    advice="correct dbt_project/models/marts/ai/ai_trade_balance.sql",
    tables=("ai_trade_balance",),
    failing="""
        select * from ai_trade_balance
        where (
            (exports_usd is not null) <> (coverage in ('both', 'exports_only'))
            or (imports_usd is not null) <> (coverage in ('both', 'imports_only'))
            or (balance_usd is null and reason is null)
        )
        order by all
    """,
)

BALANCE_MATCHES_TRADE = rule(
    "balance_matches_trade",
    guards="What ai_trade holds arrives in the balance: no partner is lost for want of coverage.",
    problem="{rows_failing} periods differ between ai_trade_balance and ai_trade",
    advice="look for partners with figures that source_coverage does not list as covered",
    tables=("ai_trade", "ai_trade_balance", "balance_basis"),
    failing=f"""
        with balance as (
            select definition_id, balance_basis, {PERIOD},
                   coalesce(sum(exports_usd), 0)::bigint as exports_usd,
                   coalesce(sum(imports_usd), 0)::bigint as imports_usd
            from ai_trade_balance
            where balance_basis in (
                select balance_basis from balance_basis
                where exports_measure = 'value_usd' and imports_measure = 'value_usd'
            )
            group by all
        ),
        trade as (
            select definition_id, {PERIOD},
                   coalesce(sum(value_usd) filter (flow = 'export'), 0)::bigint as traded_exports_usd,
                   coalesce(sum(value_usd) filter (flow = 'import'), 0)::bigint as traded_imports_usd
            from ai_trade group by all
        )
        select * from balance full join trade using (definition_id, {PERIOD})
        where coalesce(exports_usd, 0) <> coalesce(traded_exports_usd, 0)
           or coalesce(imports_usd, 0) <> coalesce(traded_imports_usd, 0)
        order by definition_id, {PERIOD}
    """,
)

HEADLINE_MATCHES_TRADE = rule(
    "headline_matches_trade",
    guards="The headline figures are the sums of ai_trade over all partners.",
    problem="{rows_failing} headline figures differ from the sum of ai_trade",
    advice="correct dbt_project/models/marts/ai/ai_trade_headline.sql",
    tables=("ai_trade", "ai_trade_headline"),
    failing=f"""
        with trade as (
            select definition_id, {PERIOD},
                   coalesce(sum(value_usd) filter (flow = 'import'), 0)::bigint as traded_imports_usd,
                   coalesce(sum(value_usd) filter (flow = 'export'), 0)::bigint as traded_exports_usd
            from ai_trade group by all
        )
        select definition_id, {PERIOD}, ai_imports_usd, traded_imports_usd, ai_exports_usd, traded_exports_usd
        from ai_trade_headline left join trade using (definition_id, {PERIOD})
        where (ai_imports_usd <> coalesce(traded_imports_usd, 0)
               or ai_exports_usd <> coalesce(traded_exports_usd, 0))
        order by all
    """,
)

HEADLINE_IS_COVERED = rule(
    "headline_is_covered",
    guards="A headline figure is shown only where every partner is covered.",
    problem="{rows_failing} headline figures lack partners",
    advice="correct dbt_project/models/marts/ai/ai_trade_headline.sql, or load what is missing",
    tables=("ai_trade_headline", "source_coverage"),
    failing=f"""
        with uncovered as (
            select {PERIOD}, count(*) filter (flow = 'import') as imports_without,
                   count(*) filter (flow = 'export') as exports_without
            from source_coverage
            where level = 'hs10' and status <> 'covered' group by all
        )
        select definition_id, {PERIOD}, ai_imports_usd, imports_without, ai_exports_usd, exports_without
        from ai_trade_headline join uncovered using ({PERIOD})
        where (ai_imports_usd is not null and imports_without > 0)
           or (ai_exports_usd is not null and exports_without > 0)
        order by all
    """,
)

CLASSIFIED_MATCHES_GOODS = rule(
    "classified_matches_goods",
    guards="Under each classification the labels split all trade in goods: none is lost, none counts twice.",
    problem="{rows_failing} sums of classified_trade differ from goods_trade and goods_trade_annual",
    advice="look for a code without a label in int_labels, or with two on the same day",
    tables=("classified_trade", "goods_trade", "goods_trade_annual"),
    failing=f"""
        with goods as (
            select flow, 'month' as period_grain, period_start, sum(value_usd)::bigint as goods_usd
            from goods_trade group by all
            union all by name
            select flow, 'year' as period_grain, period_start, sum(value_usd)::bigint as goods_usd
            from goods_trade_annual group by all
        ),
        classified as (
            select classification_id, flow, {PERIOD}, sum(value_usd)::bigint as classified_usd
            from classified_trade group by all
        )
        select * from classified full join goods using (flow, {PERIOD})
        where goods_usd is distinct from classified_usd
        order by all
    """,
)

AI_TRADE_MATCHES_CLASSIFIED = rule(
    "ai_trade_matches_classified",
    guards="A definition counts what its classification labels with its relevances, on the labelled sides.",
    problem="{rows_failing} sums of ai_trade differ from classified_trade under the definition",
    advice="correct dbt_project/models/intermediate/classification/int_product_set_definitions.sql",
    tables=("ai_trade", "classified_trade", "dim_ai_definition"),
    failing=f"""
        with labelled as (
            select definition_id, flow, {PERIOD}, sum(value_usd)::bigint as labelled_usd
            from classified_trade join dim_ai_definition using (classification_id)
            where relevance in (select unnest(string_split(relevance_levels, ';')))
              and not (is_excluded_chapter and exclusion_id is not null)
              and if(flow = 'import', is_imports_labelled, is_exports_labelled)
              and period_start >= valid_from and period_start <= coalesce(valid_to, period_start)
            group by all
        ),
        traded as (
            select definition_id, flow, {PERIOD}, sum(value_usd)::bigint as traded_usd
            from ai_trade group by all
        )
        select * from labelled full join traded using (definition_id, flow, {PERIOD})
        where labelled_usd is distinct from traded_usd
        order by all
    """,
)

MEASURES_MATCH_TRADE = rule(
    "measures_match_trade",
    guards="The measures show the value that ai_trade has, by category and as a whole, where it is covered.",
    problem="{rows_failing} values of ai_trade_growth differ from the sum of ai_trade",
    advice="correct dbt_project/models/intermediate/measures/int_product_group_trade.sql",
    tables=("ai_trade", "ai_trade_growth"),
    failing=f"""
        with traded as (
            select definition_id, flow, {PERIOD}, coalesce(category, 'all') as category,
                   sum(value_usd)::bigint as traded_usd
            from ai_trade
            group by definition_id, flow, {PERIOD}, rollup (category)
        )
        select definition_id, flow, {PERIOD}, category, value_usd, traded_usd
        from ai_trade_growth left join traded using (definition_id, flow, {PERIOD}, category)
        where product_group = 'ai' and value_usd <> coalesce(traded_usd, 0)
        order by all
    """,
)

FAMILIES_MOVE_NOTHING_AWAY = rule(
    "families_move_nothing_away",
    guards="Families move goods between AI and the rest, and neither add nor lose any.",
    problem="in {rows_failing} periods AI and all else do not add up to all goods on families of codes",
    advice="correct dbt_project/models/intermediate/measures/int_goods_regrouped.sql",
    tables=("ai_trade_growth", "dim_ai_definition"),
    failing=f"""
        select definition_id, flow, {PERIOD},
               sum(if(product_group = 'all_goods', -1, 1) * comparable_value_usd)::bigint as rest_usd,
               sum(if(product_group = 'all_goods', -1, 1) * comparable_year_earlier_usd)::bigint
                   as earlier_rest_usd
        from ai_trade_growth join dim_ai_definition using (definition_id)
        where category = 'all' and exclusion_id is not null
          and product_group in ('ai', 'all_other', 'all_goods')
        group by all
        having rest_usd <> 0 or earlier_rest_usd <> 0
        order by all
    """,
)

TOP_PRODUCTS_WITHIN_TOTAL = rule(
    "top_products_within_total",
    guards="What the ranked products add up to is not more than all that the definition counts.",
    problem="in {rows_failing} periods the ranked products are more than all of them",
    advice="look for a code that is twice in ai_product on one day",
    tables=("ai_top_products", "ai_trade"),
    failing=f"""
        with ranked as (
            select definition_id, flow, {PERIOD}, sum(value_usd)::bigint as ranked_usd, sum(ai_share) as share
            from ai_top_products group by all
        ),
        traded as (
            select definition_id, flow, {PERIOD}, sum(value_usd)::bigint as traded_usd
            from ai_trade group by all
        )
        select * from ranked left join traded using (definition_id, flow, {PERIOD})
        where ranked_usd > coalesce(traded_usd, 0) or share > 1 + 1e-9
        order by all
    """,
)

TARIFF_COUNTS_EACH_PARTNER_ONCE = rule(
    "tariff_counts_each_partner_once",
    guards="Duty and value of the partners add up to those of all partners, the EU and its members once.",
    problem="{rows_failing} sums of ai_effective_tariff_by_partner differ from ai_effective_tariff",
    advice="look at which groups stand in for their members in int_import_duty_resolved",
    tables=("ai_effective_tariff", "ai_effective_tariff_by_partner"),
    failing=f"""
        with partners as (
            select definition_id, {PERIOD}, product_group, category,
                   sum(duty_usd)::bigint as partners_duty_usd,
                   sum(duty_covered_value_usd)::bigint as partners_value_usd
            from ai_effective_tariff_by_partner group by all
        )
        select definition_id, {PERIOD}, product_group, category, duty_usd, partners_duty_usd,
               duty_covered_value_usd, partners_value_usd
        from ai_effective_tariff join partners using (definition_id, {PERIOD}, product_group, category)
        where value_usd is not null
          and (duty_usd is distinct from partners_duty_usd or duty_covered_value_usd <> partners_value_usd)
        order by all
    """,
)

COUNTERFACTUAL_IDENTITY = rule(
    "counterfactual_identity",
    guards="What is counterfactual and what is in excess add up to what was; a null says why.",
    problem="{rows_failing} counterfactual balances do not add up, or are null without a reason",
    advice="correct dbt_project/models/marts/ai/ai_counterfactual_balance.sql",
    tables=("ai_counterfactual_balance",),
    failing="""
        select * from ai_counterfactual_balance
        where (
            counterfactual_ai_imports_usd + excess_imports_usd <> ai_imports_usd
            or counterfactual_ai_exports_usd + excess_exports_usd <> ai_exports_usd
            or counterfactual_ai_balance_usd + excess_balance_usd <> ai_balance_usd
            or counterfactual_goods_balance_usd + excess_balance_usd <> goods_balance_usd
            or (excess_imports_usd is null and imports_reason is null)
            or (excess_exports_usd is null and exports_reason is null)
        )
        order by all
    """,
)

SHARES_WITHIN_ONE = rule(
    "shares_within_one",
    guards="A share lies between 0 and 1, a rate is not negative.",
    problem="{rows_failing} headline rows have a share outside 0 to 1 or a negative rate",
    advice="look whether numerator and denominator cover the same partners and products",
    tables=("ai_trade_headline",),
    failing=f"""
        select definition_id, {PERIOD}, {", ".join((*SHARES, *RATES))} from ai_trade_headline
        where (least({", ".join((*SHARES, *RATES))}) < 0 or greatest({", ".join(SHARES)}) > 1)
        order by all
    """,
)

COVERAGE_STATUSES = rule(
    "coverage_statuses",
    guards="Coverage has one of the agreed words, and a reason where it is not 'covered'.",
    problem="{rows_failing} kinds of coverage rows have another status, or no reason",
    advice="look at what the landing step writes into coverage.parquet",
    tables=("source_coverage",),
    failing="""
        select flow, period_grain, level, status, reason, count(*) as row_count from source_coverage
        where (
            coalesce(status, '') not in ('covered', 'rejected', 'not_covered')
            or coalesce(level, '') not in ('hs10', 'hs2', 'total', 'programme')
            or (status <> 'covered' and reason is null)
        )
        group by all order by all
    """,
)

STATUTORY_RATES_ADD_UP = rule(
    "statutory_rates_add_up",
    guards="On each day what the laws take, one by one and partner by partner, is what they take together.",
    problem="{rows_failing} days have parts that are not their total",
    advice="look at int_tariff_duty_changes: `tariff_sums` lacks an authority, or a change lacks its end",
    tables=("tariff_rate_daily_overall", "tariff_rate_daily_by_authority", "tariff_rate_daily_by_partner"),
    failing="""
        from (
            select day, total_rate, weight_usd * coverage_share as covered_usd from tariff_rate_daily_overall
        )
        join (select day, sum(rate) as of_authorities from tariff_rate_daily_by_authority group by day)
            using (day)
        join (
            select day, sum(total_rate * weight_usd * coverage_share) as of_partners_usd
            from tariff_rate_daily_by_partner group by day
        ) using (day)
        where abs(of_authorities - total_rate) > 1e-9 or abs(of_partners_usd - total_rate * covered_usd) > 1
        order by day
    """,
)

SCENARIOS_START_FROM_THE_LAW = rule(
    "scenarios_start_from_the_law",
    guards="A scenario is compared with what the law takes on the same days from the same imports.",
    problem="{rows_failing} rows of ai_tariff_scenario compare with another rate than that of the law",
    advice="look at int_tariff_group_sums: the law and a scenario weigh other imports",
    tables=("ai_tariff_scenario", "ai_tariff_rate_by_partner"),
    failing="""
        from ai_tariff_scenario as scenarios
        join ai_tariff_rate_by_partner as law
            on scenarios.definition_id = law.definition_id
            and scenarios.category = law.category
            and scenarios.partner_code = law.partner_code
            and scenarios.valid_from between law.valid_from and coalesce(law.valid_to, scenarios.valid_from)
        select scenarios.scenario_id, scenarios.definition_id, scenarios.category, scenarios.partner_code,
               scenarios.valid_from, scenarios.law_rate, law.total_rate
        where abs(scenarios.law_rate - law.total_rate) > 1e-9
        order by all
    """,
)

SUITE = Suite(
    "marts",
    (
        TOTALS_MATCH_LANDING,
        NO_ORPHAN_PARTNER,
        NO_ORPHAN_CODE,
        KINDS_NEVER_MIX,
        BALANCE_IDENTITY,
        BALANCE_SAYS_WHAT_IS_THERE,
        BALANCE_MATCHES_TRADE,
        HEADLINE_MATCHES_TRADE,
        HEADLINE_IS_COVERED,
        CLASSIFIED_MATCHES_GOODS,
        AI_TRADE_MATCHES_CLASSIFIED,
        MEASURES_MATCH_TRADE,
        FAMILIES_MOVE_NOTHING_AWAY,
        TOP_PRODUCTS_WITHIN_TOTAL,
        TARIFF_COUNTS_EACH_PARTNER_ONCE,
        COUNTERFACTUAL_IDENTITY,
        SHARES_WITHIN_ONE,
        COVERAGE_STATUSES,
        STATUTORY_RATES_ADD_UP,
        SCENARIOS_START_FROM_THE_LAW,
    ),
)

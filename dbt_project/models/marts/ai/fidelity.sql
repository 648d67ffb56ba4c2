{#- What can be compared with a published figure, in its unit: where it stands, and what it is of. -#}
{%- set measures = [
    {'measure': 'value', 'relation': 'growth', 'our_value': 'value_usd / 1e9',
     'product_group': 'product_group', 'category': 'category'},
    {'measure': 'value', 'relation': 'partner_tariffs', 'our_value': 'value_usd / 1e9', 'flow': "'import'",
     'product_group': 'product_group', 'category': 'category', 'partner_code': 'partner_code',
     'reason': no_text()},
    {'measure': 'share_ex_27_71_98_99', 'relation': 'headline', 'our_value': '100 * ai_import_share',
     'flow': "'import'", 'product_group': "'ai'", 'reason': 'imports_reason'},
    {'measure': 'share_all_goods', 'relation': 'headline', 'our_value': '100 * ai_import_share_all_goods',
     'flow': "'import'", 'product_group': "'ai'", 'reason': 'imports_all_goods_reason'},
    {'measure': 'index', 'relation': 'trade_index', 'our_value': 'index_value',
     'product_group': 'product_group', 'period_grain': "'month'", 'base_year': 'base_year'},
    {'measure': 'partner_share', 'relation': 'partner_ranks', 'our_value': '100 * partner_share',
     'product_group': "'ai'", 'category': 'category', 'partner_code': 'partner_code'},
    {'measure': 'tariff', 'relation': 'tariffs', 'our_value': '100 * effective_tariff_rate', 'flow': "'import'",
     'product_group': 'product_group', 'category': 'category', 'reason': 'effective_tariff_rate_reason'},
    {'measure': 'tariff', 'relation': 'partner_tariffs', 'our_value': '100 * effective_tariff_rate',
     'flow': "'import'", 'product_group': 'product_group', 'category': 'category',
     'partner_code': 'partner_code', 'reason': 'effective_tariff_rate_reason'},
    {'measure': 'excess_imports', 'relation': 'counterfactuals', 'our_value': 'excess_imports_usd / 1e9',
     'flow': "'import'", 'product_group': 'non_ai_basis', 'base_year': 'base_year', 'reason': 'imports_reason'},
    {'measure': 'excess_exports', 'relation': 'counterfactuals', 'our_value': 'excess_exports_usd / 1e9',
     'flow': "'export'", 'product_group': 'non_ai_basis', 'base_year': 'base_year', 'reason': 'exports_reason'},
    {'measure': 'excess_deficit', 'relation': 'counterfactuals', 'our_value': '-excess_balance_usd / 1e9',
     'flow': "'balance'", 'product_group': 'non_ai_basis', 'base_year': 'base_year', 'reason': 'balance_reason'},
    {'measure': 'goods_deficit', 'relation': 'counterfactuals', 'our_value': '-goods_balance_usd / 1e9',
     'flow': "'balance'", 'product_group': 'non_ai_basis', 'base_year': 'base_year', 'reason': 'balance_reason'},
    {'measure': 'counterfactual_goods_deficit', 'relation': 'counterfactuals',
     'our_value': '-counterfactual_goods_balance_usd / 1e9', 'flow': "'balance'",
     'product_group': 'non_ai_basis', 'base_year': 'base_year', 'reason': 'balance_reason'},
    {'measure': 'code_count', 'relation': 'code_counts', 'our_value': 'code_count',
     'product_group': 'product_group', 'category': 'category', 'period_grain': no_text(),
     'period_start': no_text(), 'reason': no_text()},
    {'measure': 'product_value', 'relation': 'goods_by_commodity', 'our_value': 'value_usd / 1e9',
     'definition_id': no_text(), 'category': no_text(), 'commodity_code': 'commodity_code'},
    {'measure': 'world_total', 'relation': 'world_totals', 'our_value': 'value_usd / 1e9',
     'definition_id': no_text(), 'category': no_text(), 'reason': no_text()},
    {'measure': 'statutory_rate', 'relation': 'statutory_rates', 'our_value': '100 * rate', 'flow': "'import'",
     'definition_id': no_text(), 'product_group': "'all_goods'", 'category': 'authority',
     'partner_code': 'partner_code', 'period_grain': "'day'", 'period_start': 'day', 'reason': no_text()},
    {'measure': 'exemption_share', 'relation': 'exemptions', 'our_value': '100 * ai_import_share',
     'flow': "'import'", 'product_group': 'list_id', 'category': 'category', 'period_grain': "'day'",
     'period_start': 'day', 'reason': no_text()},
] -%}

with published as (

    select * from {{ ref('published_figure') }}

),

periods as (

    select period_start from published
    union
    select base_period_start as period_start from published

),

definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

growth as (

    select * from {{ ref('ai_trade_growth') }}

),

headline as (

    select * from {{ ref('ai_trade_headline') }}

),

trade_index as (

    select * from {{ ref('ai_trade_index') }}

),

partner_ranks as (

    select * from {{ ref('ai_top_partners') }}

),

tariffs as (

    select * from {{ ref('ai_effective_tariff') }}

),

partner_tariffs as (

    select * from {{ ref('ai_effective_tariff_by_partner') }}
    where
        period_start in (select periods.period_start from periods)
        and partner_code in (select published.partner_code from published)

),

counterfactuals as (

    select
        *,
        nullif(concat_ws('; ', imports_reason, exports_reason), '') as balance_reason
    from {{ ref('ai_counterfactual_balance') }}

),

flow_periods as (

    select * from {{ ref('int_flow_periods') }}

),

goods_by_commodity as (

    select
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.commodity_code,
        case when flow_periods.is_covered then goods.value_usd end as value_usd,
        flow_periods.reason
    from {{ ref('int_goods_summed_by_commodity') }} as goods
    inner join flow_periods
        on
            goods.flow = flow_periods.flow
            and goods.period_grain = flow_periods.period_grain
            and goods.period_start = flow_periods.period_start
    where
        goods.commodity_code in (select published.commodity_code from published)
        and goods.period_start in (select periods.period_start from periods)

),

world_totals as (

    select * from {{ ref('goods_trade_total_aggregate') }}
    where partner_kind = 'world'

),

published_days as (

    select distinct period_start as day from published
    where period_grain = 'day'

),

-- Of partners, and of groups that are named in a published figure.
partner_rates as (

    select
        rates.day,
        rates.partner_code,
        rates.total_rate,
        rates.weight_usd * rates.coverage_share as covered_weight_usd
    from {{ ref('tariff_rate_daily_by_partner') }} as rates
    inner join published_days
        on rates.day = published_days.day

),

statutory_rates as (

    select
        rates.day,
        rates.authority,
        {{ no_text() }} as partner_code,
        rates.rate
    from {{ ref('tariff_rate_daily_by_authority') }} as rates
    inner join published_days
        on rates.day = published_days.day

    union all

    select
        rates.day,
        'total' as authority,
        {{ no_text() }} as partner_code,
        rates.total_rate as rate
    from {{ ref('tariff_rate_daily_overall') }} as rates
    inner join published_days
        on rates.day = published_days.day

    union all

    select
        rates.day,
        'additional' as authority,
        {{ no_text() }} as partner_code,
        rates.total_rate - rates.base_rate as rate
    from {{ ref('tariff_rate_daily_overall') }} as rates
    inner join published_days
        on rates.day = published_days.day

    union all

    select
        day,
        'total' as authority,
        partner_code,
        total_rate as rate
    from partner_rates

    union all

    select
        rates.day,
        'total' as authority,
        members.group_code as partner_code,
        {{ ratio('sum(rates.total_rate * rates.covered_weight_usd)', 'sum(rates.covered_weight_usd)') }}
            as rate
    from partner_rates as rates
    inner join {{ ref('dim_partner_group_member') }} as members
        on
            rates.partner_code = members.partner_code
            and {{ is_valid_on('rates.day', 'members') }}
    group by rates.day, members.group_code

),

exemptions as (

    select
        coverage.*,
        published_days.day
    from {{ ref('ai_exemption_coverage') }} as coverage
    inner join published_days
        on {{ is_valid_on('published_days.day', 'coverage') }}

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}

),

current_labels as (

    select
        definitions.definition_id,
        case labels.commodity_system when 'hts10' then 'import' else 'export' end as flow,
        case
            when concat(';', definitions.relevance_levels, ';') like concat('%;', labels.relevance, ';%')
                then 'ai'
            when labels.relevance = 'Low' then 'low_codes'
            else 'neither'
        end as product_group,
        labels.category
    from {{ ref('ai_classification') }} as labels
    inner join definitions
        on labels.classification_id = definitions.classification_id
    left join excluded_chapters
        on left(labels.commodity_code, 2) = excluded_chapters.hs2
    where
        labels.valid_to is null
        and excluded_chapters.hs2 is null

),

code_counts as (

    select
        definition_id,
        flow,
        product_group,
        category,
        count(*) as code_count
    from current_labels
    group by 1, 2, 3, 4

    union all

    select
        definition_id,
        flow,
        product_group,
        'all' as category,
        count(*) as code_count
    from current_labels
    group by 1, 2, 3

    union all

    select
        definition_id,
        flow,
        'all_goods' as product_group,
        'all' as category,
        count(*) as code_count
    from current_labels
    group by 1, 2

),

measured as (

    {% for measured in measures -%}
        select
            '{{ measured.measure }}' as measure,
            {{ measured.definition_id or 'definition_id' }} as definition_id,
            {{ measured.flow or 'flow' }} as flow,
            {{ measured.product_group or no_text() }} as product_group,
            {{ measured.category or "'all'" }} as category,
            {{ measured.partner_code or no_text() }} as partner_code,
            {{ measured.commodity_code or no_text() }} as commodity_code,
            {{ measured.period_grain or 'period_grain' }} as period_grain,
            {{ text_of(measured.period_start or 'period_start') }} as period_start,
            {{ text_of(measured.base_year or 'null') }} as base_year,
            {{ measured.our_value }} as our_value,
            {{ measured.reason or 'reason' }} as reason
        from {{ measured.relation }}
        {% if measured.period_start != no_text() -%}
            where {{ measured.period_start or 'period_start' }} in (select periods.period_start from periods)
        {% endif -%}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- All goods are the same under each definition.
keyed as (

    select distinct
        concat_ws(
            '|',
            measure,
            case when product_group = 'all_goods' then 'any' else coalesce(definition_id, 'any') end,
            flow,
            coalesce(product_group, '-'),
            coalesce(category, '-'),
            coalesce(partner_code, '-'),
            coalesce(commodity_code, '-'),
            coalesce(base_year, '-'),
            coalesce(period_grain, '-'),
            coalesce(period_start, '-')
        ) as figure_key,
        our_value,
        reason
    from measured

),

with_definition as (

    select
        published.*,
        coalesce(own.definition_id, stand_in.definition_id) as compared_definition_id
    from published
    left join definitions as own
        on published.definition_id = own.definition_id
    left join definitions as stand_in
        on published.stand_in_definition_id = stand_in.definition_id

),

-- Growth is computed from the two values that it compares.
with_keys as (

    select
        *,
        concat_ws(
            '|',
            case measure when 'value_growth' then 'value' else measure end,
            case when definition_id is null then 'any' else coalesce(compared_definition_id, 'none') end,
            flow,
            coalesce(product_group, '-'),
            coalesce(category, '-'),
            coalesce(partner_code, '-'),
            coalesce(commodity_code, '-'),
            case
                when measure = 'value_growth' or base_period_start is null then '-'
                else left({{ text_of('base_period_start') }}, 4)
            end,
            coalesce(period_grain, '-')
        ) as measure_key,
        left(
            {{ text_of('period_start') }}, case period_grain when 'day' then 10 when 'month' then 7 else 4 end
        ) as period
    from with_definition

),

compared as (

    select
        with_keys.*,
        case
            when with_keys.measure = 'value_growth'
                then 100 * ({{ ratio('ours.our_value', 'our_base.our_value') }} - 1)
            else ours.our_value
        end as our_value,
        case
            when with_keys.definition_id is not null and with_keys.compared_definition_id is null
                then concat('the definition ', with_keys.definition_id, ' is not loaded')
            when ours.reason is not null
                then ours.reason
            when with_keys.period_grain = 'day' and ours.our_value is null
                then 'no statutory rate is known of the day'
            when flow_periods.flow is null and with_keys.period is not null
                then concat(
                    case with_keys.flow
                        when 'balance' then 'imports and exports'
                        else concat(with_keys.flow, 's')
                    end,
                    ' of ', with_keys.period, ' are not loaded'
                )
            when with_keys.measure = 'value_growth' and our_base.our_value is null
                then coalesce(our_base.reason, 'the earlier year is not loaded')
            when ours.our_value is null
                then 'not in what is loaded'
        end as missing_because
    from with_keys
    left join keyed as ours
        on
            concat_ws('|', with_keys.measure_key, coalesce({{ text_of('with_keys.period_start') }}, '-'))
            = ours.figure_key
    left join keyed as our_base
        on
            case
                when with_keys.measure = 'value_growth'
                    then concat_ws('|', with_keys.measure_key, {{ text_of('with_keys.base_period_start') }})
            end = our_base.figure_key
    left join flow_periods
        on
            case with_keys.flow when 'balance' then 'import' else with_keys.flow end = flow_periods.flow
            and with_keys.period_grain = flow_periods.period_grain
            and with_keys.period_start = flow_periods.period_start

)

select
    figure_id,
    position,
    topic,
    title,
    publication,
    place,
    definition_id,
    compared_definition_id,
    measure,
    flow,
    product_group,
    category,
    partner_code,
    commodity_code,
    period_grain,
    period_start,
    base_period_start,
    unit,
    decimals,
    published_value,
    our_value,
    our_value - published_value as gap,
    {{ ratio('(our_value - published_value)', 'abs(published_value)') }} as relative_gap,
    abs(our_value - published_value) * power(10, decimals) <= 0.5 as is_equal,
    coalesce(
        case when our_value is null then missing_because end,
        nullif(concat_ws(
            '; ',
            case
                when compared_definition_id <> definition_id
                    then concat('our own labels, ', compared_definition_id)
            end,
            known_reason
        ), '')
    ) as reason,
    note
from compared
order by figure_id

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': [
            'int_product_group_trade',
            'int_goods_summed_by_product_set',
            'int_goods_summed_by_changing_commodity',
        ],
        'year_earlier': true,
        'context': ['int_product_groups', 'int_commodity_families'],
    }},
) }}

{%- set is_changed = is_to_load() %}
{%- set is_compared = is_to_load(year_earlier=true) %}

with group_trade as (

    select * from {{ ref('int_product_group_trade') }}
    where {{ is_changed }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where {{ is_compared }}

),

regrouped as (

    select * from {{ ref('int_goods_regrouped') }}
    where {{ is_changed }}

),

product_groups as (

    select * from {{ ref('int_product_groups') }}

),

flow_periods as (

    select * from {{ ref('int_flow_periods') }}
    where {{ is_compared }}

),

summed_by_set as (

    select
        flow,
        period_grain,
        period_start,
        product_set_id,
        sum(value_usd) as value_usd
    from goods
    group by 1, 2, 3, 4

),

-- Both sides of each comparison, under the labels of the later one.
sides as (

    select
        flow,
        period_grain,
        period_start,
        false as is_year_earlier,
        product_set_id,
        value_usd,
        0 as moved_value_usd
    from summed_by_set

    union all

    select
        flow,
        period_grain,
        {{ years_after('period_start', 1) }} as period_start,
        true as is_year_earlier,
        product_set_id,
        value_usd,
        0 as moved_value_usd
    from summed_by_set

    union all

    select
        flow,
        period_grain,
        period_start,
        is_year_earlier,
        product_set_id,
        0 as value_usd,
        moved_value_usd
    from regrouped

),

compared as (

    select
        product_groups.definition_id,
        sides.flow,
        sides.period_grain,
        sides.period_start,
        product_groups.product_group,
        product_groups.category,
        sum(case when not sides.is_year_earlier then sides.moved_value_usd else 0 end) as regrouped_value_usd,
        sum(case when sides.is_year_earlier then sides.moved_value_usd else 0 end)
            as regrouped_year_earlier_usd,
        sum(case when sides.is_year_earlier then sides.value_usd else 0 end) as year_earlier_usd
    from sides
    inner join product_groups
        on
            sides.product_set_id = product_groups.product_set_id
            and {{ is_valid_on('sides.period_start', 'product_groups') }}
    group by 1, 2, 3, 4, 5, 6

),

periods_a_year_later as (

    select
        flow,
        period_grain,
        {{ years_after('period_start', 1) }} as period_start,
        is_covered,
        reason
    from flow_periods

),

both_sides as (

    select
        group_trade.definition_id,
        group_trade.flow,
        group_trade.period_grain,
        group_trade.period_start,
        group_trade.product_group,
        group_trade.category,
        group_trade.value_usd,
        group_trade.reason,
        coalesce(compared.regrouped_value_usd, 0) as regrouped_value_usd,
        coalesce(compared.regrouped_year_earlier_usd, 0) as regrouped_year_earlier_usd,
        coalesce(compared.year_earlier_usd, 0) as year_earlier_usd,
        case
            when group_trade.value_usd is null then group_trade.reason
            when year_earlier.flow is null then concat(group_trade.flow, 's of a year earlier are not loaded')
            when not year_earlier.is_covered then concat('a year earlier, ', year_earlier.reason)
        end as missing_side
    from group_trade
    left join periods_a_year_later as year_earlier
        on
            group_trade.flow = year_earlier.flow
            and group_trade.period_grain = year_earlier.period_grain
            and group_trade.period_start = year_earlier.period_start
    left join compared
        on
            group_trade.definition_id = compared.definition_id
            and group_trade.flow = compared.flow
            and group_trade.period_grain = compared.period_grain
            and group_trade.period_start = compared.period_start
            and group_trade.product_group = compared.product_group
            and group_trade.category = compared.category

),

comparable as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        product_group,
        category,
        value_usd,
        case when missing_side is null then cast(regrouped_value_usd as bigint) end as regrouped_value_usd,
        case when missing_side is null then cast(value_usd + regrouped_value_usd as bigint) end
            as comparable_value_usd,
        case when missing_side is null then cast(regrouped_year_earlier_usd as bigint) end
            as regrouped_year_earlier_usd,
        case when missing_side is null then cast(year_earlier_usd + regrouped_year_earlier_usd as bigint) end
            as comparable_year_earlier_usd,
        reason,
        missing_side
    from both_sides

)

select
    definition_id,
    flow,
    period_grain,
    period_start,
    product_group,
    category,
    value_usd,
    regrouped_value_usd,
    comparable_value_usd,
    regrouped_year_earlier_usd,
    comparable_year_earlier_usd,
    {{ ratio('comparable_value_usd', 'comparable_year_earlier_usd') }} - 1 as value_growth,
    reason,
    coalesce(missing_side, case when comparable_year_earlier_usd = 0 then 'no trade a year earlier' end)
        as value_growth_reason
from comparable
order by definition_id, flow, period_grain, period_start, product_group, category

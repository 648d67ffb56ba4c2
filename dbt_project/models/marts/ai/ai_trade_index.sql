with group_trade as (

    select * from {{ ref('int_product_group_trade') }}
    where
        period_grain = 'month'
        and category = 'all'
        and product_group in ('ai', 'low_codes', 'all_other', 'all_goods')

),

base_years as (

    select * from {{ ref('base_year') }}

),

base_year_sums as (

    select
        base_years.base_year,
        group_trade.definition_id,
        group_trade.flow,
        group_trade.product_group,
        count(group_trade.value_usd) as month_count,
        cast(sum(group_trade.value_usd) as bigint) as value_usd
    from base_years
    inner join group_trade
        on base_years.base_year = extract(year from group_trade.period_start)
    group by 1, 2, 3, 4

),

with_base as (

    select
        group_trade.definition_id,
        base_years.base_year,
        group_trade.flow,
        group_trade.period_start,
        group_trade.product_group,
        group_trade.value_usd,
        group_trade.reason,
        coalesce(base_year_sums.month_count, 0) as month_count,
        case when base_year_sums.month_count = 12 then base_year_sums.value_usd end as base_year_value_usd
    from group_trade
    cross join base_years
    left join base_year_sums
        on
            base_years.base_year = base_year_sums.base_year
            and group_trade.definition_id = base_year_sums.definition_id
            and group_trade.flow = base_year_sums.flow
            and group_trade.product_group = base_year_sums.product_group

)

select
    definition_id,
    base_year,
    flow,
    period_start,
    product_group,
    value_usd,
    base_year_value_usd,
    100 * 12 * {{ ratio('value_usd', 'base_year_value_usd') }} as index_value,
    case
        when value_usd is null then reason
        when base_year_value_usd is null
            then concat(
                month_count, ' of 12 months of the base year ', base_year,
                ' are covered for all partners'
            )
        when base_year_value_usd = 0 then 'no trade in the base year'
    end as reason
from with_base
order by definition_id, base_year, flow, period_start, product_group

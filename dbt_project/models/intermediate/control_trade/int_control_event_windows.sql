{{ config(materialized='table') }}

-- Exports of a group to a partner in the months before and after a date; the month of the date is left out.
with dates as (

    select * from {{ ref('int_control_event_groups') }}
    where months_before + months_after = 2 * window_months

),

goods as (

    select
        codes.eccn_group,
        trade.period_start,
        trade.partner_code,
        trade.commodity_code,
        trade.value_usd,
        trade.foreign_value_usd,
        trade.quantity_1,
        trade.unit_1
    from {{ ref('int_controlled_goods') }} as trade
    inner join {{ ref('int_eccn_group_codes') }} as codes
        on
            trade.flow = codes.flow
            and trade.commodity_code = codes.commodity_code
    where
        trade.flow = 'export'
        and trade.period_grain = 'month'

),

months as (

    select distinct period_start
    from goods

),

-- Spread out, so that goods are joined by their month: a join by distance would try every pair of months.
date_months as (

    select
        dates.*,
        months.period_start
    from dates
    inner join months
        on
            dates.event_month <> months.period_start
            and abs(date_diff('month', dates.event_month, months.period_start)) <= dates.window_months

),

by_code as (

    select
        dates.event_id,
        dates.eccn_group,
        dates.is_event,
        goods.partner_code,
        goods.commodity_code,
        goods.unit_1,
        sum(case when goods.period_start < dates.event_month then goods.value_usd else 0 end) as before_usd,
        sum(case when goods.period_start > dates.event_month then goods.value_usd else 0 end) as after_usd,
        sum(goods.foreign_value_usd) filter (where goods.period_start < dates.event_month) as before_foreign,
        sum(goods.foreign_value_usd) filter (where goods.period_start > dates.event_month) as after_foreign,
        sum(case when goods.period_start < dates.event_month then goods.quantity_1 end) as before_quantity,
        sum(case when goods.period_start > dates.event_month then goods.quantity_1 end) as after_quantity
    from date_months as dates
    inner join goods
        on
            dates.eccn_group = goods.eccn_group
            and dates.period_start = goods.period_start
    group by 1, 2, 3, 4, 5, 6

),

-- Unit values are compared code by code, and only where both sides have a quantity in the same unit.
compared as (

    select
        *,
        before_usd > 0 and after_usd > 0 and before_quantity > 0 and after_quantity > 0 as has_unit_values
    from by_code

)

select
    event_id,
    eccn_group,
    is_event,
    partner_code,
    cast(sum(before_usd) as bigint) as before_usd,
    cast(sum(after_usd) as bigint) as after_usd,
    {{ ratio('sum(before_foreign)', 'sum(before_usd)') }} as before_foreign_share,
    {{ ratio('sum(after_foreign)', 'sum(after_usd)') }} as after_foreign_share,
    sum(
        case
            when has_unit_values
                then
                    (before_usd + after_usd)
                    * ln((after_usd / after_quantity) / (before_usd / before_quantity))
        end
    )
    / sum(case when has_unit_values then before_usd + after_usd end) as unit_value_log_change
from compared
group by 1, 2, 3, 4

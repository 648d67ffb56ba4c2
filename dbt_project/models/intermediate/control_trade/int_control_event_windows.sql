{{ config(materialized='table') }}

-- Exports of a group to a partner in the months before and after a date; the month of the date is left out.
with dates as (

    select * from {{ ref('int_control_event_groups') }}
    where months_before + months_after = 2 * window_months

),

goods as (

    select * from {{ ref('int_controlled_goods') }}
    where
        flow = 'export'
        and period_grain = 'month'

),

codes as (

    select * from {{ ref('int_eccn_group_codes') }}
    where flow = 'export'

),

sides as (

    select
        event_id,
        eccn_group,
        is_event,
        window_months,
        true as is_before,
        {{ months_after('event_month', '-window_months') }} as first_month
    from dates

    union all

    select
        event_id,
        eccn_group,
        is_event,
        window_months,
        false as is_before,
        {{ months_after('event_month', 1) }} as first_month
    from dates

),

-- What comes after one date comes before another: each stretch of months is added up once.
stretches as (

    select distinct
        first_month,
        window_months
    from sides

),

months as (

    select distinct period_start
    from goods

),

stretch_months as (

    select
        stretches.first_month,
        stretches.window_months,
        months.period_start
    from stretches
    inner join months
        on
            date_diff('month', stretches.first_month, months.period_start) >= 0
            and date_diff('month', stretches.first_month, months.period_start) < stretches.window_months

),

summed as (

    select
        stretches.first_month,
        stretches.window_months,
        goods.partner_code,
        goods.commodity_code,
        goods.unit_1,
        sum(goods.value_usd) as value_usd,
        sum(goods.foreign_value_usd) as foreign_value_usd,
        sum(goods.quantity_1) as quantity_1
    from stretch_months as stretches
    inner join goods
        on stretches.period_start = goods.period_start
    group by 1, 2, 3, 4, 5

),

by_code as (

    select
        sides.event_id,
        sides.eccn_group,
        sides.is_event,
        summed.partner_code,
        summed.commodity_code,
        summed.unit_1,
        sum(case when sides.is_before then summed.value_usd else 0 end) as before_usd,
        sum(case when sides.is_before then 0 else summed.value_usd end) as after_usd,
        sum(case when sides.is_before then summed.foreign_value_usd end) as before_foreign,
        sum(case when not sides.is_before then summed.foreign_value_usd end) as after_foreign,
        sum(case when sides.is_before then summed.quantity_1 end) as before_quantity,
        sum(case when not sides.is_before then summed.quantity_1 end) as after_quantity
    from sides
    inner join summed
        on
            sides.first_month = summed.first_month
            and sides.window_months = summed.window_months
    inner join codes
        on
            sides.eccn_group = codes.eccn_group
            and summed.commodity_code = codes.commodity_code
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
    -- Of decimals, whose sum does not depend on the order in which they are added.
    sum(
        case
            when has_unit_values
                then cast(
                    (before_usd + after_usd)
                    * ln((after_usd / after_quantity) / (before_usd / before_quantity)) as decimal(38, 6)
                )
        end
    )
    / sum(case when has_unit_values then before_usd + after_usd end) as unit_value_log_change
from compared
group by 1, 2, 3, 4

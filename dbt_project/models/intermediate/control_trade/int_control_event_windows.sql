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

-- Events and quiet dates of a month have the same windows.
windows as (

    select distinct
        event_month,
        window_months,
        {{ months_after('event_month', '-window_months') }} as first_month_before,
        {{ months_after('event_month', 1) }} as first_month_after
    from dates

),

-- What comes after one date comes before another: each stretch of months is added up once.
stretches as (

    select
        first_month_before as first_month,
        window_months
    from windows
    union
    select
        first_month_after as first_month,
        window_months
    from windows

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

before_dates as (

    select
        windows.event_month,
        windows.window_months,
        summed.partner_code,
        summed.commodity_code,
        summed.unit_1,
        summed.value_usd,
        summed.foreign_value_usd,
        summed.quantity_1
    from windows
    inner join summed
        on
            windows.first_month_before = summed.first_month
            and windows.window_months = summed.window_months

),

after_dates as (

    select
        windows.event_month,
        windows.window_months,
        summed.partner_code,
        summed.commodity_code,
        summed.unit_1,
        summed.value_usd,
        summed.foreign_value_usd,
        summed.quantity_1
    from windows
    inner join summed
        on
            windows.first_month_after = summed.first_month
            and windows.window_months = summed.window_months

),

both_sides as (

    select
        coalesce(before_dates.event_month, after_dates.event_month) as event_month,
        coalesce(before_dates.window_months, after_dates.window_months) as window_months,
        coalesce(before_dates.partner_code, after_dates.partner_code) as partner_code,
        coalesce(before_dates.commodity_code, after_dates.commodity_code) as commodity_code,
        coalesce(before_dates.value_usd, 0) as before_usd,
        coalesce(after_dates.value_usd, 0) as after_usd,
        before_dates.foreign_value_usd as before_foreign,
        after_dates.foreign_value_usd as after_foreign,
        before_dates.quantity_1 as before_quantity,
        after_dates.quantity_1 as after_quantity
    from before_dates
    full outer join after_dates
        on
            before_dates.event_month = after_dates.event_month
            and before_dates.window_months = after_dates.window_months
            and before_dates.partner_code = after_dates.partner_code
            and before_dates.commodity_code = after_dates.commodity_code
            and before_dates.unit_1 is not distinct from after_dates.unit_1

),

by_code as (

    select
        dates.event_id,
        dates.eccn_group,
        dates.is_event,
        both_sides.*
    from dates
    inner join both_sides
        on
            dates.event_month = both_sides.event_month
            and dates.window_months = both_sides.window_months
    inner join codes
        on
            dates.eccn_group = codes.eccn_group
            and both_sides.commodity_code = codes.commodity_code

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

{{ config(materialized='table') }}

-- Monthly exports by what partners are to an event, with a zero where nothing was exported: of all months
-- that are covered, to see what is usual without an event.
with dates as (

    select * from {{ ref('int_control_event_groups') }}
    where
        is_event
        and months_before + months_after = 2 * window_months

),

partner_roles as (

    select * from {{ ref('int_control_event_partners') }}
    where partner_role <> 'embargoed'

),

event_roles as (

    select distinct
        event_id,
        partner_role
    from partner_roles

),

goods as (

    select
        codes.eccn_group,
        trade.period_start,
        trade.partner_code,
        sum(trade.value_usd) as value_usd
    from {{ ref('int_controlled_goods') }} as trade
    inner join {{ ref('int_eccn_group_codes') }} as codes
        on
            trade.flow = codes.flow
            and trade.commodity_code = codes.commodity_code
    where
        trade.flow = 'export'
        and trade.period_grain = 'month'
    group by 1, 2, 3

),

grid as (

    select
        dates.event_id,
        dates.eccn_group,
        dates.event_month,
        dates.window_months,
        months.period_start,
        event_roles.partner_role
    from dates
    inner join {{ ref('int_flow_periods') }} as months
        on
            months.flow = 'export'
            and months.period_grain = 'month'
            and months.is_covered
    inner join event_roles
        on dates.event_id = event_roles.event_id

),

summed as (

    select
        dates.event_id,
        dates.eccn_group,
        goods.period_start,
        partner_roles.partner_role,
        sum(goods.value_usd) as value_usd
    from dates
    inner join partner_roles
        on dates.event_id = partner_roles.event_id
    inner join goods
        on
            dates.eccn_group = goods.eccn_group
            and partner_roles.partner_code = goods.partner_code
    group by 1, 2, 3, 4

)

select
    grid.event_id,
    grid.eccn_group,
    grid.period_start,
    grid.partner_role,
    grid.period_start > grid.event_month as is_after,
    grid.period_start <> grid.event_month
    and abs(date_diff('month', grid.event_month, grid.period_start)) <= grid.window_months as is_in_window,
    date_diff('month', grid.event_month, grid.period_start) as month_number,
    cast(coalesce(summed.value_usd, 0) as bigint) as value_usd
from grid
left join summed
    on
        grid.event_id = summed.event_id
        and grid.eccn_group = summed.eccn_group
        and grid.period_start = summed.period_start
        and grid.partner_role = summed.partner_role

{{ config(materialized='table') }}

-- The groups of products of an event, by the numbers that it names, and dates without an event beside them:
-- all months whose windows touch no tightening event of the group, or about everything.
with events as (

    select
        *,
        cast(date_trunc('month', effective_on) as date) as event_month
    from {{ ref('export_control_event') }}

),

mapped as (

    select distinct
        eccn,
        eccn_group
    from {{ ref('eccn_product_map') }}
    where
        hs_prefix is not null
        and eccn_group <> 'anti_terrorism_only'

),

numbers as (

    select
        event_id,
        {{ each_part_of("eccns", " ") }} as eccn
    from events
    where eccns is not null

),

named as (

    select
        numbers.event_id,
        mapped.eccn_group
    from numbers
    inner join mapped
        on numbers.eccn = mapped.eccn

    union

    -- A paragraph without a row of its own is in its entry.
    select
        numbers.event_id,
        mapped.eccn_group
    from numbers
    inner join mapped
        on left(numbers.eccn, 5) = mapped.eccn
    where numbers.eccn not in (select known.eccn from mapped as known)

),

affected as (

    select
        events.event_id,
        coalesce(named.eccn_group, 'any') as eccn_group,
        events.event_month,
        events.direction
    from events
    left join named
        on events.event_id = named.event_id

),

event_window as (

    select cast(value as bigint) as months
    from {{ ref('export_control_parameter') }}
    where parameter_id = 'event_window_months'

),

months as (

    select
        period_start,
        is_covered
    from {{ ref('int_flow_periods') }}
    where
        flow = 'export'
        and period_grain = 'month'

),

quiet as (

    select distinct
        affected.eccn_group,
        months.period_start as event_month
    from affected
    cross join months
    cross join event_window
    where not exists (
        select 1
        from affected as neighbouring
        where
            neighbouring.direction = 'tightening'
            and (
                neighbouring.eccn_group = affected.eccn_group
                or 'any' in (neighbouring.eccn_group, affected.eccn_group)
            )
            and abs(date_diff('month', neighbouring.event_month, months.period_start)) <= event_window.months
    )

),

dates as (

    select
        event_id,
        eccn_group,
        event_month,
        true as is_event
    from affected

    union all

    select
        concat('quiet ', {{ text_of('event_month') }}) as event_id,
        eccn_group,
        event_month,
        false as is_event
    from quiet

)

select
    dates.event_id,
    dates.eccn_group,
    dates.event_month,
    dates.is_event,
    event_window.months as window_months,
    count(*) filter (where months.is_covered and months.period_start < dates.event_month) as months_before,
    count(*) filter (where months.is_covered and months.period_start > dates.event_month) as months_after
from dates
cross join event_window
left join months
    on
        dates.event_month <> months.period_start
        and abs(date_diff('month', dates.event_month, months.period_start)) <= event_window.months
group by 1, 2, 3, 4, 5
having dates.is_event or months_before + months_after = 2 * event_window.months

{{ config(materialized='table') }}

-- The days on which a list or a part of the regulations was seen, and what is known of the time in between.
with in_order as (

    select
        dataset,
        snapshot_date,
        row_number() over (partition by dataset order by snapshot_date) as day_number,
        lag(snapshot_date) over (partition by dataset order by snapshot_date) as previous_on
    from {{ ref('stg_landing__list_days') }}

),

amendments as (

    select distinct
        case part
            when '774' then 'control_list'
            when '738' then 'country_chart'
            when '740' then 'country_groups'
            when '744' then 'entity_list'
        end as dataset,
        amendment_date
    from {{ ref('stg_ecfr__amendments') }}

),

between_days as (

    select
        in_order.dataset,
        in_order.snapshot_date,
        count(amendments.amendment_date) as amendment_count,
        max(amendments.amendment_date) as amended_on
    from in_order
    inner join amendments
        on
            in_order.dataset = amendments.dataset
            and in_order.previous_on < amendments.amendment_date
            and in_order.snapshot_date >= amendments.amendment_date
    group by in_order.dataset, in_order.snapshot_date

),

judged as (

    select
        in_order.dataset,
        in_order.snapshot_date,
        in_order.day_number,
        in_order.previous_on,
        in_order.previous_on is not null
        and (
            coalesce(between_days.amendment_count = 1, false)
            or in_order.snapshot_date = {{ days_after('in_order.previous_on', 1) }}
        ) as change_day_known,
        case
            when
                in_order.previous_on is not null and between_days.amendment_count = 1
                then between_days.amended_on
            else in_order.snapshot_date
        end as changed_on
    from in_order
    left join between_days
        on
            in_order.dataset = between_days.dataset
            and in_order.snapshot_date = between_days.snapshot_date

)

select
    dataset,
    snapshot_date,
    day_number,
    previous_on,
    change_day_known,
    changed_on,
    lead(snapshot_date) over (partition by dataset order by snapshot_date) as next_on,
    lead(changed_on) over (partition by dataset order by snapshot_date) as next_changed_on
from judged

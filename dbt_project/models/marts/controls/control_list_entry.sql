{{ config(materialized='table') }}

with eccns as (

    select * from {{ ref('stg_ecfr__eccns') }}

),

controls as (

    select
        snapshot_date,
        eccn,
        {{ digest_of_texts('line_text') }} as digest
    from (
        select
            snapshot_date,
            eccn,
            concat_ws('|', {{ text_of('control_number') }}, control_text, requirement_text) as line_text
        from {{ ref('stg_ecfr__eccn_controls') }}
    ) as control_lines
    group by snapshot_date, eccn

),

observed as (

    select
        eccns.snapshot_date,
        eccns.eccn,
        cast(null as date) as stated_on,
        md5(concat_ws(
            '|',
            coalesce(eccns.heading, '-'),
            coalesce(eccns.reason_for_control, '-'),
            coalesce(eccns.license_exceptions, '-'),
            coalesce(eccns.item_text, '-'),
            coalesce(controls.digest, '-')
        )) as digest
    from eccns
    left join controls
        on
            eccns.snapshot_date = controls.snapshot_date
            and eccns.eccn = controls.eccn

),

days as (

    select * from {{ ref('int_control_days') }}
    where dataset = 'control_list'

),

intervals as (

    {{ observed_intervals('observed', 'days', ['eccn']) }}

)

select
    intervals.eccn,
    intervals.valid_from,
    intervals.valid_to,
    intervals.valid_from_known,
    intervals.first_seen_on,
    intervals.last_seen_on,
    eccns.category,
    eccns.product_group,
    eccns.heading,
    eccns.reason_for_control,
    eccns.license_exceptions,
    eccns.item_text
from intervals
inner join eccns
    on
        intervals.first_seen_on = eccns.snapshot_date
        and intervals.eccn = eccns.eccn
order by intervals.eccn, intervals.valid_from

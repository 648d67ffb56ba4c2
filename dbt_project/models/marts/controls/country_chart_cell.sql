{{ config(materialized='table') }}

with aliases as (

    select
        alias,
        partner_code
    from {{ ref('partner_alias') }}

),

cells as (

    select
        chart.snapshot_date,
        chart.country_name,
        aliases.partner_code,
        chart.chart_column,
        chart.is_controlled,
        chart.rule_text
    from {{ ref('stg_ecfr__country_chart') }} as chart
    left join aliases
        on upper(trim(chart.country_name)) = aliases.alias

),

observed as (

    select
        snapshot_date,
        coalesce(partner_code, country_name) as country_key,
        chart_column,
        cast(null as date) as stated_on,
        coalesce(rule_text, {{ text_of('is_controlled') }}) as digest
    from cells

),

days as (

    select * from {{ ref('int_control_days') }}
    where dataset = 'country_chart'

),

intervals as (

    {{ observed_intervals('observed', 'days', ['country_key', 'chart_column']) }}

)

select
    intervals.country_key,
    cells.partner_code,
    cells.country_name,
    intervals.chart_column,
    intervals.valid_from,
    intervals.valid_to,
    intervals.valid_from_known,
    intervals.first_seen_on,
    intervals.last_seen_on,
    cells.is_controlled,
    cells.rule_text
from intervals
inner join cells
    on
        intervals.first_seen_on = cells.snapshot_date
        and intervals.country_key = coalesce(cells.partner_code, cells.country_name)
        and intervals.chart_column = cells.chart_column
order by intervals.country_key, intervals.chart_column, intervals.valid_from

{{ config(materialized='incremental', meta={'by_content': {'landing': 'totals_aggregate'}}) }}

with totals_aggregate as (

    select * from {{ ref('stg_census__totals_aggregate') }}
    where {{ is_to_load() }}

),

final as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        partner_kind,
        value_usd,
        duty_usd,
        general_value_usd,
        dutiable_value_usd,
        charges_usd,
        domestic_value_usd,
        foreign_value_usd,
        vintage_at
    from totals_aggregate

)

select * from final

{{ config(materialized='incremental', meta={'by_content': {'landing': 'totals'}}) }}

with totals as (

    select * from {{ ref('stg_census__totals') }}
    where {{ is_to_load() }}

),

final as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        value_usd,
        duty_usd,
        general_value_usd,
        dutiable_value_usd,
        charges_usd,
        domestic_value_usd,
        foreign_value_usd,
        vintage_at
    from totals

)

select * from final

{{ config(materialized='incremental', meta={'by_content': {'landing': 'programmes'}}) }}

with programmes as (

    select * from {{ ref('stg_census__programmes') }}
    where {{ is_to_load() }}

),

final as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        commodity_system,
        commodity_code,
        rate_provision_code,
        value_usd,
        duty_usd,
        vintage_at
    from programmes

)

select * from final

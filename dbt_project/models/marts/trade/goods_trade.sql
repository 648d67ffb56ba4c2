{{ config(materialized='incremental', meta={'by_content': {'landing': 'goods', 'period_grain': 'month'}}) }}

with goods as (

    select * from {{ ref('stg_census__goods_monthly') }}
    where {{ is_to_load() }}

),

final as (

    select
        flow,
        period_start,
        partner_code,
        commodity_system,
        commodity_code,
        value_usd,
        duty_usd,
        general_value_usd,
        dutiable_value_usd,
        charges_usd,
        quantity_1,
        unit_1,
        quantity_2,
        unit_2,
        domestic_value_usd,
        foreign_value_usd,
        vintage_at
    from goods

)

select * from final

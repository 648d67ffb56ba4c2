with months_and_years as (

    select * from {{ ref('stg_census__goods_monthly') }}

    union all

    select * from {{ ref('stg_census__goods_annual') }}

)

select
    flow,
    period_grain,
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
    vintage_at,
    landing_path
from months_and_years

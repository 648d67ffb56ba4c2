{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['goods_trade', 'goods_trade_annual'],
        'context': ['int_eccn_group_codes'],
    }},
) }}

with months_and_years as (

    select
        flow,
        'month' as period_grain,
        period_start,
        partner_code,
        commodity_code,
        value_usd,
        quantity_1,
        unit_1,
        foreign_value_usd
    from {{ ref('goods_trade') }}

    union all

    select
        flow,
        'year' as period_grain,
        period_start,
        partner_code,
        commodity_code,
        value_usd,
        quantity_1,
        unit_1,
        foreign_value_usd
    from {{ ref('goods_trade_annual') }}

),

goods as (

    select * from months_and_years
    where {{ is_to_load() }}

),

codes as (

    select distinct
        flow,
        commodity_code
    from {{ ref('int_eccn_group_codes') }}

)

select goods.*
from goods
inner join codes
    on
        goods.flow = codes.flow
        and goods.commodity_code = codes.commodity_code
order by goods.flow, goods.period_grain, goods.period_start, goods.partner_code, goods.commodity_code

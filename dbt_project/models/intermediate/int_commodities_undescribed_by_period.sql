{{ config(
    materialized='incremental',
    meta={'by_content': {'upstream': 'int_goods_summed_by_commodity', 'context': ['int_commodities_described']}},
) }}

with goods as (

    select * from {{ ref('int_goods_summed_by_commodity') }}
    where {{ is_to_load() }}

),

described as (

    select * from {{ ref('int_commodities_described') }}

)

select
    goods.flow,
    goods.period_grain,
    goods.period_start,
    goods.commodity_system,
    goods.commodity_code
from goods
left join described
    on
        goods.commodity_system = described.commodity_system
        and goods.commodity_code = described.commodity_code
where described.commodity_code is null
order by goods.flow, goods.period_grain, goods.period_start, goods.commodity_code

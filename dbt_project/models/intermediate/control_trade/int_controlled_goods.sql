{{ config(
    materialized='incremental',
    meta={'by_content': {'landing': 'goods', 'context': ['eccn_product_map']}},
) }}

with goods as (

    select * from {{ ref('stg_census__goods') }}
    where {{ is_to_load() }}

),

prefixes as (

    select distinct
        hs_prefix,
        flow
    from {{ ref('eccn_product_map') }}
    where hs_prefix is not null

)

select
    flow,
    period_grain,
    period_start,
    partner_code,
    commodity_code,
    value_usd,
    quantity_1,
    unit_1,
    foreign_value_usd
from goods
where
    exists (
        select 1
        from prefixes
        where
            goods.commodity_code like concat(prefixes.hs_prefix, '%')
            and prefixes.flow in ('both', goods.flow)
    )
order by flow, period_grain, period_start, partner_code, commodity_code

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['int_goods_summed_by_commodity', 'source_coverage'],
        'context': ['ai_category', 'ai_product', 'dim_commodity'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with products as (

    select * from {{ ref('ai_product') }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_commodity') }}
    where {{ is_changed }}

),

covered_periods as (

    select * from {{ ref('int_flow_periods') }}
    where
        is_covered
        and {{ is_changed }}

),

commodities as (

    select * from {{ ref('dim_commodity') }}

),

categories as (

    select * from {{ ref('ai_category') }}

),

ranked as (

    select
        products.definition_id,
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.commodity_system,
        goods.commodity_code,
        products.category,
        products.relevance,
        goods.value_usd,
        sum(goods.value_usd) over (
            partition by products.definition_id, goods.flow, goods.period_grain, goods.period_start
        ) as ai_value_usd,
        row_number() over (
            partition by products.definition_id, goods.flow, goods.period_grain, goods.period_start
            order by goods.value_usd desc, goods.commodity_code asc
        ) as product_rank
    from goods
    inner join covered_periods
        on
            goods.flow = covered_periods.flow
            and goods.period_grain = covered_periods.period_grain
            and goods.period_start = covered_periods.period_start
    inner join products
        on
            goods.commodity_system = products.commodity_system
            and goods.commodity_code = products.commodity_code
            and {{ is_valid_on('goods.period_start', 'products') }}

)

select
    ranked.definition_id,
    ranked.flow,
    ranked.period_grain,
    ranked.period_start,
    cast(ranked.product_rank as integer) as product_rank,
    ranked.commodity_system,
    ranked.commodity_code,
    commodities.description,
    ranked.relevance,
    ranked.category,
    categories.title as category_title,
    ranked.value_usd,
    {{ ratio('ranked.value_usd', 'ranked.ai_value_usd') }} as ai_share
from ranked
inner join commodities
    on
        ranked.commodity_system = commodities.commodity_system
        and ranked.commodity_code = commodities.commodity_code
inner join categories
    on ranked.category = categories.category
where ranked.product_rank <= {{ var('top_products') }}
order by ranked.definition_id, ranked.flow, ranked.period_grain, ranked.period_start, ranked.product_rank

{{ config(
    materialized='incremental',
    meta={'by_content': {'landing': 'goods', 'context': ['ai_definition', 'ai_definition_prefix']}},
) }}

-- The context is the definitions and not ai_product: a code that is traded for the first time makes
-- ai_product longer and changes nothing in the periods before it.
with goods as (

    select * from {{ ref('stg_census__goods') }}
    where {{ is_to_load() }}

),

products as (

    select * from {{ ref('ai_product') }}

),

summed as (

    select
        products.definition_id,
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.partner_code,
        products.category,
        cast(sum(goods.value_usd) as bigint) as value_usd,
        {{ sum_if_served('goods.general_value_usd') }} as general_value_usd,
        {{ sum_if_served('goods.dutiable_value_usd') }} as dutiable_value_usd,
        {{ sum_if_served('goods.domestic_value_usd') }} as domestic_value_usd,
        {{ sum_if_served('goods.foreign_value_usd') }} as foreign_value_usd,
        cast(sum(goods.duty_usd) as bigint) as duty_usd,
        cast(sum(case when goods.duty_usd is not null then goods.value_usd else 0 end) as bigint)
            as duty_covered_value_usd,
        max(goods.vintage_at) as vintage_at
    from goods
    inner join products
        on
            goods.commodity_system = products.commodity_system
            and goods.commodity_code = products.commodity_code
            and {{ is_valid_on('goods.period_start', 'products') }}
    group by 1, 2, 3, 4, 5, 6

),

rated as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        partner_code,
        category,
        value_usd,
        general_value_usd,
        dutiable_value_usd,
        domestic_value_usd,
        foreign_value_usd,
        duty_usd,
        case when flow = 'import' then duty_covered_value_usd end as duty_covered_value_usd,
        {{ ratio('duty_usd', 'duty_covered_value_usd') }} as effective_tariff_rate,
        case
            when flow = 'export' then 'exports bear no duty'
            when duty_usd is null then 'duty is not served for this partner'
            when duty_covered_value_usd = 0 then 'no value'
        end as effective_tariff_rate_reason,
        vintage_at
    from summed

)

select * from rated
order by definition_id, flow, period_grain, period_start, partner_code, category

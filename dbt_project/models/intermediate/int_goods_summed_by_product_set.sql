{{ config(
    materialized='incremental',
    meta={'by_content': {
        'landing': 'goods',
        'context': [
            'int_product_sets_described',
            'classification_rule',
            'classification_override',
            'classification_prefix',
            'excluded_chapter',
            'stg_labels__labels',
            'commodity_succession',
            'hs_edition_change',
        ],
    }},
) }}

-- depends_on: {{ ref('int_product_sets_described') }}
with goods as (

    select * from {{ ref('stg_census__goods') }}
    where {{ is_to_load() }}

),

product_sets as (

    select * from {{ ref('int_product_sets') }}

)

select
    goods.flow,
    goods.period_grain,
    goods.period_start,
    goods.partner_code,
    product_sets.product_set_id,
    count(*) as row_count,
    cast(sum(goods.value_usd) as bigint) as value_usd,
    {{ sum_if_served('goods.general_value_usd') }} as general_value_usd,
    {{ sum_if_served('goods.dutiable_value_usd') }} as dutiable_value_usd,
    {{ sum_if_served('goods.domestic_value_usd') }} as domestic_value_usd,
    {{ sum_if_served('goods.foreign_value_usd') }} as foreign_value_usd,
    cast(sum(goods.duty_usd) as bigint) as duty_usd,
    case
        when
            goods.flow = 'import'
            then cast(sum(case when goods.duty_usd is not null then goods.value_usd else 0 end) as bigint)
    end
        as duty_covered_value_usd,
    max(goods.vintage_at) as vintage_at
from goods
inner join product_sets
    on
        goods.commodity_system = product_sets.commodity_system
        and goods.commodity_code = product_sets.commodity_code
        and {{ is_valid_on('goods.period_start', 'product_sets') }}
group by 1, 2, 3, 4, 5
order by goods.flow, goods.period_grain, goods.period_start, goods.partner_code, product_sets.product_set_id

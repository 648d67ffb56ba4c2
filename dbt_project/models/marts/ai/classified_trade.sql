{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'int_goods_summed_by_product_set',
        'context': ['int_product_set_labels'],
    }},
) }}

with goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where {{ is_to_load() }}

),

labels as (

    select * from {{ ref('int_product_set_labels') }}

),

summed as (

    select
        labels.classification_id,
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.partner_code,
        labels.is_excluded_chapter,
        labels.relevance,
        labels.category,
        {{ summed_measures('goods') }}
    from goods
    inner join labels
        on goods.product_set_id = labels.product_set_id
    group by 1, 2, 3, 4, 5, 6, 7, 8

)

select * from summed
order by
    classification_id,
    flow,
    period_grain,
    period_start,
    partner_code,
    is_excluded_chapter,
    relevance,
    category

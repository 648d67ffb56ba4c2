with goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}

),

product_sets as (

    select distinct
        product_set_id,
        is_excluded_chapter
    from {{ ref('int_product_set_labels') }}

)

select
    goods.flow,
    goods.period_grain,
    goods.period_start,
    goods.partner_code,
    product_sets.is_excluded_chapter,
    {{ summed_measures('goods') }}
from goods
inner join product_sets
    on goods.product_set_id = product_sets.product_set_id
group by 1, 2, 3, 4, 5

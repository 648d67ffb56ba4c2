{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'int_goods_summed_by_commodity',
        'context': ['int_product_sets', 'commodity_succession'],
    }},
) }}

-- Of the codes that do not stay what they are: that succeed others or are succeeded, or whose labels change.
-- They are few, and what compares periods looks through the whole history for them.
with goods as (

    select * from {{ ref('int_goods_summed_by_commodity') }}
    where {{ is_to_load() }}

),

relabelled as (

    select
        commodity_system,
        commodity_code
    from {{ ref('int_product_sets') }}
    group by 1, 2
    having count(distinct product_set_id) > 1

),

successions as (

    select * from {{ ref('commodity_succession') }}

),

changing as (

    select
        commodity_system,
        commodity_code
    from relabelled
    union
    select
        commodity_system,
        old_code as commodity_code
    from successions
    union
    select
        commodity_system,
        new_code as commodity_code
    from successions

)

select
    goods.flow,
    goods.period_grain,
    goods.period_start,
    goods.commodity_system,
    goods.commodity_code,
    goods.value_usd
from goods
inner join changing
    on
        goods.commodity_system = changing.commodity_system
        and goods.commodity_code = changing.commodity_code
order by goods.flow, goods.period_grain, goods.period_start, goods.commodity_system, goods.commodity_code

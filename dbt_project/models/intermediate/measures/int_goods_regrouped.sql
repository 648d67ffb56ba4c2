-- What has to change its product set before a period and the one a year earlier compare: each code takes the
-- set that its family has in the later period. A code that is alone is a family of its own, so that a label
-- which changed in between makes no growth either.
with goods as (

    select * from {{ ref('int_goods_summed_by_changing_commodity') }}

),

product_sets as (

    select * from {{ ref('int_product_sets') }}

),

families as (

    select * from {{ ref('int_commodity_families') }}

),

-- Each row is the later side of one comparison and the earlier side of another one.
sides as (

    select
        goods.*,
        false as is_year_earlier,
        goods.period_start as compared_period_start
    from goods

    union all

    select
        goods.*,
        true as is_year_earlier,
        {{ years_after('goods.period_start', 1) }} as compared_period_start
    from goods

),

moved as (

    select
        sides.flow,
        sides.period_grain,
        sides.compared_period_start,
        sides.is_year_earlier,
        sides.value_usd,
        own_sets.product_set_id as own_set_id,
        family_sets.product_set_id as family_set_id
    from sides
    left join families
        on
            extract(year from sides.compared_period_start) = families.comparison_year
            and sides.commodity_system = families.commodity_system
            and sides.commodity_code = families.commodity_code
    inner join product_sets as own_sets
        on
            sides.commodity_system = own_sets.commodity_system
            and sides.commodity_code = own_sets.commodity_code
            and {{ is_valid_on('sides.period_start', 'own_sets') }}
    inner join product_sets as family_sets
        on
            sides.commodity_system = family_sets.commodity_system
            and coalesce(families.family_code, sides.commodity_code) = family_sets.commodity_code
            and {{ is_valid_on('sides.compared_period_start', 'family_sets') }}
    where own_sets.product_set_id <> family_sets.product_set_id

)

select
    flow,
    period_grain,
    compared_period_start as period_start,
    is_year_earlier,
    own_set_id as product_set_id,
    -value_usd as moved_value_usd
from moved

union all

select
    flow,
    period_grain,
    compared_period_start as period_start,
    is_year_earlier,
    family_set_id as product_set_id,
    value_usd as moved_value_usd
from moved

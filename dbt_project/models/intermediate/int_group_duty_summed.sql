{{ config(
    materialized='incremental',
    meta={'by_content': {
        'landing': 'goods_aggregate',
        'context': [
            'partner_group',
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
with substitutes as (

    select group_code
    from {{ ref('partner_group') }}
    where substitutes_duty

),

product_sets as (

    select * from {{ ref('int_product_sets') }}

),

group_imports as (

    select goods.*
    from {{ ref('stg_census__goods_aggregate') }} as goods
    inner join substitutes
        on goods.partner_code = substitutes.group_code
    where
        goods.flow = 'import'
        and {{ is_to_load() }}

),

summed as (

    select
        product_sets.product_set_id,
        group_imports.flow,
        group_imports.period_grain,
        group_imports.period_start,
        group_imports.partner_code as group_code,
        cast(sum(group_imports.value_usd) as bigint) as value_usd,
        cast(sum(group_imports.duty_usd) as bigint) as duty_usd,
        cast(
            sum(
                case when group_imports.duty_usd is not null then group_imports.value_usd else 0 end
            ) as bigint
        )
            as duty_covered_value_usd
    from group_imports
    inner join product_sets
        on
            group_imports.commodity_system = product_sets.commodity_system
            and group_imports.commodity_code = product_sets.commodity_code
            and {{ is_valid_on('group_imports.period_start', 'product_sets') }}
    group by 1, 2, 3, 4, 5

)

select * from summed
order by product_set_id, period_grain, period_start, group_code

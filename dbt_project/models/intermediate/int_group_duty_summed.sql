{{ config(
    materialized='incremental',
    meta={'by_content': {
        'landing': 'goods_aggregate',
        'context': ['partner_group', 'excluded_chapter', 'ai_definition', 'ai_definition_prefix'],
    }},
) }}

with substitutes as (

    select group_code
    from {{ ref('partner_group') }}
    where substitutes_duty

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}
    where exclusion_id = 'ex_27_71_98_99'

),

products as (

    select * from {{ ref('ai_product') }}

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

scoped as (

    select
        products.definition_id as product_scope,
        group_imports.*
    from group_imports
    inner join products
        on
            group_imports.commodity_system = products.commodity_system
            and group_imports.commodity_code = products.commodity_code
            and {{ is_valid_on('group_imports.period_start', 'products') }}

    union all

    select
        'ex_27_71_98_99' as product_scope,
        group_imports.*
    from group_imports
    left join excluded_chapters
        on
            left(group_imports.commodity_code, 2) = excluded_chapters.hs2
            and {{ is_valid_on('group_imports.period_start', 'excluded_chapters') }}
    where excluded_chapters.hs2 is null

),

summed as (

    select
        product_scope,
        flow,
        period_grain,
        period_start,
        partner_code as group_code,
        cast(sum(value_usd) as bigint) as value_usd,
        cast(sum(duty_usd) as bigint) as duty_usd,
        cast(sum(case when duty_usd is not null then value_usd else 0 end) as bigint)
            as duty_covered_value_usd
    from scoped
    group by 1, 2, 3, 4, 5

)

select * from summed
order by product_scope, period_grain, period_start, group_code

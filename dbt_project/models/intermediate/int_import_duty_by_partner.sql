with ai_trade as (

    select * from {{ ref('ai_trade') }}
    where flow = 'import'

),

goods as (

    select * from {{ ref('int_goods_summed_by_partner') }}
    where
        flow = 'import'
        and not is_excluded_chapter

),

ai_imports as (

    select
        definition_id as product_scope,
        period_grain,
        period_start,
        partner_code,
        cast(sum(value_usd) as bigint) as value_usd,
        cast(sum(duty_usd) as bigint) as duty_usd,
        cast(sum(duty_covered_value_usd) as bigint) as duty_covered_value_usd
    from ai_trade
    group by 1, 2, 3, 4

),

imports_without_excluded_chapters as (

    select
        'ex_27_71_98_99' as product_scope,
        period_grain,
        period_start,
        partner_code,
        value_usd,
        duty_usd,
        duty_covered_value_usd
    from goods

)

select * from ai_imports
union all
select * from imports_without_excluded_chapters

{{ config(
    materialized='incremental',
    meta={'by_content': {'landing': 'goods', 'context': ['excluded_chapter']}},
) }}

with goods as (

    select * from {{ ref('stg_census__goods') }}
    where {{ is_to_load() }}

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}
    where exclusion_id = 'ex_27_71_98_99'

),

summed as (

    select
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.partner_code,
        excluded_chapters.hs2 is not null as is_excluded_chapter,
        count(*) as row_count,
        cast(sum(goods.value_usd) as bigint) as value_usd,
        {{ sum_if_served('goods.general_value_usd') }} as general_value_usd,
        {{ sum_if_served('goods.domestic_value_usd') }} as domestic_value_usd,
        cast(sum(goods.duty_usd) as bigint) as duty_usd,
        cast(sum(case when goods.duty_usd is not null then goods.value_usd else 0 end) as bigint)
            as duty_covered_value_usd
    from goods
    left join excluded_chapters
        on
            left(goods.commodity_code, 2) = excluded_chapters.hs2
            and {{ is_valid_on('goods.period_start', 'excluded_chapters') }}
    group by 1, 2, 3, 4, 5

)

select * from summed
order by flow, period_grain, period_start, partner_code, is_excluded_chapter

{{ config(materialized='table') }}

-- What a code counts for when classifications are compared, and the day whose labels are compared.
with goods as (

    select
        flow,
        period_start,
        commodity_system,
        commodity_code,
        value_usd
    from {{ ref('goods_trade_annual') }}

),

coverage as (

    select * from {{ ref('source_coverage') }}
    where level = 'hs10'

),

commodities as (

    select * from {{ ref('dim_commodity') }}

),

sides as (

    select
        'import' as flow,
        'hts10' as commodity_system
    union all
    select
        'export' as flow,
        'schedule_b10' as commodity_system

),

whole_years as (

    select
        flow,
        period_start
    from coverage
    where period_grain = 'year'
    group by 1, 2
    having count(*) = sum(case when status = 'covered' then 1 else 0 end)

),

latest_whole_years as (

    select
        flow,
        max(period_start) as value_period_start
    from whole_years
    group by 1

),

newest_periods as (

    select
        flow,
        max(period_start) as period_start
    from coverage
    where status = 'covered'
    group by 1

),

newest_period as (

    select max(period_start) as period_start from newest_periods

),

compared_sides as (

    select
        sides.flow,
        sides.commodity_system,
        latest_whole_years.value_period_start,
        coalesce(newest_periods.period_start, newest_period.period_start) as labels_on
    from sides
    cross join newest_period
    left join latest_whole_years
        on sides.flow = latest_whole_years.flow
    left join newest_periods
        on sides.flow = newest_periods.flow

),

summed as (

    select
        goods.commodity_system,
        goods.commodity_code,
        cast(sum(goods.value_usd) as bigint) as value_usd
    from goods
    inner join latest_whole_years
        on
            goods.flow = latest_whole_years.flow
            and goods.period_start = latest_whole_years.value_period_start
    group by 1, 2

)

select
    commodities.commodity_system,
    commodities.commodity_code,
    compared_sides.labels_on,
    compared_sides.value_period_start,
    case when compared_sides.value_period_start is not null then coalesce(summed.value_usd, 0) end
        as value_usd,
    case
        when compared_sides.value_period_start is null
            then concat('no year of ', compared_sides.flow, 's is covered for all partners')
    end
        as value_reason
from commodities
inner join compared_sides
    on commodities.commodity_system = compared_sides.commodity_system
left join summed
    on
        commodities.commodity_system = summed.commodity_system
        and commodities.commodity_code = summed.commodity_code
order by commodities.commodity_system, commodities.commodity_code

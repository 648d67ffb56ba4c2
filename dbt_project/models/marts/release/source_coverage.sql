{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': [
            'int_goods_summed_by_product_set',
            'goods_trade_chapter',
            'goods_trade_total',
            'goods_trade_total_aggregate',
        ],
        'coverage': true,
        'context': ['dim_partner'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with answers as (

    select * from {{ ref('stg_landing__coverage') }}
    where {{ is_changed }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_partner') }}
    where {{ is_changed }}

),

chapters as (

    select * from {{ ref('goods_trade_chapter') }}
    where {{ is_changed }}

),

totals as (

    select * from {{ ref('goods_trade_total') }}
    where {{ is_changed }}

),

world as (

    select * from {{ ref('goods_trade_total_aggregate') }}
    where
        partner_kind = 'world'
        and {{ is_changed }}

),

partners as (

    select * from {{ ref('dim_partner') }}
    where
        partner_kind = 'country'
        and not is_reporter

),

levels as (

    select 'hs10' as level
    union all
    select 'hs2' as level
    union all
    select 'total' as level
    union all
    select 'programme' as level

),

periods as (

    select distinct
        flow,
        period_grain,
        period_start
    from answers

),

grid as (

    select
        periods.flow,
        periods.period_grain,
        periods.period_start,
        partners.partner_code,
        levels.level
    from periods
    inner join partners
        on {{ is_valid_within('periods.period_grain', 'periods.period_start', 'partners') }}
    cross join levels
    where periods.flow = 'import' or levels.level <> 'programme'

),

-- What was accepted stays in use after a later attempt that failed.
ranked_answers as (

    select
        *,
        row_number() over (
            partition by flow, period_grain, period_start, level, partner_code
            order by
                case status when 'covered' then 1 when 'rejected' then 2 else 3 end,
                vintage_at desc
        ) as best_first
    from answers

),

best_answers as (

    select * from ranked_answers
    where best_first = 1

),

answered as (

    select
        grid.flow,
        grid.period_grain,
        grid.period_start,
        grid.partner_code,
        grid.level,
        coalesce(
            case when every_partner.status = 'covered' then every_partner.status end,
            own.status,
            every_partner.status,
            'not_covered'
        ) as status,
        case
            when every_partner.status = 'covered' then every_partner.reason
            when own.status is not null then own.reason
            when every_partner.status is not null then every_partner.reason
            else 'not asked for, or not published'
        end as reason,
        case
            when every_partner.status = 'covered' then every_partner.vintage_at
            else coalesce(own.vintage_at, every_partner.vintage_at)
        end as vintage_at
    from grid
    left join best_answers as own
        on
            grid.flow = own.flow
            and grid.period_grain = own.period_grain
            and grid.period_start = own.period_start
            and grid.level = own.level
            and grid.partner_code = own.partner_code
    left join best_answers as every_partner
        on
            grid.flow = every_partner.flow
            and grid.period_grain = every_partner.period_grain
            and grid.period_start = every_partner.period_start
            and grid.level = every_partner.level
            and every_partner.partner_code = '*'

),

-- An answer that was accepted may still lack rows: what was composed has only those of its files. The figure
-- for all goods of a partner tells.
rows_summed as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        'hs10' as level,
        sum(value_usd) as value_usd
    from goods
    group by 1, 2, 3, 4
    union all
    select
        flow,
        period_grain,
        period_start,
        partner_code,
        'hs2' as level,
        sum(value_usd) as value_usd
    from chapters
    group by 1, 2, 3, 4

),

-- A partner without a row of its own had no trade, where all goods are covered. A row without a value is a
-- total that is not served.
all_goods as (

    select
        answered.flow,
        answered.period_grain,
        answered.period_start,
        answered.partner_code,
        case when totals.partner_code is null then 0 else totals.value_usd end as value_usd
    from answered
    left join totals
        on
            answered.flow = totals.flow
            and answered.period_grain = totals.period_grain
            and answered.period_start = totals.period_start
            and answered.partner_code = totals.partner_code
    where
        answered.level = 'total'
        and answered.status = 'covered'

),

compared as (

    select
        answered.*,
        coalesce(rows_summed.value_usd, 0) as rows_usd,
        all_goods.value_usd as all_goods_usd
    from answered
    left join rows_summed
        on
            answered.flow = rows_summed.flow
            and answered.period_grain = rows_summed.period_grain
            and answered.period_start = rows_summed.period_start
            and answered.partner_code = rows_summed.partner_code
            and answered.level = rows_summed.level
    left join all_goods
        on
            answered.flow = all_goods.flow
            and answered.period_grain = all_goods.period_grain
            and answered.period_start = all_goods.period_start
            and answered.partner_code = all_goods.partner_code
    where
        answered.level in ('hs10', 'hs2')
        and answered.status = 'covered'

),

-- What the world has beyond the partners whose total is served is that of the others together.
others_together as (

    select
        compared.flow,
        compared.period_grain,
        compared.period_start,
        compared.level,
        max(world.value_usd) - sum(coalesce(compared.all_goods_usd, compared.rows_usd)) as shortfall_usd
    from compared
    inner join world
        on
            compared.flow = world.flow
            and compared.period_grain = world.period_grain
            and compared.period_start = world.period_start
    inner join best_answers
        on
            compared.flow = best_answers.flow
            and compared.period_grain = best_answers.period_grain
            and compared.period_start = best_answers.period_start
            and compared.level = best_answers.level
            and best_answers.partner_code = '*'
            and best_answers.status = 'covered'
    group by 1, 2, 3, 4

),

final as (

    select
        answered.flow,
        answered.period_grain,
        answered.period_start,
        answered.partner_code,
        answered.level,
        answered.status,
        case
            when compared.rows_usd < compared.all_goods_usd
                then 'the rows add up to less than all goods of the partner, by shortfall_usd'
            when compared.all_goods_usd is null and others_together.shortfall_usd > 0
                then
                    concat(
                        'all goods of the partner are not served; the rows of all such partners are ',
                        {{ text_of('others_together.shortfall_usd') }},
                        ' US dollars short of those of the world'
                    )
            else answered.reason
        end as reason,
        answered.vintage_at,
        cast(
            case
                when compared.rows_usd < compared.all_goods_usd
                    then compared.all_goods_usd - compared.rows_usd
                when compared.all_goods_usd is not null then 0
            end as bigint
        ) as shortfall_usd
    from answered
    left join compared
        on
            answered.flow = compared.flow
            and answered.period_grain = compared.period_grain
            and answered.period_start = compared.period_start
            and answered.partner_code = compared.partner_code
            and answered.level = compared.level
    left join others_together
        on
            compared.flow = others_together.flow
            and compared.period_grain = others_together.period_grain
            and compared.period_start = others_together.period_start
            and compared.level = others_together.level

)

select * from final
order by flow, period_grain, period_start, partner_code, level

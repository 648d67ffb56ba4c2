{{ config(
    materialized='incremental',
    meta={'by_content': {'coverage': true, 'context': ['dim_partner']}},
) }}

with answers as (

    select * from {{ ref('stg_landing__coverage') }}
    where {{ is_to_load() }}

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
        on {{ is_valid_on('periods.period_start', 'partners') }}
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

final as (

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
            else 'not asked for'
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

)

select * from final
order by flow, period_grain, period_start, partner_code, level

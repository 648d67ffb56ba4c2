{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['ai_trade', 'source_coverage'],
        'context': ['dim_partner'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with trade as (

    select * from {{ ref('ai_trade') }}
    where {{ is_changed }}

),

flow_periods as (

    select * from {{ ref('int_flow_periods') }}
    where {{ is_changed }}

),

partners as (

    select * from {{ ref('dim_partner') }}

),

by_category as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        category,
        partner_code,
        value_usd
    from trade

    union all

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        'all' as category,
        partner_code,
        sum(value_usd) as value_usd
    from trade
    group by 1, 2, 3, 4, 5, 6

),

ranked as (

    select
        *,
        sum(value_usd) over (
            partition by definition_id, flow, period_grain, period_start, category
        ) as all_partners_usd,
        row_number() over (
            partition by definition_id, flow, period_grain, period_start, category
            order by value_usd desc, partner_code asc
        ) as largest_first
    from by_category

)

select
    ranked.definition_id,
    ranked.flow,
    ranked.period_grain,
    ranked.period_start,
    ranked.category,
    case when flow_periods.is_covered then cast(ranked.largest_first as integer) end as partner_rank,
    ranked.partner_code,
    partners.partner_name,
    partners.iso3,
    partners.region,
    cast(ranked.value_usd as bigint) as value_usd,
    case when flow_periods.is_covered then {{ ratio('ranked.value_usd', 'ranked.all_partners_usd') }} end
        as partner_share,
    flow_periods.reason
from ranked
inner join flow_periods
    on
        ranked.flow = flow_periods.flow
        and ranked.period_grain = flow_periods.period_grain
        and ranked.period_start = flow_periods.period_start
inner join partners
    on ranked.partner_code = partners.partner_code
where ranked.largest_first <= {{ var('top_partners') }}
order by
    ranked.definition_id,
    ranked.flow,
    ranked.period_grain,
    ranked.period_start,
    ranked.category,
    ranked.largest_first

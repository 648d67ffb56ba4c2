{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': [
            'export_control_exposure',
            'int_goods_summed_by_product_set',
            'ai_trade',
            'source_coverage',
        ],
        'year_earlier': true,
    }},
) }}

{%- set is_changed = is_to_load() %}
{%- set is_compared = is_to_load(year_earlier=true) %}

-- Trade with all partners in codes that hold controlled products, by their tier and by what it needs; null
-- where not every partner is covered.
with periods as (

    select * from {{ ref('int_flow_periods') }}
    where {{ is_compared }}

),

by_partner as (

    select * from {{ ref('export_control_exposure') }}
    where {{ is_compared }}

),

exposure as (

    select
        exposure.*,
        periods.is_covered,
        periods.reason as coverage_reason
    from by_partner as exposure
    inner join periods
        on
            exposure.flow = periods.flow
            and exposure.period_grain = periods.period_grain
            and exposure.period_start = periods.period_start

),

totals as (

    select
        exposure.definition_id,
        exposure.flow,
        exposure.period_grain,
        exposure.period_start,
        exposure.eccn_group,
        coalesce(exposure.trust_tier, 'all') as trust_tier,
        coalesce(exposure.licence_requirement, 'all') as licence_requirement,
        count(distinct exposure.partner_code) as partner_count,
        cast(sum(exposure.value_usd) as bigint) as value_usd,
        {{ sum_if_served('exposure.foreign_value_usd') }} as foreign_value_usd,
        cast(sum(exposure.high_confidence_usd) as bigint) as high_confidence_usd,
        cast(sum(exposure.medium_confidence_usd) as bigint) as medium_confidence_usd,
        cast(sum(exposure.vendor_usd) as bigint) as vendor_usd,
        {{ no_text() }} as reason
    from exposure
    where exposure.is_covered
    group by {{ rolled_up(
        ['definition_id', 'flow', 'period_grain', 'period_start', 'eccn_group'],
        ['trust_tier', 'licence_requirement'],
        'exposure.',
    ) }}
    -- Imports need no licence: for them the requirement tells nothing apart.
    having exposure.flow = 'export' or exposure.licence_requirement is null

    union all

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        eccn_group,
        'all' as trust_tier,
        'all' as licence_requirement,
        count(distinct partner_code) as partner_count,
        cast(null as bigint) as value_usd,
        cast(null as bigint) as foreign_value_usd,
        cast(null as bigint) as high_confidence_usd,
        cast(null as bigint) as medium_confidence_usd,
        cast(null as bigint) as vendor_usd,
        coverage_reason as reason
    from exposure
    where not is_covered
    group by definition_id, flow, period_grain, period_start, eccn_group, coverage_reason

),

shown as (

    select * from totals
    where {{ is_changed }}

),

-- All trade of a definition with all partners.
definition_trade as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        cast(sum(value_usd) as bigint) as value_usd
    from {{ ref('ai_trade') }}
    where {{ is_changed }}
    group by definition_id, flow, period_grain, period_start

    union all

    select
        'all_goods' as definition_id,
        flow,
        period_grain,
        period_start,
        cast(sum(value_usd) as bigint) as value_usd
    from {{ ref('int_goods_summed_by_partner') }}
    where {{ is_changed }}
    group by flow, period_grain, period_start

),

compared as (

    select
        totals.*,
        case when totals.reason is null then definition_trade.value_usd end as definition_value_usd,
        max(
            case
                when totals.trust_tier = 'all' and totals.licence_requirement = 'all' then totals.value_usd
            end
        ) over (
            partition by
                totals.definition_id,
                totals.flow,
                totals.period_grain,
                totals.period_start,
                totals.eccn_group
        ) as group_value_usd,
        totals.trust_tier = 'all' and totals.licence_requirement = 'all' as is_whole,
        coalesce(year_earlier.is_covered, false) as is_comparable,
        earlier.value_usd as earlier_value_usd
    from shown as totals
    left join definition_trade
        on
            totals.definition_id = definition_trade.definition_id
            and totals.flow = definition_trade.flow
            and totals.period_grain = definition_trade.period_grain
            and totals.period_start = definition_trade.period_start
    left join periods as year_earlier
        on
            totals.flow = year_earlier.flow
            and totals.period_grain = year_earlier.period_grain
            and {{ years_after('totals.period_start', -1) }} = year_earlier.period_start
    left join totals as earlier
        on
            totals.definition_id = earlier.definition_id
            and totals.flow = earlier.flow
            and totals.period_grain = earlier.period_grain
            and {{ years_after('totals.period_start', -1) }} = earlier.period_start
            and totals.eccn_group = earlier.eccn_group
            and totals.trust_tier = earlier.trust_tier
            and totals.licence_requirement = earlier.licence_requirement

)

select
    definition_id,
    flow,
    period_grain,
    period_start,
    eccn_group,
    trust_tier,
    licence_requirement,
    partner_count,
    value_usd,
    foreign_value_usd,
    definition_value_usd,
    {{ ratio('value_usd', 'definition_value_usd') }} as share_of_definition,
    {{ ratio('value_usd', 'group_value_usd') }} as share_of_group,
    case when is_whole and is_comparable and value_usd is not null then coalesce(earlier_value_usd, 0) end
        as year_earlier_usd,
    case
        when is_whole and is_comparable and earlier_value_usd > 0
            then {{ ratio('value_usd', 'earlier_value_usd') }} - 1
    end as value_growth,
    case
        when value_usd is null then reason
        when not is_whole then 'partners change from tier to tier'
        when not is_comparable then 'the period a year earlier is not covered'
        when coalesce(earlier_value_usd, 0) = 0 then 'no trade a year earlier'
    end as value_growth_reason,
    {{ map_basis() }} as map_basis,
    {{ map_confidence() }} as map_confidence,
    high_confidence_usd,
    medium_confidence_usd,
    vendor_usd,
    reason
from compared
order by definition_id, flow, period_grain, period_start, eccn_group, trust_tier, licence_requirement

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': [
            'int_controlled_goods',
            'int_goods_summed_by_product_set',
            'ai_trade',
            'source_coverage',
        ],
        'year_earlier': true,
        'context': [
            'ai_product',
            'dim_partner',
            'eccn_product_map',
            'int_eccn_group_codes',
            'licence_requirement',
            'partner_tier',
        ],
    }},
) }}

{%- set is_changed = is_to_load() %}
{%- set is_compared = is_to_load(year_earlier=true) %}

-- Trade with a partner in codes that hold controlled products, and what it needs. What it comes to with all
-- of them is export_control_exposure_total.
with goods as (

    select * from {{ ref('int_controlled_goods') }}
    where {{ is_compared }}

),

codes as (

    select * from {{ ref('int_eccn_group_codes') }}

),

products as (

    select distinct
        definition_id,
        case commodity_system when 'hts10' then 'import' else 'export' end as flow,
        commodity_code,
        valid_from,
        valid_to
    from {{ ref('ai_product') }}

),

of_definitions as (

    select
        products.definition_id,
        goods.*
    from goods
    inner join products
        on
            goods.flow = products.flow
            and goods.commodity_code = products.commodity_code
            and {{ is_valid_on('goods.period_start', 'products') }}

    union all

    select
        'all_goods' as definition_id,
        goods.*
    from goods

),

tiers as (

    select * from {{ ref('partner_tier') }}
    where scheme = 'ear'

),

by_partner as (

    select
        of_definitions.definition_id,
        of_definitions.flow,
        of_definitions.period_grain,
        of_definitions.period_start,
        of_definitions.partner_code,
        codes.eccn_group,
        {{ last_day_of_period('of_definitions.period_grain', 'of_definitions.period_start') }} as last_day,
        cast(sum(of_definitions.value_usd) as bigint) as value_usd,
        {{ sum_if_served('of_definitions.foreign_value_usd') }} as foreign_value_usd,
        {{ sum_where('codes.confidence_rank = 3', 'of_definitions.value_usd') }} as high_confidence_usd,
        {{ sum_where('codes.confidence_rank = 2', 'of_definitions.value_usd') }} as medium_confidence_usd,
        {{ sum_where('codes.has_vendor_basis', 'of_definitions.value_usd') }} as vendor_usd
    from of_definitions
    inner join codes
        on
            of_definitions.flow = codes.flow
            and of_definitions.commodity_code = codes.commodity_code
    group by 1, 2, 3, 4, 5, 6, 7

),

requirements as (

    select * from {{ ref('int_group_requirements') }}
    where {{ is_changed }}

),

shown as (

    select * from by_partner
    where {{ is_changed }}

),

described as (

    select
        shown.*,
        coalesce(tiers.trust_tier, 'none') as trust_tier,
        case
            when shown.flow = 'import' then 'not_applicable'
            else coalesce(requirements.licence_requirement, 'not_controlled')
        end as licence_requirement,
        requirements.review_policy,
        requirements.review_exception
    from shown
    left join tiers
        on
            shown.partner_code = tiers.partner_code
            and {{ is_valid_on('shown.last_day', 'tiers') }}
    left join requirements
        on
            shown.eccn_group = requirements.eccn_group
            and shown.flow = requirements.flow
            and shown.period_grain = requirements.period_grain
            and shown.period_start = requirements.period_start
            and shown.partner_code = requirements.partner_code

),

periods as (

    select * from {{ ref('int_flow_periods') }}
    where {{ is_compared }}

),

-- All trade of a definition with a partner.
definition_trade as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        partner_code,
        cast(sum(value_usd) as bigint) as value_usd
    from {{ ref('ai_trade') }}
    where {{ is_changed }}
    group by definition_id, flow, period_grain, period_start, partner_code

    union all

    select
        'all_goods' as definition_id,
        flow,
        period_grain,
        period_start,
        partner_code,
        cast(sum(value_usd) as bigint) as value_usd
    from {{ ref('int_goods_summed_by_partner') }}
    where {{ is_changed }}
    group by flow, period_grain, period_start, partner_code

),

coverage as (

    select
        flow,
        period_grain,
        period_start,
        partner_code
    from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and status = 'covered'
        and {{ is_compared }}

),

compared as (

    select
        described.*,
        partners.partner_name,
        partners.iso2,
        definition_trade.value_usd as definition_value_usd,
        year_earlier.partner_code is not null as is_comparable,
        earlier.value_usd as earlier_value_usd,
        periods.is_covered,
        sum(described.value_usd) over (
            partition by
                described.definition_id,
                described.flow,
                described.period_grain,
                described.period_start,
                described.eccn_group
        ) as group_value_usd
    from described
    inner join {{ ref('dim_partner') }} as partners
        on described.partner_code = partners.partner_code
    inner join periods
        on
            described.flow = periods.flow
            and described.period_grain = periods.period_grain
            and described.period_start = periods.period_start
    left join definition_trade
        on
            described.definition_id = definition_trade.definition_id
            and described.flow = definition_trade.flow
            and described.period_grain = definition_trade.period_grain
            and described.period_start = definition_trade.period_start
            and described.partner_code = definition_trade.partner_code
    left join coverage as year_earlier
        on
            described.flow = year_earlier.flow
            and described.period_grain = year_earlier.period_grain
            and {{ years_after('described.period_start', -1) }} = year_earlier.period_start
            and described.partner_code = year_earlier.partner_code
    left join by_partner as earlier
        on
            described.definition_id = earlier.definition_id
            and described.flow = earlier.flow
            and described.period_grain = earlier.period_grain
            and {{ years_after('described.period_start', -1) }} = earlier.period_start
            and described.partner_code = earlier.partner_code
            and described.eccn_group = earlier.eccn_group

)

select
    definition_id,
    flow,
    period_grain,
    period_start,
    partner_code,
    eccn_group,
    trust_tier,
    licence_requirement,
    review_policy,
    review_exception,
    partner_name,
    iso2,
    value_usd,
    foreign_value_usd,
    definition_value_usd,
    {{ ratio('value_usd', 'definition_value_usd') }} as share_of_definition,
    case when is_covered then {{ ratio('value_usd', 'group_value_usd') }} end as share_of_group,
    case when not is_covered then concat(flow, 's are not covered for all partners') end
        as share_of_group_reason,
    case when is_comparable then coalesce(earlier_value_usd, 0) end as year_earlier_usd,
    case
        when is_comparable and earlier_value_usd > 0
            then {{ ratio('value_usd', 'earlier_value_usd') }} - 1
    end as value_growth,
    case
        when not is_comparable then 'the period a year earlier is not covered'
        when coalesce(earlier_value_usd, 0) = 0 then 'no trade a year earlier'
    end as value_growth_reason,
    {{ map_basis() }} as map_basis,
    {{ map_confidence() }} as map_confidence,
    high_confidence_usd,
    medium_confidence_usd,
    vendor_usd
from compared
order by definition_id, flow, period_grain, period_start, partner_code, eccn_group

-- Trade in codes that hold controlled products, by what it needs. Totals over partners are null where not
-- every partner is covered.
with goods as (

    select * from {{ ref('int_controlled_goods') }}

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

    select * from {{ ref('int_partner_tiers_dated') }}
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
        {{ sum_where('codes.confidence_rank = 3', 'of_definitions.value_usd') }} as high_usd,
        {{ sum_where('codes.confidence_rank = 2', 'of_definitions.value_usd') }} as medium_usd,
        {{ sum_where('codes.has_vendor_basis', 'of_definitions.value_usd') }} as vendor_usd
    from of_definitions
    inner join codes
        on
            of_definitions.flow = codes.flow
            and of_definitions.commodity_code = codes.commodity_code
    group by 1, 2, 3, 4, 5, 6, 7

),

described as (

    select
        by_partner.*,
        coalesce(tiers.trust_tier, 'none') as trust_tier,
        case
            when by_partner.flow = 'import' then 'not_applicable'
            else coalesce(requirements.licence_requirement, 'not_controlled')
        end as licence_requirement,
        requirements.review_policy
    from by_partner
    left join tiers
        on
            by_partner.partner_code = tiers.partner_code
            and {{ is_valid_on('by_partner.last_day', 'tiers') }}
    left join {{ ref('int_group_requirements') }} as requirements
        on
            case when by_partner.flow = 'export' then by_partner.eccn_group end = requirements.eccn_group
            and by_partner.period_grain = requirements.period_grain
            and by_partner.period_start = requirements.period_start
            and by_partner.partner_code = requirements.partner_code

),

periods as (

    select * from {{ ref('int_flow_periods') }}

),

totals as (

    select
        described.definition_id,
        described.flow,
        described.period_grain,
        described.period_start,
        described.eccn_group,
        coalesce(described.trust_tier, 'all') as trust_tier,
        coalesce(described.licence_requirement, 'all') as licence_requirement,
        cast(sum(described.value_usd) as bigint) as value_usd,
        {{ sum_if_served('described.foreign_value_usd') }} as foreign_value_usd,
        cast(sum(described.high_usd) as bigint) as high_usd,
        cast(sum(described.medium_usd) as bigint) as medium_usd,
        cast(sum(described.vendor_usd) as bigint) as vendor_usd
    from described
    inner join periods
        on
            described.flow = periods.flow
            and described.period_grain = periods.period_grain
            and described.period_start = periods.period_start
            and periods.is_covered
    group by {{ rolled_up(
        ['definition_id', 'flow', 'period_grain', 'period_start', 'eccn_group'],
        ['trust_tier', 'licence_requirement'],
        'described.',
    ) }}
    -- Imports need no licence: for them the requirement tells nothing apart.
    having described.flow = 'export' or described.licence_requirement is null

),

not_covered as (

    select distinct
        described.definition_id,
        described.flow,
        described.period_grain,
        described.period_start,
        described.eccn_group,
        periods.reason
    from described
    inner join periods
        on
            described.flow = periods.flow
            and described.period_grain = periods.period_grain
            and described.period_start = periods.period_start
            and not periods.is_covered

),

all_rows as (

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
        value_usd,
        foreign_value_usd,
        high_usd,
        medium_usd,
        vendor_usd,
        {{ no_text() }} as reason
    from described

    union all

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        '-' as partner_code,
        eccn_group,
        trust_tier,
        licence_requirement,
        {{ no_text() }} as review_policy,
        value_usd,
        foreign_value_usd,
        high_usd,
        medium_usd,
        vendor_usd,
        {{ no_text() }} as reason
    from totals

    union all

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        '-' as partner_code,
        eccn_group,
        'all' as trust_tier,
        'all' as licence_requirement,
        {{ no_text() }} as review_policy,
        cast(null as bigint) as value_usd,
        cast(null as bigint) as foreign_value_usd,
        cast(null as bigint) as high_usd,
        cast(null as bigint) as medium_usd,
        cast(null as bigint) as vendor_usd,
        reason
    from not_covered

),

-- All trade of a definition, with a partner and with all of them.
definition_trade as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        partner_code,
        value_usd
    from {{ ref('ai_trade') }}

    union all

    select
        'all_goods' as definition_id,
        flow,
        period_grain,
        period_start,
        partner_code,
        value_usd
    from {{ ref('int_goods_summed_by_partner') }}

),

whole as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        coalesce(partner_code, '-') as partner_code,
        cast(sum(value_usd) as bigint) as value_usd
    from definition_trade
    group by {{ rolled_up(['definition_id', 'flow', 'period_grain', 'period_start'], ['partner_code']) }}

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

    union all

    select
        flow,
        period_grain,
        period_start,
        '-' as partner_code
    from periods
    where is_covered

),

compared as (

    select
        all_rows.*,
        partners.partner_name,
        partners.iso2,
        whole.value_usd as definition_value_usd,
        sums.value_usd as group_value_usd,
        year_earlier.partner_code is not null
        and (
            all_rows.partner_code <> '-'
            or all_rows.trust_tier = 'all' and all_rows.licence_requirement = 'all'
        ) as is_comparable,
        earlier.value_usd as earlier_value_usd
    from all_rows
    inner join {{ ref('dim_partner') }} as partners
        on all_rows.partner_code = partners.partner_code
    left join whole
        on
            all_rows.definition_id = whole.definition_id
            and all_rows.flow = whole.flow
            and all_rows.period_grain = whole.period_grain
            and all_rows.period_start = whole.period_start
            and all_rows.partner_code = whole.partner_code
            and all_rows.reason is null
    left join totals as sums
        on
            all_rows.definition_id = sums.definition_id
            and all_rows.flow = sums.flow
            and all_rows.period_grain = sums.period_grain
            and all_rows.period_start = sums.period_start
            and all_rows.eccn_group = sums.eccn_group
            and sums.trust_tier = 'all'
            and sums.licence_requirement = 'all'
    left join coverage as year_earlier
        on
            all_rows.flow = year_earlier.flow
            and all_rows.period_grain = year_earlier.period_grain
            and {{ years_after('all_rows.period_start', -1) }} = year_earlier.period_start
            and all_rows.partner_code = year_earlier.partner_code
    left join all_rows as earlier
        on
            all_rows.definition_id = earlier.definition_id
            and all_rows.flow = earlier.flow
            and all_rows.period_grain = earlier.period_grain
            and {{ years_after('all_rows.period_start', -1) }} = earlier.period_start
            and all_rows.partner_code = earlier.partner_code
            and all_rows.eccn_group = earlier.eccn_group
            and (
                all_rows.partner_code <> '-'
                or all_rows.trust_tier = earlier.trust_tier
                and all_rows.licence_requirement = earlier.licence_requirement
            )

)

select
    definition_id,
    flow,
    period_grain,
    period_start,
    partner_code,
    trust_tier,
    licence_requirement,
    eccn_group,
    partner_name,
    iso2,
    review_policy,
    value_usd,
    foreign_value_usd,
    definition_value_usd,
    {{ ratio('value_usd', 'definition_value_usd') }} as share_of_definition,
    {{ ratio('value_usd', 'group_value_usd') }} as share_of_group,
    case
        when value_usd is null then reason
        when group_value_usd is null
            then concat(flow, 's are not covered for all partners')
    end as share_of_group_reason,
    case when is_comparable then coalesce(earlier_value_usd, 0) end as year_earlier_usd,
    case
        when is_comparable and earlier_value_usd > 0
            then {{ ratio('value_usd', 'earlier_value_usd') }} - 1
    end as value_growth,
    case
        when value_usd is null then reason
        when
            partner_code = '-' and not (trust_tier = 'all' and licence_requirement = 'all')
            then 'partners change from tier to tier'
        when not is_comparable then 'the period a year earlier is not covered'
        when coalesce(earlier_value_usd, 0) = 0 then 'no trade a year earlier'
    end as value_growth_reason,
    case
        when vendor_usd = value_usd and value_usd > 0 then 'vendor'
        when vendor_usd > 0 then 'both'
        when value_usd is not null then 'descriptive'
    end as map_basis,
    case
        when 2 * high_usd >= value_usd and value_usd > 0 then 'high'
        when 2 * (high_usd + medium_usd) >= value_usd and value_usd > 0 then 'medium'
        when value_usd is not null then 'low'
    end as map_confidence,
    {{ ratio('high_usd', 'value_usd') }} as high_confidence_share,
    {{ ratio('vendor_usd', 'value_usd') }} as vendor_share,
    reason
from compared
order by
    definition_id, flow, period_grain, period_start, partner_code, trust_tier, licence_requirement, eccn_group

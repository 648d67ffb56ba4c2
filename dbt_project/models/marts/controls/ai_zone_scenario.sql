-- Under which tier and by which way a zone gets its accelerators: by the law as it was last read, and by the
-- tiers of the diffusion rule on its last day.
with days as (

    select
        'ear' as scheme,
        max(snapshot_date) as as_of
    from {{ ref('int_control_days') }}
    where dataset = 'country_groups'

    union all

    select
        scheme,
        max(valid_to) as as_of
    from {{ ref('trust_tier_rule') }}
    where scheme = 'ai_diffusion'
    group by scheme

),

parameters as (

    select
        days.scheme,
        max(given.value) filter (where given.parameter_id = 'watts_per_gpu') as watts,
        max(given.lower_bound) filter (where given.parameter_id = 'watts_per_gpu') as watts_low,
        max(given.upper_bound) filter (where given.parameter_id = 'watts_per_gpu') as watts_high,
        max(given.value) filter (where given.parameter_id = 'low_processing_performance_gpus') as small,
        max(given.lower_bound) filter (
            where given.parameter_id = 'low_processing_performance_gpus'
        ) as small_low,
        max(given.upper_bound) filter (
            where given.parameter_id = 'low_processing_performance_gpus'
        ) as small_high,
        max(given.value) filter (where given.parameter_id = 'country_cap_gpus') as cap,
        max(given.lower_bound) filter (where given.parameter_id = 'country_cap_gpus') as cap_low,
        max(given.upper_bound) filter (where given.parameter_id = 'country_cap_gpus') as cap_high,
        max(given.value) filter (where given.parameter_id = 'national_veu_gpus') as veu,
        max(given.lower_bound) filter (where given.parameter_id = 'national_veu_gpus') as veu_low,
        max(given.upper_bound) filter (where given.parameter_id = 'national_veu_gpus') as veu_high,
        max(given.value) filter (
            where given.parameter_id = 'universal_veu_country_share'
        ) as country_share
    from days
    inner join {{ ref('export_control_parameter') }} as given
        on {{ is_valid_on('days.as_of', 'given') }}
    group by days.scheme

),

hosts as (

    select
        zones.*,
        days.scheme,
        days.as_of,
        partners.partner_code,
        partners.partner_name
    from {{ ref('ai_zone') }} as zones
    cross join days
    inner join {{ ref('partner') }} as partners
        on
            zones.host_iso2 = partners.iso2
            and partners.partner_kind = 'country'

),

placed as (

    select
        hosts.*,
        tiers.trust_tier,
        tiers.member as tier_member,
        requirements.requirement,
        requirements.review_policy,
        requirements.review_exception,
        requirements.basis_text,
        hosts.gpu_count is null as is_gpu_count_from_power,
        coalesce(hosts.gpu_count, hosts.power_mw * 1000000 / parameters.watts) as gpus,
        coalesce(hosts.gpu_count, hosts.power_mw * 1000000 / parameters.watts_high) as gpus_low,
        coalesce(hosts.gpu_count, hosts.power_mw * 1000000 / parameters.watts_low) as gpus_high,
        parameters.small,
        parameters.small_low,
        parameters.small_high,
        parameters.cap,
        parameters.cap_low,
        parameters.cap_high,
        parameters.veu,
        parameters.veu_low,
        parameters.veu_high,
        parameters.country_share
    from hosts
    inner join parameters
        on hosts.scheme = parameters.scheme
    left join {{ ref('partner_tier') }} as tiers
        on
            hosts.scheme = tiers.scheme
            and hosts.partner_code = tiers.partner_code
            and {{ is_valid_on('hosts.as_of', 'tiers') }}
    left join {{ ref('licence_requirement') }} as requirements
        on
            hosts.scheme = 'ear'
            and requirements.eccn = '4A090'
            and hosts.partner_code = requirements.partner_code
            and {{ is_valid_on('hosts.as_of', 'requirements') }}

),

routed as (

    select
        *,
        {{ zone_route('gpus', 'small', 'cap', 'veu') }} as licence_route,
        {{ zone_route('gpus_high', 'small_low', 'cap_low', 'veu_low') }} as licence_route_strict,
        {{ zone_route('gpus_low', 'small_high', 'cap_high', 'veu_high') }} as licence_route_lenient
    from placed

),

-- The newest year of each side that is covered for the host.
covered_years as (

    select
        flow,
        partner_code,
        max(period_start) as period_start
    from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and period_grain = 'year'
        and status = 'covered'
    group by flow, partner_code

),

trade as (

    select
        covered_years.flow,
        covered_years.partner_code,
        covered_years.period_start,
        coalesce(exposure.value_usd, 0) as value_usd,
        exposure.share_of_group,
        exposure.share_of_group_reason
    from covered_years
    left join {{ ref('export_control_exposure') }} as exposure
        on
            covered_years.flow = exposure.flow
            and covered_years.partner_code = exposure.partner_code
            and covered_years.period_start = exposure.period_start
            and exposure.period_grain = 'year'
            and exposure.definition_id = 'all_goods'
            and exposure.eccn_group = 'advanced_computing'

)

select
    routed.zone_id,
    routed.scheme,
    routed.zone_name,
    routed.host_iso2,
    routed.partner_code,
    routed.partner_name,
    routed.operator_name,
    routed.operator_type,
    routed.as_of,
    cast(round(routed.gpus) as bigint) as gpu_count,
    routed.is_gpu_count_from_power,
    cast(round(routed.gpus_low) as bigint) as gpu_count_low,
    cast(round(routed.gpus_high) as bigint) as gpu_count_high,
    routed.trust_tier,
    routed.tier_member,
    case
        when routed.scheme = 'ear' then coalesce(routed.requirement, 'not_known')
        else 'not_applicable'
    end as licence_requirement,
    routed.review_policy,
    routed.review_exception,
    routed.basis_text as licence_rule_id,
    routed.licence_route,
    routed.licence_route_strict,
    routed.licence_route_lenient,
    routed.licence_route in (
        'no_licence', 'named_operator', 'low_processing_performance', 'universal_validated_end_user'
    ) as is_preferential,
    routed.gpus / nullif(routed.cap, 0) as share_of_country_cap,
    case
        when routed.licence_route = 'universal_validated_end_user'
            then cast(ceil(routed.gpus / routed.country_share) as bigint)
    end as universal_fleet_needed,
    exports.value_usd as covered_exports_usd,
    exports.share_of_group as covered_exports_share,
    extract(year from exports.period_start) as exports_year,
    case
        when exports.value_usd is null then 'exports to the host are not covered for any year'
        when exports.share_of_group is null then coalesce(exports.share_of_group_reason, 'no trade')
    end as exports_reason,
    imports.value_usd as covered_imports_usd,
    imports.share_of_group as covered_imports_share,
    extract(year from imports.period_start) as imports_year,
    case
        when imports.value_usd is null then 'imports from the host are not covered for any year'
        when imports.share_of_group is null then coalesce(imports.share_of_group_reason, 'no trade')
    end as imports_reason,
    routed.source,
    routed.note
from routed
left join trade as exports
    on
        routed.partner_code = exports.partner_code
        and exports.flow = 'export'
left join trade as imports
    on
        routed.partner_code = imports.partner_code
        and imports.flow = 'import'
order by routed.zone_id, routed.scheme

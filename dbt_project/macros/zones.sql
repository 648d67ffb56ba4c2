{#- By which way accelerators come to a zone, by the size of the zone and three thresholds of the diffusion rule. -#}
{% macro zone_route(gpus, small, cap, veu) %}
    case
        when trust_tier is null then 'not_known'
        when scheme = 'ear' and trust_tier = 'embargoed' then 'embargo'
        when scheme = 'ear' and requirement = 'not_required' then 'no_licence'
        when
            scheme = 'ear' and trust_tier = 'trusted_with_conditions'
            and operator_type in ('approved', 'us_headquartered')
            then 'named_operator'
        when scheme = 'ear' and review_policy = 'presumption_of_denial' then 'presumption_of_denial'
        when scheme = 'ear' and trust_tier = 'restricted' then 'licence'
        when scheme = 'ear' and requirement is not null then 'licence_or_validated_end_user'
        when scheme = 'ear' then 'not_known'
        when trust_tier = 'tier_1' then 'no_licence'
        when trust_tier = 'tier_3' then 'presumption_of_denial'
        when {{ gpus }} <= {{ small }} then 'low_processing_performance'
        when operator_type = 'us_headquartered' then 'universal_validated_end_user'
        when {{ gpus }} <= {{ cap }} then 'licence_within_country_cap'
        when {{ gpus }} <= {{ veu }} then 'national_validated_end_user'
        else 'presumption_of_denial'
    end
{% endmacro %}

-- Returns countries, groups, agreements and tiers that nothing declares: a misspelt one would silently never
-- apply. A country of the regulations that is unknown needs a row in partner_alias.
{{ config(meta={'dagster': {'ref': {'name': 'partner_tier'}}}) }}

with countries as (

    select iso2 as known_name
    from {{ ref('partner') }}
    where partner_kind = 'country' and iso2 is not null

),

groups as (

    select country_group as known_name
    from {{ ref('ear_country_group') }}
    union
    select country_group as known_name
    from {{ ref('country_group_member') }}

),

targets as (

    select
        event_id,
        {{ each_part_of("targets", " ") }} as target_name
    from {{ ref('export_control_event') }}
    where targets is not null

),

ruled_entries as (

    select {{ each_part_of("eccns", " ") }} as known_name
    from {{ ref('licence_rule') }}

),

names as (

    select
        'ear_country_group' as relation_name,
        'country' as name_kind,
        iso2 as known_name
    from {{ ref('ear_country_group') }}
    union
    select
        'agreement_member' as relation_name,
        'country' as name_kind,
        iso2 as known_name
    from {{ ref('agreement_member') }}
    union
    select
        'ai_zone' as relation_name,
        'country' as name_kind,
        host_iso2 as known_name
    from {{ ref('ai_zone') }}
    union
    select
        'trust_tier_rule' as relation_name,
        member_kind as name_kind,
        member as known_name
    from {{ ref('trust_tier_rule') }}
    where member_kind <> 'all'
    union
    select
        'licence_rule' as relation_name,
        member_kind as name_kind,
        member as known_name
    from {{ ref('licence_rule') }}
    where member_kind <> 'all'
    union
    select
        'licence_rule' as relation_name,
        'export control number' as name_kind,
        known_name
    from ruled_entries
    where known_name <> '*'
    union
    select
        'ear_destination' as relation_name,
        'country' as name_kind,
        {{ each_part_of("concat_ws(' ', iso2, counts_as_iso2)", " ") }} as known_name
    from {{ ref('ear_destination') }}
    union
    select
        'export_control_parameter' as relation_name,
        'tier' as name_kind,
        trust_tier as known_name
    from {{ ref('export_control_parameter') }}
    where trust_tier is not null
    union
    select
        'export_control_claim' as relation_name,
        'group of products' as name_kind,
        eccn_group as known_name
    from {{ ref('export_control_claim') }}
    where eccn_group is not null
    union
    select
        'export_control_event' as relation_name,
        case when target_name like '%:%' then 'country_group' else 'country' end as name_kind,
        target_name as known_name
    from targets
    where target_name <> 'ALL'
    union
    select
        'country groups as read' as relation_name,
        'name of a country' as name_kind,
        country_key as known_name
    from {{ ref('country_group_member') }}
    where partner_code is null
    union
    select
        'country chart as read' as relation_name,
        'name of a country' as name_kind,
        country_key as known_name
    from {{ ref('country_chart_cell') }}
    where partner_code is null

),

declared as (

    select
        'country' as name_kind,
        known_name
    from countries
    union
    select
        'country_group' as name_kind,
        known_name
    from groups
    union
    select
        'agreement' as name_kind,
        agreement as known_name
    from {{ ref('agreement_member') }}
    union
    select
        'tier' as name_kind,
        trust_tier as known_name
    from {{ ref('trust_tier_rule') }}
    union
    select
        'group of products' as name_kind,
        eccn_group as known_name
    from {{ ref('eccn_product_map') }}
    union
    select
        'export control number' as name_kind,
        eccn as known_name
    from {{ ref('eccn_product_map') }}

)

select
    names.relation_name,
    names.name_kind,
    names.known_name
from names
left join declared
    on
        names.name_kind = declared.name_kind
        and names.known_name = declared.known_name
where declared.known_name is null

-- Returns intervals of a party, an entry, a cell, a membership or a seed row that end before they begin, or
-- only after the next one has begun.
{{ config(meta={'dagster': {'ref': {'name': 'screened_party'}}}) }}

with intervals as (

    select
        'screened_party' as relation_name,
        concat_ws(' ', list_code, party_key) as row_key,
        valid_from,
        valid_to
    from {{ ref('screened_party') }}

    union all

    select
        'control_list_entry' as relation_name,
        eccn as row_key,
        valid_from,
        valid_to
    from {{ ref('control_list_entry') }}

    union all

    select
        'country_chart_cell' as relation_name,
        concat_ws(' ', country_key, chart_column) as row_key,
        valid_from,
        valid_to
    from {{ ref('country_chart_cell') }}

    union all

    select
        'country_group_member' as relation_name,
        concat_ws(' ', country_key, country_group) as row_key,
        valid_from,
        valid_to
    from {{ ref('country_group_member') }}

    union all

    select
        'ear_country_group' as relation_name,
        concat_ws(' ', iso2, country_group) as row_key,
        valid_from,
        valid_to
    from {{ ref('ear_country_group') }}

    union all

    select
        'agreement_member' as relation_name,
        concat_ws(' ', agreement, iso2) as row_key,
        valid_from,
        valid_to
    from {{ ref('agreement_member') }}

    union all

    select
        'eccn_product_map' as relation_name,
        concat_ws(' ', eccn, coalesce(hs_prefix, '-'), flow) as row_key,
        valid_from,
        valid_to
    from {{ ref('eccn_product_map') }}

    union all

    select
        'export_control_parameter' as relation_name,
        concat_ws(' ', parameter_id, trust_tier) as row_key,
        valid_from,
        valid_to
    from {{ ref('export_control_parameter') }}

    union all

    select
        'partner_tier' as relation_name,
        concat_ws(' ', scheme, partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('partner_tier') }}

    union all

    select
        'licence_requirement' as relation_name,
        concat_ws(' ', eccn, partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('licence_requirement') }}

    union all

    select
        'ear_destination' as relation_name,
        iso2 as row_key,
        valid_from,
        valid_to
    from {{ ref('ear_destination') }}

),

followed as (

    select
        *,
        lead(valid_from) over (partition by relation_name, row_key order by valid_from) as next_valid_from
    from intervals

)

select
    relation_name,
    row_key,
    valid_from,
    valid_to,
    next_valid_from
from followed
where
    valid_to < valid_from
    or next_valid_from <= valid_to
    or (valid_to is null and next_valid_from is not null)

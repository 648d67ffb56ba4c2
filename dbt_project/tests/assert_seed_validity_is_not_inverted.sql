-- Returns dated seed rows that end before they begin: they would silently never apply.
{{ config(meta={'dagster': {'ref': {'name': 'partner'}}}) }}

with dated_rows as (

    select
        'partner' as seed_name,
        partner_code as row_key,
        valid_from,
        valid_to
    from {{ ref('partner') }}

    union all

    select
        'partner_group_member' as seed_name,
        concat(group_code, ' ', partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('partner_group_member') }}

    union all

    select
        'classification_prefix' as seed_name,
        concat(classification_id, ' ', hs_prefix) as row_key,
        valid_from,
        valid_to
    from {{ ref('classification_prefix') }}

    union all

    select
        'classification_rule' as seed_name,
        rule_id as row_key,
        valid_from,
        valid_to
    from {{ ref('classification_rule') }}

    union all

    select
        'classification_override' as seed_name,
        concat(classification_id, ' ', commodity_system, ' ', commodity_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('classification_override') }}

    union all

    select
        'ai_definition' as seed_name,
        definition_id as row_key,
        valid_from,
        valid_to
    from {{ ref('ai_definition') }}

)

select
    seed_name,
    row_key,
    valid_from,
    valid_to
from dated_rows
where valid_to < valid_from

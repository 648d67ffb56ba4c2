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
        'ai_definition_prefix' as seed_name,
        concat(definition_id, ' ', hs_prefix) as row_key,
        valid_from,
        valid_to
    from {{ ref('ai_definition_prefix') }}

)

select
    seed_name,
    row_key,
    valid_from,
    valid_to
from dated_rows
where valid_to < valid_from

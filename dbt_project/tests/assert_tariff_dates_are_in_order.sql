-- Returns tariff rows that end before they begin, reach back to a later day, or lie outside of the action to
-- which they belong: they would silently never apply.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_action'}}}) }}

with actions as (

    select
        action_id,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('tariff_action') }}

),

of_actions as (

    select
        'tariff_action_rate' as seed_name,
        concat_ws(' ', action_id, partner_scope) as row_key,
        action_id,
        valid_from,
        valid_to,
        retroactive_to
    from {{ ref('tariff_action_rate') }}

    union all

    select
        'tariff_action_scope' as seed_name,
        concat_ws(' ', action_id, scope_kind, list_id) as row_key,
        action_id,
        valid_from,
        valid_to,
        retroactive_to
    from {{ ref('tariff_action_scope') }}

),

others as (

    select
        'tariff_action' as seed_name,
        action_id as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_action') }}

    union all

    select
        'tariff_partner_class' as seed_name,
        concat_ws(' ', partner_class, partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_partner_class') }}

    union all

    select
        'tariff_product_list' as seed_name,
        list_id as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_product_list') }}

    union all

    select
        'tariff_product_list_member' as seed_name,
        concat_ws(' ', list_id, hs_prefix) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_product_list_member') }}

    union all

    select
        'tariff_stacking_rule' as seed_name,
        concat_ws(' ', stacking_class, other_class) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_stacking_rule') }}

    union all

    select
        'tariff_parameter' as seed_name,
        concat_ws(' ', parameter_id, hs_prefix, partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_parameter') }}

)

select
    of_actions.seed_name,
    of_actions.row_key,
    of_actions.valid_from,
    of_actions.valid_to
from of_actions
inner join actions
    on of_actions.action_id = actions.action_id
where
    of_actions.valid_to < of_actions.valid_from
    or of_actions.retroactive_to >= of_actions.valid_from
    or of_actions.valid_from < actions.valid_from
    or coalesce(of_actions.valid_to, cast('9999-12-31' as date)) > actions.valid_to

union all

select
    seed_name,
    row_key,
    valid_from,
    valid_to
from others
where valid_to < valid_from

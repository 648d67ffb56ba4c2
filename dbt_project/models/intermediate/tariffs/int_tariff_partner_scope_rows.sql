{{ config(materialized='table') }}

-- Which rows of a scope count for a class of partners in a slice of time, under the law and under each
-- scenario.
with slices as (

    select * from {{ ref('int_tariff_slices') }}

),

scopes as (

    select
        classes.partner_class_id,
        scopes.partner_scope,
        slices.slice_number
    from {{ ref('int_tariff_partner_scopes') }} as scopes
    inner join {{ ref('int_tariff_partner_classes') }} as classes
        on
            scopes.partner_code = classes.partner_code
            and classes.is_example
    inner join slices
        on
            slices.scenario_id = 'law'
            and {{ is_valid_on('slices.valid_from', 'scopes') }}

),

changes as (

    select
        changes.*,
        slices.slice_number
    from {{ ref('tariff_scenario_change') }} as changes
    inner join slices
        on
            changes.scenario_id = slices.scenario_id
            and {{ is_valid_on('slices.valid_from', 'changes') }}

),

rows_of_scopes as (

    select
        slices.scenario_id,
        slices.slice_number,
        scope_rows.action_id,
        scope_rows.scope_kind,
        scope_rows.list_id,
        scope_rows.scope_kind = 'exclude' and lists.list_kind = 'exemption' as is_exemption,
        scope_rows.partner_scope,
        scope_rows.share_parameter_id
    from {{ ref('tariff_action_scope') }} as scope_rows
    inner join {{ ref('tariff_product_list') }} as lists
        on scope_rows.list_id = lists.list_id
    inner join slices
        on
            {{ is_valid_on('slices.valid_from', 'scope_rows') }}

    union all

    select
        scenario_id,
        slice_number,
        action_id,
        'exclude' as scope_kind,
        list_id,
        true as is_exemption,
        partner_scope,
        {{ no_text() }} as share_parameter_id
    from changes
    where change = 'add_exemption'

)

select
    rates.scenario_id,
    rates.partner_class_id,
    rates.slice_number,
    rates.action_id,
    rows_of_scopes.scope_kind,
    rows_of_scopes.list_id,
    rows_of_scopes.is_exemption,
    rows_of_scopes.share_parameter_id
from {{ ref('int_tariff_partner_rates') }} as rates
inner join rows_of_scopes
    on
        rates.scenario_id = rows_of_scopes.scenario_id
        and rates.slice_number = rows_of_scopes.slice_number
        and rates.action_id = rows_of_scopes.action_id
inner join scopes
    on
        rates.partner_class_id = scopes.partner_class_id
        and rates.slice_number = scopes.slice_number
        and rows_of_scopes.partner_scope = scopes.partner_scope
where
    not rows_of_scopes.is_exemption
    or not exists (
        select 1
        from changes
        inner join scopes as changed
            on
                changes.slice_number = changed.slice_number
                and changes.partner_scope = changed.partner_scope
        where
            changes.change = 'remove_exemption'
            and changes.scenario_id = rates.scenario_id
            and changes.slice_number = rates.slice_number
            and changed.partner_class_id = rates.partner_class_id
            and coalesce(changes.action_id, rates.action_id) = rates.action_id
            and coalesce(changes.list_id, rows_of_scopes.list_id) = rows_of_scopes.list_id
    )

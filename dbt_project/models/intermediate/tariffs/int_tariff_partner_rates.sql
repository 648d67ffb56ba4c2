{{ config(materialized='table') }}

-- Which rate of which action counts for a class of partners in a slice of time. What a scenario sets goes
-- before the law; then the more specific name of the partner counts.
with scopes as (

    select
        classes.partner_class_id,
        scopes.partner_scope,
        scopes.specificity,
        scopes.valid_from,
        scopes.valid_to
    from {{ ref('int_tariff_partner_scopes') }} as scopes
    inner join {{ ref('int_tariff_partner_classes') }} as classes
        on
            scopes.partner_code = classes.partner_code
            and classes.is_example

),

rates as (

    select
        scenarios.scenario_id,
        false as is_set,
        rates.action_id,
        rates.partner_scope,
        rates.rate,
        rates.rate_kind,
        rates.heading,
        rates.valid_from,
        rates.valid_to
    from {{ ref('tariff_action_rate') }} as rates
    cross join {{ ref('tariff_scenario') }} as scenarios

    union all

    select
        scenario_id,
        true as is_set,
        action_id,
        partner_scope,
        rate,
        rate_kind,
        scenario_id as heading,
        valid_from,
        valid_to
    from {{ ref('tariff_scenario_change') }}
    where change = 'set_rate'

),

in_force as (

    select
        rates.scenario_id,
        scopes.partner_class_id,
        slices.slice_number,
        rates.action_id,
        actions.stacking_class,
        rates.rate,
        rates.rate_kind,
        rates.heading,
        row_number() over (
            partition by rates.scenario_id, scopes.partner_class_id, slices.slice_number, rates.action_id
            order by rates.is_set desc, scopes.specificity desc
        ) as preference
    from rates
    inner join {{ ref('tariff_action') }} as actions
        on rates.action_id = actions.action_id
    inner join {{ ref('int_tariff_slices') }} as slices
        on
            rates.scenario_id = slices.scenario_id
            and {{ is_valid_on('slices.valid_from', 'rates') }}
    inner join scopes
        on
            rates.partner_scope = scopes.partner_scope
            and {{ is_valid_on('slices.valid_from', 'scopes') }}

)

select
    in_force.scenario_id,
    in_force.partner_class_id,
    in_force.slice_number,
    in_force.action_id,
    in_force.stacking_class,
    in_force.rate,
    in_force.rate_kind,
    in_force.heading,
    -- Of the actions of one class the highest is due, where a rule says so.
    row_number() over (
        partition by
            in_force.scenario_id, in_force.partner_class_id, in_force.slice_number, in_force.stacking_class
        order by in_force.rate desc, in_force.action_id asc
    ) as place_in_class
from in_force
where
    in_force.preference = 1
    and in_force.rate > 0

{{ config(materialized='table') }}

-- The days on which anything that the seeds know begins or ends cut time into slices; within one nothing
-- changes. The law has all of them, a scenario those from its first change on.
with dated_rows as (

    {% for seed in [
        'tariff_action_rate',
        'tariff_action_scope',
        'tariff_product_list_member',
        'tariff_partner_class',
        'tariff_stacking_rule',
        'tariff_parameter',
        'tariff_scenario_change',
    ] %}
        select
            valid_from,
            valid_to
        from {{ ref(seed) }}
        union distinct
    {% endfor %}
    -- From its day on a successor's place on lists counts (int_tariff_product_lists).
    select
        valid_from,
        cast(null as date) as valid_to
    from {{ ref('commodity_succession') }}
    where commodity_system = 'hts10'
    union distinct
    select
        panel_from as valid_from,
        cast(null as date) as valid_to
    from {{ ref('tariff_horizon') }}

),

beginnings as (

    select valid_from from dated_rows
    union distinct
    select {{ days_after('valid_to', 1) }} as valid_from from dated_rows
    where valid_to is not null

),

slices as (

    select
        cast(row_number() over (order by beginnings.valid_from) as integer) as slice_number,
        beginnings.valid_from,
        {{ days_after('lead(beginnings.valid_from) over (order by beginnings.valid_from)', -1) }} as valid_to
    from beginnings
    cross join {{ ref('tariff_horizon') }} as horizon
    where beginnings.valid_from >= horizon.panel_from

),

scenarios as (

    select
        scenarios.scenario_id,
        min(changes.valid_from) as changed_from
    from {{ ref('tariff_scenario') }} as scenarios
    left join {{ ref('tariff_scenario_change') }} as changes
        on scenarios.scenario_id = changes.scenario_id
    group by scenarios.scenario_id

)

select
    scenarios.scenario_id,
    slices.slice_number,
    slices.valid_from,
    slices.valid_to
from slices
inner join scenarios
    on
        scenarios.scenario_id = 'law'
        or slices.valid_from >= scenarios.changed_from

with changes as (

    select
        changes.on_day,
        {{ summed_tariff_sums('changes') }}
    from {{ ref('int_tariff_duty_changes') }} as changes
    where changes.scenario_id = 'law'
    group by changes.on_day

),

running as (

    select
        on_day as valid_from,
        {{ days_after('lead(on_day) over (order by on_day)', -1) }} as valid_to,
        {{ running_tariff_sums("true") }}
    from changes

)

select
    days.day,
    {{ rates_of_tariff_sums('running') }}
from running
inner join {{ ref('int_tariff_days') }} as days
    on
        {{ is_valid_on('days.day', 'running') }}

-- Every chapter of the schedule; what is under chapter 99 in the statistics (small shipments, mostly) has no
-- rate.
with changes as (

    select
        changes.partner_code,
        changes.on_day,
        {{ summed_tariff_sums('changes') }}
    from {{ ref('int_tariff_duty_changes') }} as changes
    where changes.scenario_id = 'law'
    group by changes.partner_code, changes.on_day

),

running as (

    select
        partner_code,
        on_day as valid_from,
        {{ days_after('lead(on_day) over (partition by partner_code order by on_day)', -1) }} as valid_to,
        {{ running_tariff_sums('partner_code') }}
    from changes

)

select
    running.partner_code,
    days.day,
    {{ rates_of_tariff_sums('running') }}
from running
inner join {{ ref('int_tariff_days') }} as days
    on
        {{ is_valid_on('days.day', 'running') }}

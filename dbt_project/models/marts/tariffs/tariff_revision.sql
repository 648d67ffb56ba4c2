-- From when to when a revision is the law, and which landed revision stands for it.
with landed as (

    select
        revision,
        released_on
    from {{ ref('stg_usitc__tariff_revisions') }}

),

calendar as (

    select * from {{ ref('hts_revision') }}

),

dated as (

    select
        coalesce(calendar.revision, landed.revision) as revision,
        coalesce(calendar.released_on, landed.released_on) as released_on,
        coalesce(calendar.effective_on, calendar.released_on, landed.released_on) as effective_on,
        landed.revision as landed_revision
    from calendar
    full outer join landed
        on calendar.revision = landed.revision

),

-- Of two that take effect on one day the later one counts, if only the earlier one is landed, by its lines.
in_force as (

    select
        *,
        row_number() over (partition by effective_on order by revision desc) as place_of_day,
        last_value(landed_revision ignore nulls) over (
            order by effective_on, revision
            rows between unbounded preceding and current row
        ) as used_revision
    from dated
    where effective_on is not null

),

in_order as (

    select
        revision,
        released_on,
        effective_on,
        landed_revision,
        row_number() over (order by effective_on) as sequence_number,
        used_revision,
        lead(effective_on) over (order by effective_on) as next_effective_on
    from in_force
    where place_of_day = 1

)

select
    revision,
    released_on,
    effective_on as valid_from,
    {{ days_after('next_effective_on', -1) }} as valid_to,
    sequence_number,
    used_revision,
    landed_revision is not null as is_landed,
    landed_revision is null as is_carried_forward
from in_order
where used_revision is not null
order by sequence_number

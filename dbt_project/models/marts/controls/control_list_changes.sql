-- What two days of a list that follow each other differ in; a first day has nothing to be compared with.
with days as (

    select * from {{ ref('int_control_days') }}

),

intervals as (

    select
        'screening_list' as dataset,
        list_code as list_part,
        party_key as entry_key,
        party_name as entry_name,
        first_seen_on,
        last_seen_on
    from {{ ref('screened_party') }}

    union all

    select
        'control_list' as dataset,
        category as list_part,
        eccn as entry_key,
        heading as entry_name,
        first_seen_on,
        last_seen_on
    from {{ ref('control_list_entry') }}

    union all

    select
        'country_groups' as dataset,
        members.country_group as list_part,
        members.country_key as entry_key,
        coalesce(partners.partner_name, members.country_key) as entry_name,
        members.first_seen_on,
        members.last_seen_on
    from {{ ref('country_group_member') }} as members
    left join {{ ref('partner') }} as partners
        on members.country_key = partners.partner_code
    where members.first_seen_on is not null

    union all

    select
        'country_chart' as dataset,
        chart_column as list_part,
        country_key as entry_key,
        concat_ws(
            ' ', country_name, case is_controlled when true then 'X' when false then 'no mark' end
        ) as entry_name,
        first_seen_on,
        last_seen_on
    from {{ ref('country_chart_cell') }}

),

beginnings as (

    select
        intervals.dataset,
        intervals.list_part,
        intervals.entry_key,
        days.snapshot_date,
        intervals.entry_name
    from intervals
    inner join days
        on
            intervals.dataset = days.dataset
            and intervals.first_seen_on = days.snapshot_date
    where days.previous_on is not null

),

ends as (

    select
        intervals.dataset,
        intervals.list_part,
        intervals.entry_key,
        days.next_on as snapshot_date,
        intervals.entry_name
    from intervals
    inner join days
        on
            intervals.dataset = days.dataset
            and intervals.last_seen_on = days.snapshot_date
    where days.next_on is not null

),

changes as (

    select
        coalesce(beginnings.dataset, ends.dataset) as dataset,
        coalesce(beginnings.list_part, ends.list_part) as list_part,
        coalesce(beginnings.entry_key, ends.entry_key) as entry_key,
        coalesce(beginnings.snapshot_date, ends.snapshot_date) as snapshot_date,
        coalesce(beginnings.entry_name, ends.entry_name) as entry_name,
        case
            when ends.entry_key is null then 'added'
            when beginnings.entry_key is null then 'removed'
            else 'changed'
        end as change_kind
    from beginnings
    full outer join ends
        on
            beginnings.dataset = ends.dataset
            and beginnings.list_part = ends.list_part
            and beginnings.entry_key = ends.entry_key
            and beginnings.snapshot_date = ends.snapshot_date

)

select
    changes.dataset,
    changes.list_part,
    changes.entry_key,
    changes.snapshot_date,
    changes.change_kind,
    changes.entry_name,
    days.previous_on,
    days.changed_on,
    days.change_day_known,
    days.next_on is null as is_latest
from changes
inner join days
    on
        changes.dataset = days.dataset
        and changes.snapshot_date = days.snapshot_date
order by changes.dataset, changes.snapshot_date, changes.list_part, changes.entry_key

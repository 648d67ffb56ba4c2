-- Returns parties, entries, memberships and marks that are missing or too many as of the last day on which
-- their list was seen.
{{ config(meta={'dagster': {'ref': {'name': 'control_list_entry'}}}) }}

with last_days as (

    select
        dataset,
        max(snapshot_date) as last_on
    from {{ ref('int_control_days') }}
    group by dataset

),

dated as (

    select
        'screening_list' as dataset,
        concat_ws(' ', list_code, party_key) as row_key,
        valid_from,
        valid_to
    from {{ ref('screened_party') }}

    union all

    select
        'control_list' as dataset,
        eccn as row_key,
        valid_from,
        valid_to
    from {{ ref('control_list_entry') }}

    union all

    select
        'country_groups' as dataset,
        concat_ws(' ', country_key, country_group) as row_key,
        valid_from,
        valid_to
    from {{ ref('country_group_member') }}
    where country_group not like 'AI_DIFFUSION%'

    union all

    select
        'country_chart' as dataset,
        concat_ws(' ', country_key, chart_column) as row_key,
        valid_from,
        valid_to
    from {{ ref('country_chart_cell') }}

),

valid as (

    select distinct
        dated.dataset,
        dated.row_key
    from dated
    inner join last_days
        on dated.dataset = last_days.dataset
    where
        dated.valid_from <= last_days.last_on
        and coalesce(dated.valid_to, last_days.last_on) >= last_days.last_on

),

aliases as (

    select
        alias,
        partner_code
    from {{ ref('partner_alias') }}

),

seen as (

    select distinct
        'screening_list' as dataset,
        concat_ws(' ', list_code, coalesce(entity_number, lower(party_name))) as row_key,
        snapshot_date
    from {{ ref('stg_csl__parties') }}

    union all

    select
        'control_list' as dataset,
        eccn as row_key,
        snapshot_date
    from {{ ref('stg_ecfr__eccns') }}

    union all

    select distinct
        'country_groups' as dataset,
        concat_ws(
            ' ', coalesce(aliases.partner_code, members.country_name), members.country_group
        ) as row_key,
        members.snapshot_date
    from {{ ref('stg_ecfr__country_groups') }} as members
    left join aliases
        on upper(trim(members.country_name)) = aliases.alias

    union all

    select
        'country_chart' as dataset,
        concat_ws(' ', coalesce(aliases.partner_code, cells.country_name), cells.chart_column) as row_key,
        cells.snapshot_date
    from {{ ref('stg_ecfr__country_chart') }} as cells
    left join aliases
        on upper(trim(cells.country_name)) = aliases.alias

),

newest as (

    select
        seen.dataset,
        seen.row_key
    from seen
    inner join last_days
        on
            seen.dataset = last_days.dataset
            and seen.snapshot_date = last_days.last_on

)

select
    coalesce(valid.dataset, newest.dataset) as dataset,
    coalesce(valid.row_key, newest.row_key) as row_key,
    case when valid.row_key is null then 'missing' else 'too many' end as fault
from valid
full outer join newest
    on
        valid.dataset = newest.dataset
        and valid.row_key = newest.row_key
where valid.row_key is null or newest.row_key is null

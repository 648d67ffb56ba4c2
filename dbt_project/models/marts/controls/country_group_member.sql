{{ config(materialized='table') }}

-- Membership as it was seen in the regulations, and before the first day of it as the seed documents it.
with partners as (

    select
        partner_code,
        iso2
    from {{ ref('partner') }}
    where partner_kind = 'country'

),

aliases as (

    select
        alias,
        partner_code
    from {{ ref('partner_alias') }}

),

members as (

    select distinct
        seen.snapshot_date,
        coalesce(aliases.partner_code, seen.country_name) as country_key,
        aliases.partner_code,
        seen.country_group
    from {{ ref('stg_ecfr__country_groups') }} as seen
    left join aliases
        on upper(trim(seen.country_name)) = aliases.alias

),

observed as (

    select
        snapshot_date,
        country_key,
        country_group,
        cast(null as date) as stated_on,
        '-' as digest
    from members

),

days as (

    select * from {{ ref('int_control_days') }}
    where dataset = 'country_groups'

),

seen as (

    {{ observed_intervals('observed', 'days', ['country_key', 'country_group']) }}

),

first_day as (

    select min(snapshot_date) as first_on
    from days

),

documented as (

    select
        partners.partner_code as country_key,
        history.country_group,
        history.valid_from,
        history.valid_from_known,
        case
            when history.country_group like 'AI_DIFFUSION%' then history.valid_to
            when
                coalesce(history.valid_to, cast('9999-12-31' as date)) >= first_day.first_on
                then {{ days_after('first_day.first_on', -1) }}
            else history.valid_to
        end as valid_to
    from {{ ref('ear_country_group') }} as history
    inner join partners
        on history.iso2 = partners.iso2
    cross join first_day
    where
        history.country_group like 'AI_DIFFUSION%'
        or first_day.first_on is null
        or history.valid_from < first_day.first_on

),

parts as (

    select
        country_key,
        country_group,
        valid_from,
        valid_to,
        valid_from_known,
        first_seen_on,
        last_seen_on
    from seen

    union all

    select
        country_key,
        country_group,
        valid_from,
        valid_to,
        valid_from_known,
        cast(null as date) as first_seen_on,
        cast(null as date) as last_seen_on
    from documented

),

-- What goes on without a gap is one interval, which begins where the first of its parts does.
marked as (

    select
        *,
        coalesce(
            lag(valid_to) over (partition by country_key, country_group order by valid_from)
            <> {{ days_after('valid_from', -1) }},
            true
        ) as is_beginning
    from parts

),

numbered as (

    select
        *,
        sum(case when is_beginning then 1 else 0 end) over (
            partition by country_key, country_group
            order by valid_from
            rows between unbounded preceding and current row
        ) as interval_number
    from marked

),

joined as (

    select
        country_key,
        country_group,
        min(valid_from) as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to,
        min_by(valid_from_known, valid_from) as valid_from_known,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on
    from numbered
    group by country_key, country_group, interval_number

)

select
    joined.country_key,
    partners.partner_code,
    joined.country_group,
    joined.valid_from,
    joined.valid_to,
    joined.valid_from_known,
    joined.first_seen_on,
    joined.last_seen_on
from joined
left join partners
    on joined.country_key = partners.partner_code
order by joined.country_key, joined.country_group, joined.valid_from

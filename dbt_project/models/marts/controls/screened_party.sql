{{ config(materialized='table') }}

with entries as (

    select
        snapshot_date,
        list_code,
        coalesce(entity_number, lower(party_name)) as party_key,
        row_number,
        party_name,
        party_type,
        alt_names,
        countries,
        programs,
        federal_register_notice,
        license_requirement,
        license_policy,
        start_date,
        end_date
    from {{ ref('stg_csl__parties') }}

),

-- Many days are almost the same: only a digest of each goes through the comparison, and the words of a party
-- are fetched for the first day of its intervals alone.
observed as (

    select
        snapshot_date,
        list_code,
        party_key,
        min(start_date) as stated_on,
        {{ digest_of_group(
            "concat_ws('|', party_name, coalesce(party_type, '-'), coalesce(alt_names, '-'), "
            ~ "coalesce(countries, '-'), coalesce(programs, '-'), coalesce(federal_register_notice, '-'), "
            ~ "coalesce(license_requirement, '-'), coalesce(license_policy, '-'), "
            ~ "coalesce(" ~ text_of('start_date') ~ ", '-'), coalesce(" ~ text_of('end_date') ~ ", '-'))"
        ) }} as digest
    from entries
    group by snapshot_date, list_code, party_key

),

days as (

    select * from {{ ref('int_control_days') }}
    where dataset = 'screening_list'

),

intervals as (

    {{ observed_intervals('observed', 'days', ['list_code', 'party_key']) }}

),

-- Several entries of a list for one party are one row: a name with all of its countries and citations.
parties as (

    select
        entries.snapshot_date,
        entries.list_code,
        entries.party_key,
        count(*) as entry_count,
        min(entries.party_name) as party_name,
        max(entries.party_type) as party_type,
        {{ distinct_texts_in_one('entries.alt_names') }} as alt_names,
        {{ distinct_texts_in_one('entries.countries') }} as countries,
        {{ distinct_texts_in_one('entries.programs') }} as programs,
        {{ distinct_texts_in_one('entries.federal_register_notice') }} as federal_register_notice,
        {{ distinct_texts_in_one('entries.license_requirement') }} as license_requirement,
        {{ distinct_texts_in_one('entries.license_policy') }} as license_policy,
        min(entries.start_date) as start_date,
        max(entries.end_date) as end_date
    from entries
    inner join intervals
        on
            entries.snapshot_date = intervals.first_seen_on
            and entries.list_code = intervals.list_code
            and entries.party_key = intervals.party_key
    group by entries.snapshot_date, entries.list_code, entries.party_key

)

select
    intervals.list_code,
    intervals.party_key,
    intervals.valid_from,
    intervals.valid_to,
    intervals.valid_from_known,
    intervals.first_seen_on,
    intervals.last_seen_on,
    parties.party_name,
    parties.party_type,
    parties.alt_names,
    parties.countries,
    parties.programs,
    parties.federal_register_notice,
    parties.license_requirement,
    parties.license_policy,
    parties.start_date,
    parties.end_date,
    parties.entry_count
from intervals
inner join parties
    on
        intervals.first_seen_on = parties.snapshot_date
        and intervals.list_code = parties.list_code
        and intervals.party_key = parties.party_key
order by intervals.list_code, intervals.party_key, intervals.valid_from

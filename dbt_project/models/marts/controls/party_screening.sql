-- Names of the user's file and whom on the screening list they may be: candidates for a person to look at.
with parties as (

    select * from {{ ref('stg_control_lists__parties') }}

),

as_of as (

    select max(snapshot_date) as snapshot_date
    from {{ ref('int_control_days') }}
    where dataset = 'screening_list'

),

listed as (

    select * from {{ ref('screened_party') }}
    where valid_to is null

)

select
    parties.row_number,
    coalesce(matches.candidate_rank, 0) as candidate_rank,
    parties.party_name,
    parties.country,
    parties.reference,
    as_of.snapshot_date as as_of,
    matches.list_code,
    lists.title as list_title,
    matches.party_key,
    listed.party_name as listed_name,
    matches.matched_name,
    matches.is_alternative_name,
    listed.countries as listed_countries,
    matches.country_agrees,
    matches.score,
    matches.match_kind,
    listed.license_requirement,
    listed.valid_from,
    listed.valid_from_known,
    case
        when as_of.snapshot_date is null then 'no screening list is loaded'
        when matches.row_number is null then 'no listed name is similar enough'
        else concat(
            case matches.match_kind
                when 'exact' then 'the same name'
                when 'word_order' then 'the same words in another order'
                else 'a similar name'
            end,
            case when matches.is_alternative_name then ', listed as an alternative one' else '' end,
            case
                when matches.country_agrees then ', same country'
                when not matches.country_agrees then ', another country'
                else ', country not compared'
            end
        )
    end as reason
from parties
cross join as_of
left join {{ ref('int_party_matches') }} as matches
    on parties.row_number = matches.row_number
left join listed
    on
        matches.list_code = listed.list_code
        and matches.party_key = listed.party_key
left join {{ ref('screening_list') }} as lists
    on matches.list_code = lists.list_code
order by parties.row_number, candidate_rank

with partners as (

    select * from {{ ref('partner') }}

),

agency_list as (

    select * from {{ ref('stg_census__countries') }}

),

known as (

    select
        partners.partner_code,
        partners.partner_kind,
        partners.partner_name,
        partners.iso2,
        partners.iso3,
        partners.region,
        partners.partner_code = '{{ var("reporter_code") }}' as is_reporter,
        agency_list.partner_code is not null as is_in_agency_list,
        partners.valid_from,
        partners.valid_to,
        partners.source,
        partners.note
    from partners
    left join agency_list
        on partners.partner_code = agency_list.partner_code

),

-- A code that the agency introduced after the seed was written can be used before somebody describes it.
new_in_agency_list as (

    select
        agency_list.partner_code,
        'country' as partner_kind,
        agency_list.partner_name,
        agency_list.iso2,
        cast(null as {{ dbt.type_string() }}) as iso3,
        cast(null as {{ dbt.type_string() }}) as region,
        false as is_reporter,
        true as is_in_agency_list,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        'US Census Bureau, Schedule C' as source,
        'Not described in the seed yet' as note
    from agency_list
    left join partners
        on agency_list.partner_code = partners.partner_code
    where partners.partner_code is null

)

select * from known
union all
select * from new_in_agency_list
order by partner_code

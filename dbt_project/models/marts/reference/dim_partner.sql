with partners as (

    select * from {{ ref('partner') }}

),

agency_list as (

    select * from {{ ref('stg_census__countries') }}

),

-- A code that the agency introduced after the seed was written can be used before somebody describes it.
described as (

    select
        coalesce(partners.partner_code, agency_list.partner_code) as partner_code,
        coalesce(partners.partner_kind, 'country') as partner_kind,
        coalesce(partners.partner_name, agency_list.partner_name) as partner_name,
        coalesce(partners.iso2, agency_list.iso2) as iso2,
        partners.iso3,
        partners.region,
        coalesce(partners.partner_code = '{{ var("reporter_code") }}', false) as is_reporter,
        agency_list.partner_code is not null as is_in_agency_list,
        partners.valid_from,
        partners.valid_to,
        coalesce(partners.source, 'US Census Bureau, Schedule C') as source,
        case
            when partners.partner_code is null then 'Not described in the seed yet'
            else partners.note
        end as note
    from partners
    full outer join agency_list
        on partners.partner_code = agency_list.partner_code

)

select * from described
order by partner_code

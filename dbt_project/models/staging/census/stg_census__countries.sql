with landed as (

    select * from {{ landing('countries', [
        source('census', 'countries'),
    ]) }}

),

renamed as (

    select
        partner_code,
        partner_name,
        iso2,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

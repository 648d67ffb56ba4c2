with landed as (

    select * from {{ landing('parties', [
        source('control_lists', 'parties'),
    ]) }}

),

renamed as (

    select
        row_number,
        party_name,
        country,
        reference,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

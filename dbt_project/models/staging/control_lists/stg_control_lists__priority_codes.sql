with landed as (

    select * from {{ landing('priority_codes', [
        source('control_lists', 'chpl_list'),
    ]) }}

),

renamed as (

    select
        row_number,
        hs6,
        tier,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

with landed as (

    select * from {{ landing('eccn_pairs', [
        source('control_lists', 'eccn_pairs'),
    ]) }}

),

renamed as (

    select
        row_number,
        vendor,
        eccn,
        hts_code,
        part_count,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

with landed as (

    select * from {{ landing('eccns', [
        source('ecfr', 'control_list'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        eccn,
        category,
        product_group,
        heading,
        reason_for_control,
        license_exceptions,
        item_text,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

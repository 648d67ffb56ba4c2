with landed as (

    select * from {{ landing('eccn_controls', [
        source('ecfr', 'control_list'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        eccn,
        control_number,
        reason_code,
        control_text,
        requirement_text,
        chart_column,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

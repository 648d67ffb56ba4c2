with landed as (

    select * from {{ landing('chart_cells', [
        source('ecfr', 'country_chart'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        country_name,
        chart_column,
        is_controlled,
        rule_text,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

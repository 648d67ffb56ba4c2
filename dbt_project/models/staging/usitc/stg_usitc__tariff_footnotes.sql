with landed as (

    select * from {{ landing('tariff_footnotes', [
        source('usitc', 'tariff_schedule'),
    ]) }}

),

renamed as (

    select
        revision,
        line_number,
        footnote_number,
        line_columns,
        marker,
        footnote_type,
        footnote_text,
        referenced_codes,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

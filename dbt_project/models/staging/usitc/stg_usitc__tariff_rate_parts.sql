with landed as (

    select * from {{ landing('tariff_rate_parts', [
        source('usitc', 'tariff_schedule'),
    ]) }}

),

renamed as (

    select
        revision,
        rate_text,
        rate_number,
        part_number,
        programmes,
        part_kind,
        part_text,
        ad_valorem_rate,
        specific_amount_usd,
        specific_unit,
        applies_to,
        referenced_codes,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

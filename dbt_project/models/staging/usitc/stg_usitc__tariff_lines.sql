with landed as (

    select * from {{ landing('tariff_lines', [
        source('usitc', 'tariff_schedule'),
    ]) }}

),

renamed as (

    select
        revision,
        line_number,
        hts_number,
        length(hts_number) as hts_digits,
        indent,
        parent_line_number,
        rate_line_number,
        description,
        description_path,
        is_superior,
        unit_1,
        unit_2,
        general_rate_text,
        special_rate_text,
        other_rate_text,
        additional_rate_text,
        quota_quantity,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

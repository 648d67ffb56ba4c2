with landed as (

    select * from {{ landing('goods', [
        source('census', 'imports_annual'),
        source('census', 'exports_annual'),
    ]) }}

),

renamed as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        commodity_system,
        commodity_code,
        value_usd,
        duty_usd,
        general_value_usd,
        dutiable_value_usd,
        charges_usd,
        quantity_1,
        unit_1,
        quantity_2,
        unit_2,
        {{ part_of_export('domestic_value_usd', 'foreign_value_usd') }} as domestic_value_usd,
        {{ part_of_export('foreign_value_usd', 'domestic_value_usd') }} as foreign_value_usd,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

with landed as (

    select * from {{ landing('commodities', [
        source('census', 'import_commodities'),
        source('census', 'export_commodities'),
    ]) }}

),

renamed as (

    select
        commodity_system,
        commodity_code,
        edition_year,
        description,
        short_description,
        unit_1,
        unit_2,
        sitc_code,
        end_use_code,
        naics_code,
        usda_code,
        hitech_code,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

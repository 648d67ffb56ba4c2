with descriptions as (

    select * from {{ ref('stg_census__commodities') }}

),

undescribed as (

    select * from {{ ref('int_commodities_undescribed') }}

),

ranked_descriptions as (

    select
        *,
        row_number() over (
            partition by commodity_system, commodity_code
            order by edition_year desc
        ) as newest_first
    from descriptions

),

described_codes as (

    select
        commodity_system,
        commodity_code,
        description,
        short_description,
        unit_1,
        unit_2,
        sitc_code,
        end_use_code,
        naics_code,
        usda_code,
        hitech_code,
        edition_year,
        true as is_described
    from ranked_descriptions
    where newest_first = 1

),

undescribed_codes as (

    select distinct
        commodity_system,
        commodity_code,
        cast(null as {{ dbt.type_string() }}) as description,
        cast(null as {{ dbt.type_string() }}) as short_description,
        cast(null as {{ dbt.type_string() }}) as unit_1,
        cast(null as {{ dbt.type_string() }}) as unit_2,
        cast(null as {{ dbt.type_string() }}) as sitc_code,
        cast(null as {{ dbt.type_string() }}) as end_use_code,
        cast(null as {{ dbt.type_string() }}) as naics_code,
        cast(null as {{ dbt.type_string() }}) as usda_code,
        cast(null as {{ dbt.type_string() }}) as hitech_code,
        cast(null as integer) as edition_year,
        false as is_described
    from undescribed

),

codes as (

    select * from described_codes
    union all
    select * from undescribed_codes

)

select
    commodity_system,
    commodity_code,
    left(commodity_code, 2) as hs2,
    left(commodity_code, 4) as hs4,
    left(commodity_code, 6) as hs6,
    description,
    short_description,
    unit_1,
    unit_2,
    sitc_code,
    end_use_code,
    naics_code,
    usda_code,
    hitech_code,
    edition_year as description_edition_year,
    is_described
from codes
order by commodity_system, commodity_code

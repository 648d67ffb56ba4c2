with descriptions as (

    select * from {{ ref('stg_census__commodities') }}

),

described_codes as (

    select * from {{ ref('int_commodities_described') }}

),

undescribed_codes as (

    select * from {{ ref('int_commodities_undescribed') }}

),

codes as (

    select
        commodity_system,
        commodity_code
    from described_codes
    union
    select
        commodity_system,
        commodity_code
    from undescribed_codes

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

newest_descriptions as (

    select * from ranked_descriptions
    where newest_first = 1

)

select
    codes.commodity_system,
    codes.commodity_code,
    left(codes.commodity_code, 2) as hs2,
    left(codes.commodity_code, 4) as hs4,
    left(codes.commodity_code, 6) as hs6,
    newest_descriptions.description,
    newest_descriptions.short_description,
    newest_descriptions.unit_1,
    newest_descriptions.unit_2,
    newest_descriptions.sitc_code,
    newest_descriptions.end_use_code,
    newest_descriptions.naics_code,
    newest_descriptions.usda_code,
    newest_descriptions.hitech_code,
    newest_descriptions.edition_year as description_edition_year,
    newest_descriptions.commodity_code is not null as is_described
from codes
left join newest_descriptions
    on
        codes.commodity_system = newest_descriptions.commodity_system
        and codes.commodity_code = newest_descriptions.commodity_code
order by codes.commodity_system, codes.commodity_code

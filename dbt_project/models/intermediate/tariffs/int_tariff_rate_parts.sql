{{ config(materialized='table') }}

select distinct
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
    referenced_codes
from {{ ref('stg_usitc__tariff_rate_parts') }}
order by rate_text, rate_number, part_number

{{ config(materialized='table') }}

-- The rates of a text for special programmes, one by one. Now and then a text names a programme twice.
with rates as (

    select * from {{ ref('int_tariff_rates') }}
    where programmes is not null

)

select distinct
    rate_text,
    rate_number,
    {{ each_part_of('programmes', ',') }} as programme,
    rate_kind,
    ad_valorem_rate,
    specific_amount_usd,
    specific_unit,
    additional_rate
from rates
order by rate_text, rate_number, programme

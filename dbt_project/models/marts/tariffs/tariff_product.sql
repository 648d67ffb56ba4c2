-- Every import code with its class and its ordinary rate, which is that of its first eight digits. A code of
-- which the schedule says nothing (any more) is there without a rate.
with classes as (

    select * from {{ ref('int_tariff_product_classes') }}

),

rates as (

    select * from {{ ref('int_tariff_mfn') }}

)

select
    classes.hts10,
    classes.product_class_id,
    classes.is_ai,
    coalesce(rates.valid_from, horizon.panel_from) as valid_from,
    rates.valid_to,
    rates.general_rate_text as mfn_rate_text,
    rates.mfn_rate,
    coalesce(rates.mfn_basis, 'unknown') as mfn_basis,
    rates.column_2_rate,
    rates.special_rate_text
from classes
cross join {{ ref('tariff_horizon') }} as horizon
left join rates
    on left(classes.hts10, 8) = rates.hts8

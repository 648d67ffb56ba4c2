{{ config(materialized='table') }}

-- The shares that depend on the product: for each code and parameter the row with the longest prefix. Claims
-- of a preference are not among them: they depend on the partner too (int_tariff_claims).
with matches as (

    select
        products.hts10,
        parameters.parameter_id,
        parameters.value,
        parameters.valid_from,
        parameters.valid_to,
        max(length(parameters.hs_prefix))
            over (partition by products.hts10, parameters.parameter_id)
            as longest,
        length(parameters.hs_prefix) as prefix_length
    from {{ ref('tariff_parameter') }} as parameters
    inner join {{ ref('int_tariff_products') }} as products
        on products.hts10 like concat(parameters.hs_prefix, '%')
    where
        parameters.hs_prefix is not null
        and parameters.parameter_id <> 'usmca_share'

)

select
    hts10,
    parameter_id,
    value,
    valid_from,
    valid_to
from matches
where prefix_length = longest

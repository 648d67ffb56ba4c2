{{ config(materialized='table') }}

-- Joined by equality, length by length: `like` would compare each code with each prefix.
with beginnings as (

    select
        products.hts10,
        left(products.hts10, lengths.digits) as hs_prefix
    from {{ ref('int_tariff_products') }} as products
    cross join (values (2), (4), (6), (8), (10)) as lengths (digits)

)

select
    beginnings.hts10,
    members.list_id,
    members.is_partial,
    members.valid_from,
    members.valid_to
from beginnings
inner join {{ ref('tariff_product_list_member') }} as members
    on beginnings.hs_prefix = members.hs_prefix

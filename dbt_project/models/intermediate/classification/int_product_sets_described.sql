{{ config(materialized='table') }}

-- What a period depends on besides its own rows. A code that nobody has described yet is left out: it comes
-- with the rows of the period that trades it first, and changes nothing before.
select
    product_sets.commodity_system,
    product_sets.commodity_code,
    product_sets.valid_from,
    product_sets.valid_to,
    product_sets.is_excluded_chapter,
    product_sets.product_set_id
from {{ ref('int_product_sets') }} as product_sets
inner join {{ ref('int_commodities_described') }} as described
    on
        product_sets.commodity_system = described.commodity_system
        and product_sets.commodity_code = described.commodity_code

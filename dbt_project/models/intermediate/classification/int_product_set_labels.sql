{{ config(materialized='table') }}

select distinct
    product_sets.product_set_id,
    product_sets.is_excluded_chapter,
    labels.classification_id,
    labels.relevance,
    labels.category
from {{ ref('int_product_sets') }} as product_sets
inner join {{ ref('int_labels') }} as labels
    on
        product_sets.commodity_system = labels.commodity_system
        and product_sets.commodity_code = labels.commodity_code
        and product_sets.valid_from = labels.valid_from
order by product_sets.product_set_id, labels.classification_id

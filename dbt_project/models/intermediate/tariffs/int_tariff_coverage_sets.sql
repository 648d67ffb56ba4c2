{{ config(materialized='table') }}

-- Case and class of products, and which set of covered shares they come to. Where no
-- action covers anything there is no row.
with digests as (

    select
        coverage_case_id,
        product_class_id,
        {{ digest_of_texts(
            "concat_ws(' ', action_id, " ~ text_of('share') ~ ", " ~ text_of('share_exempted')
            ~ ", coalesce(exempt_by, '-'), " ~ text_of('is_partial') ~ ")"
        ) }} as digest
    from {{ ref('int_tariff_coverage') }}
    group by coverage_case_id, product_class_id

)

select
    coverage_case_id,
    product_class_id,
    cast(dense_rank() over (order by digest) as integer) as coverage_set_id
from digests

{{ config(materialized='table') }}

-- Codes that are on the same lists on the same days, with the same shares, are treated alike by every action:
-- five hundred classes instead of twenty thousand codes. What holds for the example of a class holds for all
-- of it.
with signs as (

    select
        hts10,
        concat_ws(
            ' ',
            list_id,
            {{ text_of('valid_from') }},
            coalesce({{ text_of('valid_to') }}, '-'),
            {{ text_of('is_partial') }}
        ) as sign
    from {{ ref('int_tariff_product_lists') }}

    union all

    select
        hts10,
        concat_ws(
            ' ',
            parameter_id,
            {{ text_of('value') }},
            {{ text_of('valid_from') }},
            coalesce({{ text_of('valid_to') }}, '-')
        ) as sign
    from {{ ref('int_tariff_product_parameters') }}

),

digests as (

    select
        hts10,
        {{ digest_of_texts('sign') }} as digest
    from signs
    group by hts10

),

ai_products as (

    select distinct commodity_code from {{ ref('ai_product') }}
    where commodity_system = 'hts10'

),

classed as (

    select
        products.hts10,
        ai_products.commodity_code is not null as is_ai,
        min(products.hts10) over (partition by coalesce(digests.digest, '-')) as example_hts10
    from {{ ref('int_tariff_products') }} as products
    left join digests
        on products.hts10 = digests.hts10
    left join ai_products
        on products.hts10 = ai_products.commodity_code

)

select
    hts10,
    cast(dense_rank() over (order by example_hts10) as integer) as product_class_id,
    hts10 = example_hts10 as is_example,
    is_ai,
    max(is_ai) over (partition by example_hts10) as is_ai_class
from classed

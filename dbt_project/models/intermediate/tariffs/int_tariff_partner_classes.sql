{{ config(materialized='table') }}

-- Partners of the same names pay the same rates. What holds for the example of a class holds for all of it.
with digests as (

    select
        scopes.partner_code,
        {{ digest_of_texts(
            "concat_ws(' ', scopes.partner_scope, " ~ text_of('scopes.valid_from') ~ ", " ~ text_of('scopes.valid_to') ~ ")"
        ) }} as digest
    from {{ ref('int_tariff_partner_scopes') }} as scopes
    cross join {{ ref('tariff_horizon') }} as horizon
    where
        scopes.specificity > 1
        and coalesce(scopes.valid_to, horizon.panel_from) >= horizon.panel_from
    group by scopes.partner_code

),

classed as (

    select
        partners.partner_code,
        min(partners.partner_code) over (partition by coalesce(digests.digest, '-')) as example_partner_code
    from {{ ref('partner') }} as partners
    left join digests
        on partners.partner_code = digests.partner_code
    where partners.partner_kind = 'country'

)

select
    partner_code,
    cast(dense_rank() over (order by example_partner_code) as integer) as partner_class_id,
    partner_code = example_partner_code as is_example
from classed

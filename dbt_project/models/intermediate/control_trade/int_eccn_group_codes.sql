{{ config(materialized='table') }}

-- Each code once in each group, with the best that the map says of it. The group any is all of them but what
-- is controlled to embargoed destinations only.
with codes as (

    select
        case commodity_system when 'hts10' then 'import' else 'export' end as flow,
        commodity_code
    from {{ ref('dim_commodity') }}

),

groups as (

    select
        eccn_group,
        flow,
        hs_prefix,
        basis,
        confidence
    from {{ ref('eccn_product_map') }}
    where hs_prefix is not null

    union all

    select
        'any' as eccn_group,
        flow,
        hs_prefix,
        basis,
        confidence
    from {{ ref('eccn_product_map') }}
    where
        hs_prefix is not null
        and eccn_group <> 'anti_terrorism_only'

)

select
    groups.eccn_group,
    codes.flow,
    codes.commodity_code,
    max(case groups.confidence when 'high' then 3 when 'medium' then 2 else 1 end) as confidence_rank,
    max(case when groups.basis = 'vendor' then 1 else 0 end) = 1 as has_vendor_basis
from groups
inner join codes
    on
        codes.commodity_code like concat(groups.hs_prefix, '%')
        and groups.flow in ('both', codes.flow)
group by 1, 2, 3

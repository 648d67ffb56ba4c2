-- The map of control numbers to tariff codes, and what the lists that are loaded say of its rows.
with mapped as (

    select * from {{ ref('eccn_product_map') }}

),

pairs as (

    select
        vendor,
        eccn,
        hts_code,
        part_count
    from {{ ref('stg_control_lists__eccn_pairs') }}
    where hts_code is not null

),

declared as (

    select
        mapped.eccn,
        mapped.hs_prefix,
        mapped.flow,
        mapped.valid_from,
        count(distinct pairs.vendor) as vendor_count,
        cast(sum(pairs.part_count) as bigint) as declared_part_count
    from mapped
    inner join pairs
        on
            (mapped.eccn = pairs.eccn or pairs.eccn like concat(mapped.eccn, '.%'))
            and pairs.hts_code like concat(mapped.hs_prefix, '%')
    group by mapped.eccn, mapped.hs_prefix, mapped.flow, mapped.valid_from

),

tiers as (

    select
        hs6,
        tier
    from {{ ref('stg_control_lists__priority_codes') }}

),

last_entries as (

    select
        eccn,
        max(case when valid_to is null then 1 else 0 end) as is_listed
    from {{ ref('control_list_entry') }}
    group by eccn

)

select
    mapped.eccn,
    coalesce(mapped.hs_prefix, 'none') as hs_prefix,
    mapped.flow,
    mapped.valid_from,
    mapped.valid_to,
    mapped.eccn_group,
    mapped.basis,
    mapped.confidence,
    mapped.part_count,
    declared.declared_part_count,
    declared.vendor_count,
    tiers.tier as priority_tier,
    last_entries.is_listed = 1 as is_listed,
    mapped.source,
    mapped.note
from mapped
left join declared
    on
        mapped.eccn = declared.eccn
        and mapped.hs_prefix = declared.hs_prefix
        and mapped.flow = declared.flow
        and mapped.valid_from = declared.valid_from
left join tiers
    on left(mapped.hs_prefix, 6) = tiers.hs6
left join last_entries
    on left(mapped.eccn, 5) = last_entries.eccn
order by mapped.eccn, mapped.hs_prefix, mapped.flow, mapped.valid_from

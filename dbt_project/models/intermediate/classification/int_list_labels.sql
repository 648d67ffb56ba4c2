with members as (

    select * from {{ ref('int_list_members') }}

),

commodities as (

    select * from {{ ref('dim_commodity') }}

),

segments as (

    select * from {{ ref('int_classification_segments') }}

),

lists as (

    select distinct classification_id from members

),

every_code as (

    select
        lists.classification_id,
        commodities.commodity_system,
        commodities.commodity_code,
        segments.valid_from,
        segments.valid_to
    from lists
    cross join segments
    cross join commodities

),

listed as (

    select
        members.*,
        commodities.commodity_system as code_system,
        commodities.commodity_code,
        segments.valid_from as segment_valid_from,
        row_number() over (
            partition by
                members.classification_id,
                commodities.commodity_system,
                commodities.commodity_code,
                segments.valid_from
            order by length(members.hs_prefix) desc, members.commodity_system asc nulls last
        ) as most_specific_first
    from members
    inner join commodities
        on
            commodities.commodity_code like concat(members.hs_prefix, '%')
            and (members.commodity_system is null or members.commodity_system = commodities.commodity_system)
    inner join segments
        on {{ is_valid_on('segments.valid_from', 'members') }}

)

select
    every_code.*,
    coalesce(listed.relevance, 'Low') as relevance,
    case when listed.hs_prefix is null then 'Not_DC_Related' else listed.category end as category,
    case when listed.hs_prefix is null then 'not_listed' else 'list' end as basis,
    listed.hs_prefix as reference,
    listed.reason
from every_code
left join listed
    on
        every_code.classification_id = listed.classification_id
        and every_code.commodity_system = listed.code_system
        and every_code.commodity_code = listed.commodity_code
        and every_code.valid_from = listed.segment_valid_from
        and listed.most_specific_first = 1

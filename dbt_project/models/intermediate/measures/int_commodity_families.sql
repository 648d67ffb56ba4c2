{{ config(materialized='table') }}

-- Codes between which goods moved in a year or in the year before it: what has to be taken together when a
-- period of the year is compared with the one a year earlier. Whole calendar years, since of some changes
-- only the year is known. Each family goes by its member with the most trade.
with recursive successions as (

    select
        commodity_system,
        old_code,
        new_code,
        cast(extract(year from valid_from) as integer) as changed_in_year
    from {{ ref('commodity_succession') }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_changing_commodity') }}

),

compared_changes as (

    select
        changed_in_year as comparison_year,
        commodity_system,
        old_code,
        new_code
    from successions
    union all
    select
        changed_in_year + 1 as comparison_year,
        commodity_system,
        old_code,
        new_code
    from successions

),

links as (

    select
        comparison_year,
        commodity_system,
        old_code as commodity_code,
        new_code as linked_code
    from compared_changes
    union
    select
        comparison_year,
        commodity_system,
        new_code as commodity_code,
        old_code as linked_code
    from compared_changes

),

-- Every code that can be reached from a code, itself included.
connected as (

    select
        comparison_year,
        commodity_system,
        commodity_code,
        linked_code
    from links

    union

    select
        connected.comparison_year,
        connected.commodity_system,
        connected.commodity_code,
        links.linked_code
    from connected
    inner join links
        on
            connected.comparison_year = links.comparison_year
            and connected.commodity_system = links.commodity_system
            and connected.linked_code = links.commodity_code

),

codes as (

    select distinct
        commodity_system,
        linked_code
    from links

),

traded as (

    select
        codes.commodity_system,
        codes.linked_code,
        sum(goods.value_usd) as value_usd
    from codes
    inner join goods
        on
            codes.commodity_system = goods.commodity_system
            and codes.linked_code = goods.commodity_code
    group by 1, 2

),

ranked as (

    select
        connected.comparison_year,
        connected.commodity_system,
        connected.commodity_code,
        connected.linked_code,
        row_number() over (
            partition by connected.comparison_year, connected.commodity_system, connected.commodity_code
            order by coalesce(traded.value_usd, 0) desc, connected.linked_code asc
        ) as most_traded_first
    from connected
    left join traded
        on
            connected.commodity_system = traded.commodity_system
            and connected.linked_code = traded.linked_code

)

select
    comparison_year,
    commodity_system,
    commodity_code,
    linked_code as family_code
from ranked
where most_traded_first = 1

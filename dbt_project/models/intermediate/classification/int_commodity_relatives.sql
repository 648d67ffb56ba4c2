-- Follows splits, merges and renumberings forwards and backwards; the shortest way counts. Each step lies
-- before the last one (or after it, for successors): numbers are used again for other goods.
with recursive successions as (

    select
        commodity_system,
        old_code,
        new_code,
        valid_from
    from {{ ref('commodity_succession') }}

),

steps as (

    select
        commodity_system,
        new_code as commodity_code,
        old_code as related_code,
        'predecessor' as relation,
        valid_from
    from successions
    union
    select
        commodity_system,
        old_code as commodity_code,
        new_code as related_code,
        'successor' as relation,
        valid_from
    from successions

),

chains as (

    select
        commodity_system,
        commodity_code,
        related_code,
        relation,
        valid_from,
        1 as distance
    from steps

    union

    select
        chains.commodity_system,
        chains.commodity_code,
        steps.related_code,
        chains.relation,
        steps.valid_from,
        chains.distance + 1 as distance
    from chains
    inner join steps
        on
            chains.commodity_system = steps.commodity_system
            and chains.related_code = steps.commodity_code
            and chains.relation = steps.relation
            and case
                when chains.relation = 'predecessor' then chains.valid_from > steps.valid_from
                else chains.valid_from < steps.valid_from
            end

)

select
    commodity_system,
    commodity_code,
    related_code,
    relation,
    min(distance) as distance
from chains
where commodity_code <> related_code
group by 1, 2, 3, 4

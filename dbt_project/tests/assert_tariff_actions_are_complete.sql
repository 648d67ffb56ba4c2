-- Returns actions that charge something and reach no product or no partner, lists that no action uses or that
-- are empty, and classes that displace each other on one day.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_stacking_rule'}}}) }}

with charging as (

    select distinct action_id from {{ ref('tariff_action_rate') }}
    where rate > 0

),

including as (

    select distinct action_id from {{ ref('tariff_action_scope') }}
    where scope_kind = 'include'

),

displacing as (

    select
        stacking_class,
        other_class,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('tariff_stacking_rule') }}
    where effect = 'displaces'

)

select
    actions.action_id as row_key,
    'no rate' as fault
from {{ ref('tariff_action') }} as actions
left join {{ ref('tariff_action_rate') }} as rates
    on actions.action_id = rates.action_id
where rates.action_id is null

union all

select
    charging.action_id as row_key,
    'no product' as fault
from charging
left join including
    on charging.action_id = including.action_id
where including.action_id is null

union all

select
    lists.list_id as row_key,
    'not used by any action' as fault
from {{ ref('tariff_product_list') }} as lists
left join {{ ref('tariff_action_scope') }} as scopes
    on lists.list_id = scopes.list_id
where scopes.list_id is null

union all

select
    lists.list_id as row_key,
    'no members' as fault
from {{ ref('tariff_product_list') }} as lists
left join {{ ref('tariff_product_list_member') }} as members
    on lists.list_id = members.list_id
where
    members.list_id is null
    and lists.list_kind <> 'all'

union all

select
    concat(one.stacking_class, ' ', one.other_class) as row_key,
    'displace each other' as fault
from displacing as one
inner join displacing as other
    on
        one.stacking_class = other.other_class
        and one.other_class = other.stacking_class
        and one.stacking_class < other.stacking_class
        and one.valid_from <= other.valid_to
        and one.valid_to >= other.valid_from

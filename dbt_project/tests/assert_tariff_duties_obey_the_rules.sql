-- Returns duties on a share of the value below 0 or above 1, exemptions that add to a duty, two floors of one
-- authority, and pairs of actions of which one displaces the other and that are both due on more than all of
-- the value.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_duty_part'}}}) }}

with parts as (

    select
        parts.*,
        actions.stacking_class
    from {{ ref('tariff_duty_part') }} as parts
    inner join {{ ref('tariff_action') }} as actions
        on parts.action_id = actions.action_id

),

days as (

    select distinct
        duty_id,
        valid_from as on_day
    from {{ ref('tariff_panel') }}
    union distinct
    select distinct
        claimed_duty_id as duty_id,
        valid_from as on_day
    from {{ ref('tariff_panel') }}

)

select
    duty_id,
    action_id,
    'share out of bounds' as fault
from parts
where
    share < 0
    or share > 1
    or share_exempted < 0
    or share + share_exempted > 1

union all

select
    duty_id,
    authority as action_id,
    'two floors' as fault
from parts
where rate_kind = 'floor'
group by duty_id, authority
having count(distinct rate) > 1

union all

select
    upper.duty_id,
    concat(upper.action_id, ' and ', lower.action_id) as action_id,
    'both due on the same value' as fault
from days
inner join parts as upper
    on days.duty_id = upper.duty_id
inner join parts as lower
    on
        upper.duty_id = lower.duty_id
        and upper.action_id <> lower.action_id
inner join {{ ref('tariff_stacking_rule') }} as rules
    on
        upper.stacking_class = rules.stacking_class
        and lower.stacking_class = rules.other_class
        and rules.effect in ('displaces', 'highest')
        and {{ is_valid_on('days.on_day', 'rules') }}
where upper.share + lower.share > 1.00000002

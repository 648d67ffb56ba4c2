{{ config(materialized='table') }}

-- What a partner is to an event: a target, an ally (of a trusted tier), a third country, or embargoed anyway.
-- The rules leave trusted partners out of the groups D that they name: those are targets only by their names.
with tokens as (

    select
        event_id,
        effective_on,
        {{ each_part_of("targets", " ") }} as target_name
    from {{ ref('export_control_event') }}
    where targets is not null

),

targets as (

    select
        tokens.event_id,
        members.partner_code,
        max(case when members.member_kind = 'country_group' then 0 else 1 end) = 1 as is_named
    from tokens
    inner join {{ ref('int_destination_members_dated') }} as members
        on
            {{ is_valid_on('tokens.effective_on', 'members') }}
            and (
                tokens.target_name = members.member and members.member_kind in ('country', 'country_group')
                or tokens.target_name = 'ALL' and members.member_kind = 'all'
            )
    group by 1, 2

)

select
    events.event_id,
    tiers.partner_code,
    tiers.trust_tier,
    case
        when tiers.trust_tier = 'embargoed' then 'embargoed'
        when targets.is_named then 'target'
        when tiers.trust_tier in ('trusted', 'trusted_with_conditions') then 'ally'
        when targets.partner_code is not null then 'target'
        else 'third'
    end as partner_role
from {{ ref('export_control_event') }} as events
inner join {{ ref('partner_tier') }} as tiers
    on
        tiers.scheme = 'ear'
        and {{ is_valid_on('events.effective_on', 'tiers') }}
left join targets
    on
        events.event_id = targets.event_id
        and tiers.partner_code = targets.partner_code

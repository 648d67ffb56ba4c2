{{ config(materialized='table') }}

-- Which tier a partner is in, and which row of the rules says so.
with candidates as (

    select
        rules.scheme,
        members.partner_code,
        rules.priority,
        rules.trust_tier,
        rules.member_kind,
        rules.member,
        rules.source,
        greatest(rules.valid_from, members.valid_from) as valid_from,
        least(rules.valid_to, members.valid_to) as valid_to,
        members.valid_from_known
    from {{ ref('trust_tier_rule') }} as rules
    inner join {{ ref('int_destination_members_dated') }} as members
        on
            rules.member_kind = members.member_kind
            and rules.member = members.member
            and rules.valid_from <= coalesce(members.valid_to, cast('9999-12-31' as date))
            and members.valid_from <= coalesce(rules.valid_to, cast('9999-12-31' as date))

),

tiers as (

    {{ intervals_by_priority('candidates', ['scheme', 'partner_code'],
        ['trust_tier', 'priority', 'member_kind', 'member', 'source', 'valid_from_known']) }}

)

select
    tiers.scheme,
    tiers.partner_code,
    tiers.valid_from,
    tiers.valid_to,
    tiers.trust_tier,
    partners.partner_name,
    partners.iso2,
    tiers.member_kind,
    tiers.member,
    tiers.priority,
    tiers.valid_from_known,
    tiers.scheme = 'ai_diffusion' as is_historical,
    tiers.source
from tiers
inner join {{ ref('dim_partner') }} as partners
    on tiers.partner_code = partners.partner_code
order by tiers.scheme, tiers.partner_code, tiers.valid_from

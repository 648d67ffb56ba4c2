-- Which tier a partner is in, and which row of the rules says so.
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
from {{ ref('int_partner_tiers_dated') }} as tiers
inner join {{ ref('dim_partner') }} as partners
    on tiers.partner_code = partners.partner_code
order by tiers.scheme, tiers.partner_code, tiers.valid_from

-- Returns members that are not countries: a group inside a group would be counted twice.
{{ config(meta={'dagster': {'ref': {'name': 'partner_group_member'}}}) }}

select
    members.group_code,
    members.partner_code,
    partners.partner_kind
from {{ ref('partner_group_member') }} as members
inner join {{ ref('partner') }} as partners
    on members.partner_code = partners.partner_code
where partners.partner_kind <> 'country'

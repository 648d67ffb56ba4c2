with members as (

    select * from {{ ref('partner_group_member') }}

),

partner_groups as (

    select * from {{ ref('partner_group') }}

)

select
    members.group_code,
    partner_groups.group_name,
    members.partner_code,
    partner_groups.substitutes_duty,
    members.valid_from,
    members.valid_to,
    members.source,
    members.note
from members
inner join partner_groups
    on members.group_code = partner_groups.group_code
order by members.group_code, members.partner_code, members.valid_from

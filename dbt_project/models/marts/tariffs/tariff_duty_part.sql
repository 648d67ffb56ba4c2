select distinct
    duties.duty_id,
    duties.action_id,
    actions.authority,
    actions.title,
    duties.heading,
    cast(duties.rate as decimal(6, 4)) as rate,
    duties.rate_kind,
    duties.share,
    duties.share_exempted,
    duties.exempt_by,
    duties.is_partial
from {{ ref('int_tariff_duty_sets') }} as duties
inner join {{ ref('tariff_action') }} as actions
    on duties.action_id = actions.action_id

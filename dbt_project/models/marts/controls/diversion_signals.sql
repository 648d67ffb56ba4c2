-- What changed more after a tightening event than it did with other partners: worth a look, and no proof.
select
    scores.event_id,
    scores.eccn_group,
    scores.signal,
    scores.partner_code,
    partners.partner_name,
    coalesce(partner_roles.partner_role, 'third') as partner_role,
    scores.before_usd,
    scores.after_usd,
    scores.measure,
    scores.middle as usual_measure,
    scores.score,
    case scores.signal
        when 'growth'
            then concat(
                'exports to ', partners.partner_name, ' went from ',
                {{ text_of('round(scores.before_usd / 1000000.0, 1)') }}, ' to ',
                {{ text_of('round(scores.after_usd / 1000000.0, 1)') }}, ' million dollars (',
                'growth of ', {{ percent('exp(scores.measure) - 1') }},
                ' or more), those to the median partner by ', {{ percent('exp(scores.middle) - 1') }}
            )
        when 'unit_value'
            then concat(
                'the price per unit of exports to ', partners.partner_name, ' changed by ',
                {{ percent('exp(scores.measure) - 1') }}, ', that of the median partner by ',
                {{ percent('exp(scores.middle) - 1') }}
            )
        when 're_export_share'
            then concat(
                'foreign goods in exports to ', partners.partner_name, ' changed by ',
                {{ percent('scores.measure') }}, ' of them, with the median partner by ',
                {{ percent('scores.middle') }}
            )
        when 'partner_trade'
            then concat(
                'what ', partners.partner_name, ' exports to the targets went from ',
                {{ percent('scores.before_ratio') }}, ' to ', {{ percent('scores.after_ratio') }},
                ' of what it imports, with the median partner it changed by ', {{ percent('scores.middle') }}
            )
        else concat(
            'imports that ', partners.partner_name, ' reports went from ',
            {{ percent('scores.before_ratio') }}, ' to ', {{ percent('scores.after_ratio') }},
            ' of our exports to it, freight taken off, with the median partner they changed by ',
            {{ percent('exp(scores.middle) - 1') }}
        )
    end as explanation
from {{ ref('int_diversion_scores') }} as scores
left join {{ ref('int_control_event_partners') }} as partner_roles
    on
        scores.event_id = partner_roles.event_id
        and scores.partner_code = partner_roles.partner_code
inner join {{ ref('dim_partner') }} as partners
    on scores.partner_code = partners.partner_code
where
    scores.is_event
    and scores.is_signal
    and coalesce(partner_roles.partner_role, 'third') in ('ally', 'third')
order by scores.event_id, scores.eccn_group, scores.signal, scores.partner_code

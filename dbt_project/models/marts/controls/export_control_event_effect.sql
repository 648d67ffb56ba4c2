-- Exports before and after each event, by what partners are to it. A row says why where it has no figure.
with events as (

    select
        affected.event_id,
        affected.eccn_group,
        affected.event_month,
        affected.window_months,
        affected.months_before,
        affected.months_after,
        events.title,
        events.effective_on,
        events.direction,
        events.status,
        events.evidence
    from {{ ref('int_control_event_groups') }} as affected
    inner join {{ ref('export_control_event') }} as events
        on affected.event_id = events.event_id
    where affected.is_event

),

partner_roles as (

    select
        event_id,
        partner_role,
        count(*) as partner_count
    from {{ ref('int_control_event_partners') }}
    where partner_role <> 'embargoed'
    group by event_id, partner_role

),

-- Other events whose month lies in the windows, of the group or of any: their effects cannot be told apart.
neighbours as (

    select
        events.event_id,
        events.eccn_group,
        count(distinct neighbouring.event_id) as overlapping_event_count
    from events
    inner join events as neighbouring
        on
            (
                events.eccn_group = neighbouring.eccn_group
                or 'any' in (events.eccn_group, neighbouring.eccn_group)
            )
            and events.event_id <> neighbouring.event_id
            and abs(date_diff('month', events.event_month, neighbouring.event_month)) <= events.window_months
    group by events.event_id, events.eccn_group

),

averages as (

    select
        event_id,
        eccn_group,
        partner_role,
        avg(case when not is_after then value_usd end) as before_usd_a_month,
        avg(case when is_after then value_usd end) as after_usd_a_month
    from {{ ref('int_control_event_series') }}
    where is_in_window
    group by event_id, eccn_group, partner_role

)

select
    events.event_id,
    events.eccn_group,
    partner_roles.partner_role,
    events.title,
    events.effective_on,
    events.direction,
    events.status,
    events.evidence,
    partner_roles.partner_count,
    events.window_months,
    events.months_before,
    events.months_after,
    coalesce(neighbours.overlapping_event_count, 0) as overlapping_event_count,
    averages.before_usd_a_month,
    averages.after_usd_a_month,
    averages.after_usd_a_month - averages.before_usd_a_month as change_usd_a_month,
    {{ ratio('averages.after_usd_a_month', 'averages.before_usd_a_month') }} - 1 as growth,
    case partner_roles.partner_role when 'target' then 'ally and third' when 'ally' then 'third' end
        as compared_with,
    estimates.did_log_points,
    estimates.did_standard_error,
    exp(estimates.did_log_points) - 1 as did_effect,
    exp(estimates.did_low) - 1 as did_effect_low,
    exp(estimates.did_high) - 1 as did_effect_high,
    estimates.did_p_value,
    estimates.quiet_p_value,
    estimates.quiet_date_count,
    estimates.pre_trend_log_points,
    estimates.pre_trend_p_value,
    case
        when estimates.pre_trend_p_value is null then 'not_known'
        when estimates.pre_trend_p_value < 0.05 then 'diverging'
        else 'parallel'
    end as pre_trend,
    case
        when averages.event_id is null
            then concat(
                'exports to all partners are covered in ', events.months_before, ' of ',
                events.window_months, ' months before the event and in ', events.months_after, ' of ',
                events.window_months, ' after it'
            )
        when partner_roles.partner_role = 'third' then 'third countries are what others are compared with'
        else estimates.reason
    end as reason
from events
inner join partner_roles
    on events.event_id = partner_roles.event_id
left join neighbours
    on
        events.event_id = neighbours.event_id
        and events.eccn_group = neighbours.eccn_group
left join averages
    on
        events.event_id = averages.event_id
        and events.eccn_group = averages.eccn_group
        and partner_roles.partner_role = averages.partner_role
left join {{ ref('int_control_event_estimates') }} as estimates
    on
        events.event_id = estimates.event_id
        and events.eccn_group = estimates.eccn_group
        and partner_roles.partner_role = estimates.partner_role
order by events.event_id, events.eccn_group, partner_roles.partner_role

-- Whose share in exports of a group moved after a tightening event; export_control_event_coverage says of
-- which events it could not be measured.
with dates as (

    select
        affected.event_id,
        affected.eccn_group
    from {{ ref('int_control_event_groups') }} as affected
    inner join {{ ref('export_control_event') }} as events
        on affected.event_id = events.event_id
    where
        affected.is_event
        and events.direction = 'tightening'

),

windows as (

    select
        windows.event_id,
        windows.eccn_group,
        windows.partner_code,
        windows.before_usd,
        windows.after_usd,
        coalesce(partner_roles.partner_role, 'third') as partner_role,
        {{ ratio('windows.before_usd', 'sum(windows.before_usd) over whole') }} as share_before,
        {{ ratio('windows.after_usd', 'sum(windows.after_usd) over whole') }} as share_after
    from {{ ref('int_control_event_windows') }} as windows
    inner join dates
        on
            windows.event_id = dates.event_id
            and windows.eccn_group = dates.eccn_group
    left join {{ ref('int_control_event_partners') }} as partner_roles
        on
            windows.event_id = partner_roles.event_id
            and windows.partner_code = partner_roles.partner_code
    window whole as (partition by windows.event_id, windows.eccn_group)

),

moved as (

    select
        *,
        share_after - share_before as share_moved,
        -sum(case when partner_role = 'target' then share_after - share_before else 0 end) over whole
            as share_lost_by_targets,
        rank() over (
            partition by event_id, eccn_group, partner_role = 'target'
            order by share_after - share_before desc, partner_code
        ) as gain_rank
    from windows
    window whole as (partition by event_id, eccn_group)

)

select
    moved.event_id,
    moved.eccn_group,
    moved.partner_code,
    partners.partner_name,
    moved.partner_role,
    moved.before_usd,
    moved.after_usd,
    moved.share_before,
    moved.share_after,
    moved.share_moved,
    case when moved.share_moved is not null then moved.share_lost_by_targets end as share_lost_by_targets,
    case
        when moved.share_lost_by_targets > 0 and moved.partner_role <> 'target'
            then moved.share_moved / moved.share_lost_by_targets
    end as share_of_loss_gained,
    case when moved.partner_role <> 'target' and moved.share_moved is not null then moved.gain_rank end
        as gain_rank,
    case
        when moved.share_before is null then 'no exports of the group before the event'
        when moved.share_after is null then 'no exports of the group after the event'
        when moved.share_lost_by_targets <= 0 then 'the targets lost no share'
    end as reason
from moved
inner join {{ ref('dim_partner') }} as partners
    on moved.partner_code = partners.partner_code
order by moved.event_id, moved.eccn_group, moved.partner_code

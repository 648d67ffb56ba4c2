-- What changed more after a tightening event than it did with other partners: worth a look, and no proof. A
-- score is the distance from the median of all partners, in units of their median distance from it.
with parameters as (

    select
        max(value) filter (where parameter_id = 'minimum_trade_usd') as minimum_usd,
        max(value) filter (where parameter_id = 'signal_threshold') as threshold
    from {{ ref('export_control_parameter') }}

),

dates as (

    select
        affected.event_id,
        affected.eccn_group,
        affected.event_month,
        affected.window_months,
        affected.months_before,
        affected.months_after,
        affected.is_event
    from {{ ref('int_control_event_groups') }} as affected
    left join {{ ref('export_control_event') }} as events
        on affected.event_id = events.event_id
    where
        not affected.is_event
        or events.direction = 'tightening'

),

-- Small flows jump: one side has to reach the least trade, and the other one counts as that much at least, so
-- that a flow that was none before is one that grew.
windows as (

    select
        windows.*,
        parameters.minimum_usd * dates.window_months as least_usd
    from {{ ref('int_control_event_windows') }} as windows
    inner join dates
        on
            windows.event_id = dates.event_id
            and windows.eccn_group = dates.eccn_group
    cross join parameters
    where greatest(windows.after_usd, windows.before_usd) >= parameters.minimum_usd * dates.window_months

),

measures as (

    select
        event_id,
        eccn_group,
        is_event,
        partner_code,
        'growth' as signal,
        ln(greatest(after_usd, least_usd) / greatest(before_usd, least_usd)) as measure,
        before_usd,
        after_usd
    from windows

    union all

    select
        event_id,
        eccn_group,
        is_event,
        partner_code,
        'unit_value' as signal,
        unit_value_log_change as measure,
        before_usd,
        after_usd
    from windows
    where
        unit_value_log_change is not null
        and least(before_usd, after_usd) >= least_usd

    union all

    select
        event_id,
        eccn_group,
        is_event,
        partner_code,
        're_export_share' as signal,
        after_foreign_share - before_foreign_share as measure,
        before_usd,
        after_usd
    from windows
    where
        after_foreign_share - before_foreign_share is not null
        and least(before_usd, after_usd) >= least_usd

),

centred as (

    select
        *,
        median(measure) over whole as middle,
        count(*) over whole as partner_count
    from measures
    window whole as (partition by event_id, eccn_group, signal)

),

spread as (

    select
        *,
        1.4826 * median(abs(measure - middle)) over (partition by event_id, eccn_group, signal) as typical
    from centred

),

-- Fewer than ten partners say little about what is usual.
scored as (

    select
        *,
        case when typical > 0 and partner_count >= 10 then (measure - middle) / typical end as score
    from spread

),

flagged as (

    select
        scored.*,
        case scored.signal
            when 'unit_value' then abs(scored.score) > parameters.threshold
            else scored.score > parameters.threshold
        end as is_signal
    from scored
    cross join parameters
    where scored.score is not null

),

-- How often the same rule raises an alarm where nothing happened.
alarms as (

    select
        eccn_group,
        signal,
        avg(case when is_signal then 1.0 else 0.0 end) as false_alarm_rate,
        count(distinct event_id) as quiet_date_count
    from flagged
    where not is_event
    group by eccn_group, signal

),

partner_roles as (

    select
        event_id,
        partner_code,
        partner_role
    from {{ ref('int_control_event_partners') }}

),

raised as (

    select
        flagged.*,
        coalesce(partner_roles.partner_role, 'third') as partner_role
    from flagged
    left join partner_roles
        on
            flagged.event_id = partner_roles.event_id
            and flagged.partner_code = partner_roles.partner_code
    where
        flagged.is_event
        and flagged.is_signal
        and coalesce(partner_roles.partner_role, 'third') in ('ally', 'third')

),

kinds as (

    select
        'growth' as signal,
        {{ no_text() }} as reason
    union all
    select
        'unit_value' as signal,
        'no exports with quantities in the same unit before and after' as reason
    union all
    select
        're_export_share' as signal,
        'the foreign part of exports is not served' as reason
    union all
    select
        'partner_trade' as signal,
        'trade of partners with each other is not loaded' as reason
    union all
    select
        'mirror_gap' as signal,
        'imports as partners report them are not loaded' as reason

),

measured as (

    select
        event_id,
        eccn_group,
        signal,
        count(*) as scored_count
    from flagged
    where is_event
    group by event_id, eccn_group, signal

)

select
    dates.event_id,
    dates.eccn_group,
    kinds.signal,
    coalesce(raised.partner_code, '-') as partner_code,
    partners.partner_name,
    raised.partner_role,
    raised.before_usd,
    raised.after_usd,
    raised.measure,
    raised.middle as usual_measure,
    raised.score,
    parameters.threshold,
    alarms.false_alarm_rate,
    coalesce(alarms.quiet_date_count, 0) as quiet_date_count,
    case
        when kinds.signal in ('partner_trade', 'mirror_gap') then 'not_measured'
        when dates.months_before + dates.months_after < 2 * dates.window_months then 'not_measured'
        when measured.event_id is null then 'not_measured'
        when raised.event_id is null then 'none'
        else 'signal'
    end as status,
    case
        when kinds.signal in ('partner_trade', 'mirror_gap') then kinds.reason
        when dates.months_before + dates.months_after < 2 * dates.window_months
            then concat(
                'exports to all partners are covered in ', dates.months_before + dates.months_after, ' of ',
                2 * dates.window_months, ' months around the event'
            )
        when measured.event_id is null
            then coalesce(kinds.reason, 'fewer than ten partners trade enough')
        when raised.event_id is null
            then concat('nothing beyond the threshold among ', measured.scored_count, ' partners')
        when kinds.signal = 'growth'
            then concat(
                'exports to ', partners.partner_name, ' went from ',
                {{ text_of('round(raised.before_usd / 1000000.0, 1)') }}, ' to ',
                {{ text_of('round(raised.after_usd / 1000000.0, 1)') }}, ' million dollars (',
                'growth of ', {{ percent('exp(raised.measure) - 1') }},
                ' or more), those to the median partner by ', {{ percent('exp(raised.middle) - 1') }}
            )
        when kinds.signal = 'unit_value'
            then concat(
                'the price per unit of exports to ', partners.partner_name, ' changed by ',
                {{ percent('exp(raised.measure) - 1') }}, ', that of the median partner by ',
                {{ percent('exp(raised.middle) - 1') }}
            )
        else concat(
            'foreign goods in exports to ', partners.partner_name, ' changed by ',
            {{ percent('raised.measure') }}, ' of them, with the median partner by ',
            {{ percent('raised.middle') }}
        )
    end as explanation
from dates
cross join kinds
cross join parameters
left join measured
    on
        dates.event_id = measured.event_id
        and dates.eccn_group = measured.eccn_group
        and kinds.signal = measured.signal
left join raised
    on
        dates.event_id = raised.event_id
        and dates.eccn_group = raised.eccn_group
        and kinds.signal = raised.signal
left join alarms
    on
        dates.eccn_group = alarms.eccn_group
        and kinds.signal = alarms.signal
inner join {{ ref('dim_partner') }} as partners
    on coalesce(raised.partner_code, '-') = partners.partner_code
where dates.is_event
order by dates.event_id, dates.eccn_group, kinds.signal, partner_code

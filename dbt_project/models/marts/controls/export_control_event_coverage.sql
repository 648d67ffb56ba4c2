-- What could be measured about a tightening event, on which data it stands, and why where it could not.
with events as (

    select
        affected.event_id,
        affected.eccn_group,
        affected.window_months,
        affected.months_before,
        affected.months_after,
        extract(year from affected.event_month) as event_year,
        affected.months_before + affected.months_after = 2 * affected.window_months as is_covered
    from {{ ref('int_control_event_groups') }} as affected
    inner join {{ ref('export_control_event') }} as events
        on affected.event_id = events.event_id
    where
        affected.is_event
        and events.direction = 'tightening'

),

kinds as (

    select
        'redirection' as signal,
        false as is_reported,
        'no exports of the group around the event' as otherwise
    union all
    select
        'growth' as signal,
        false as is_reported,
        'fewer than ten partners trade enough' as otherwise
    union all
    select
        'unit_value' as signal,
        false as is_reported,
        'fewer than ten partners trade enough with quantities in one unit before and after' as otherwise
    union all
    select
        're_export_share' as signal,
        false as is_reported,
        'the foreign part of exports is not served, or fewer than ten partners trade enough' as otherwise
    union all
    select
        'partner_trade' as signal,
        true as is_reported,
        'report imports and exports of the group in both years, and ten are needed' as otherwise
    union all
    select
        'mirror_gap' as signal,
        true as is_reported,
        'report imports of the group in both years, with exports of ours in both, and ten are needed'
            as otherwise
),

found as (

    select
        event_id,
        eccn_group,
        signal,
        count(*) as partner_count,
        count(score) as scored_count,
        count(*) filter (where is_signal) as flagged_count
    from {{ ref('int_diversion_scores') }}
    where is_event
    group by event_id, eccn_group, signal

    union all

    select
        event_id,
        eccn_group,
        'redirection' as signal,
        count(*) as partner_count,
        count(*) as scored_count,
        cast(null as bigint) as flagged_count
    from {{ ref('export_redirection') }}
    group by event_id, eccn_group

),

-- How often the same rule raises an alarm where nothing happened.
alarms as (

    select
        eccn_group,
        signal,
        avg(case when is_signal then 1.0 else 0.0 end) as false_alarm_rate,
        count(distinct event_id) as quiet_date_count
    from {{ ref('int_diversion_scores') }}
    where
        not is_event
        and score is not null
    group by eccn_group, signal

),

reported_years as (

    select
        count(*) as row_count,
        min(trade_year) as first_year,
        max(trade_year) as last_year
    from {{ ref('stg_comtrade__partner_trade') }}

),

parameters as (

    select value as threshold
    from {{ ref('export_control_parameter') }}
    where parameter_id = 'signal_threshold'

)

select
    events.event_id,
    events.eccn_group,
    kinds.signal,
    case
        when not kinds.is_reported and not events.is_covered then 'not_measured'
        when coalesce(found.scored_count, 0) = 0 then 'not_measured'
        else 'measured'
    end as status,
    case
        when kinds.is_reported
            then concat(
                'trade that partners report of ', {{ text_of('events.event_year - 1') }}, ' and ',
                {{ text_of('events.event_year + 1') }}
            )
        else concat(
            'exports to all partners, covered in ', events.months_before + events.months_after, ' of ',
            2 * events.window_months, ' months around the event'
        )
    end as coverage,
    coalesce(found.partner_count, 0) as partner_count,
    case when found.scored_count > 0 then found.flagged_count end as flagged_count,
    case when kinds.signal <> 'redirection' then parameters.threshold end as threshold,
    alarms.false_alarm_rate,
    coalesce(alarms.quiet_date_count, 0) as quiet_date_count,
    case
        when kinds.is_reported and reported_years.row_count = 0
            then 'what partners report of their own trade is not loaded'
        when not kinds.is_reported and not events.is_covered
            then concat(
                'exports to all partners are covered in ', events.months_before + events.months_after, ' of ',
                2 * events.window_months, ' months around the event'
            )
        when coalesce(found.scored_count, 0) > 0 then {{ no_text() }}
        when
            kinds.is_reported
            and not (
                reported_years.first_year < events.event_year and reported_years.last_year > events.event_year
            )
            then concat(
                'what partners report is loaded from ', reported_years.first_year, ' to ',
                reported_years.last_year
            )
        when kinds.is_reported then concat(coalesce(found.partner_count, 0), ' partners ', kinds.otherwise)
        else kinds.otherwise
    end as reason
from events
cross join kinds
cross join parameters
cross join reported_years
left join found
    on
        events.event_id = found.event_id
        and events.eccn_group = found.eccn_group
        and kinds.signal = found.signal
left join alarms
    on
        events.eccn_group = alarms.eccn_group
        and kinds.signal = alarms.signal
order by events.event_id, events.eccn_group, kinds.signal

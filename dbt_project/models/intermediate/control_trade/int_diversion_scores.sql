{{ config(materialized='table') }}

-- How far a partner is from what is usual after a tightening event: a score is the distance from the median
-- of all partners, in units of their median distance from it. The same at dates without an event says how
-- often the rule alarms where nothing happened.
with parameters as (

    select
        max(value) filter (where parameter_id = 'minimum_trade_usd') as minimum_usd,
        max(value) filter (where parameter_id = 'signal_threshold') as threshold,
        max(value) filter (where parameter_id = 'cif_fob_ratio') as freight_share
    from {{ ref('export_control_parameter') }}

),

dates as (

    select
        affected.event_id,
        affected.eccn_group,
        affected.event_month,
        affected.window_months,
        affected.is_event,
        extract(year from affected.event_month) as event_year
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

-- Partners report whole years: the last one before the year of an event and the first one after it are
-- compared, and years without a tightening event in them or beside them say what is usual.
product_groups as (

    select distinct eccn_group
    from dates

),

years as (

    select
        event_id,
        eccn_group,
        is_event,
        event_year
    from dates
    where is_event

    union

    select
        concat('quiet ', {{ text_of('trade.trade_year') }}) as event_id,
        product_groups.eccn_group,
        false as is_event,
        trade.trade_year as event_year
    from {{ ref('stg_comtrade__partner_trade') }} as trade
    cross join product_groups
    where not exists (
        select 1
        from dates
        where
            dates.is_event
            and (
                product_groups.eccn_group = dates.eccn_group
                or 'any' in (product_groups.eccn_group, dates.eccn_group)
            )
            and abs(dates.event_year - trade.trade_year) <= 1
    )

),

-- By ISO code from the service, by name from a prepared table.
countries as (

    select
        iso3 as reported_name,
        min(partner_code) as partner_code
    from {{ ref('partner') }}
    where
        partner_kind = 'country'
        and iso3 is not null
    group by iso3
    having count(*) = 1

    union

    select
        aliases.alias as reported_name,
        aliases.partner_code
    from {{ ref('partner_alias') }} as aliases
    inner join {{ ref('partner') }} as partners
        on
            aliases.partner_code = partners.partner_code
            and partners.partner_kind = 'country'

),

-- The service goes before a prepared table. Freight and insurance come off imports, to compare with exports;
-- whole dollars, whose sums do not depend on the order in which they are added.
reported as (

    select
        trade.trade_year,
        trade.trade_flow,
        trade.hs6,
        reporters.partner_code as reporter_code,
        partners.partner_code,
        cast(round(
            trade.value_usd / case trade.valuation when 'cif' then 1 + parameters.freight_share else 1 end
        ) as bigint) as value_usd
    from {{ ref('stg_comtrade__partner_trade') }} as trade
    cross join parameters
    inner join countries as reporters
        on upper(trade.reporter) = reporters.reported_name
    left join countries as partners
        on upper(trade.partner) = partners.reported_name
    where
        not trade.is_prepared
        or trade.trade_year not in (
            select served.trade_year
            from {{ ref('stg_comtrade__partner_trade') }} as served
            where not served.is_prepared
        )

),

-- A reporter without any row of a code and flow in a year has not reported it.
by_code as (

    select
        reporter_code,
        hs6,
        trade_year,
        sum(case when trade_flow = 'import' then value_usd end) as imports_usd,
        sum(case when trade_flow = 'export' then value_usd end) as exports_usd,
        sum(
            case
                when trade_flow = 'import' and partner_code = '{{ var("reporter_code") }}' then value_usd
                else 0
            end
        ) as imports_from_us_usd
    from reported
    group by reporter_code, hs6, trade_year

),

ours as (

    select
        partner_code,
        left(commodity_code, 6) as hs6,
        extract(year from period_start) as trade_year,
        sum(value_usd) as exports_usd
    from {{ ref('int_controlled_goods') }}
    where
        flow = 'export'
        and period_grain = 'year'
    group by 1, 2, 3

),

targets as (

    select distinct
        years.event_id,
        years.eccn_group,
        partner_roles.partner_code
    from years
    inner join dates
        on
            years.eccn_group = dates.eccn_group
            and dates.is_event
            and (years.event_id = dates.event_id or not years.is_event)
    inner join {{ ref('int_control_event_partners') }} as partner_roles
        on
            dates.event_id = partner_roles.event_id
            and partner_roles.partner_role = 'target'

),

onward as (

    select
        targets.event_id,
        targets.eccn_group,
        reported.reporter_code,
        reported.hs6,
        reported.trade_year,
        sum(reported.value_usd) as value_usd
    from reported
    inner join targets
        on reported.partner_code = targets.partner_code
    where reported.trade_flow = 'export'
    group by 1, 2, 3, 4, 5

),

codes as (

    select distinct
        eccn_group,
        left(commodity_code, 6) as hs6
    from {{ ref('int_eccn_group_codes') }}

),

-- Like is compared with like: the codes that a partner reports in both years.
partner_years as (

    select
        years.event_id,
        years.eccn_group,
        years.is_event,
        earlier.reporter_code as partner_code,
        count(earlier.exports_usd + later.exports_usd) = count(*) as reports_exports,
        sum(earlier.imports_usd) as imports_before,
        sum(later.imports_usd) as imports_after,
        sum(earlier.imports_from_us_usd) as mirrored_before,
        sum(later.imports_from_us_usd) as mirrored_after,
        sum(ours_before.exports_usd) as ours_before,
        sum(ours_after.exports_usd) as ours_after,
        coalesce(sum(onward_before.value_usd), 0) as onward_before,
        coalesce(sum(onward_after.value_usd), 0) as onward_after
    from years
    inner join codes
        on years.eccn_group = codes.eccn_group
    inner join by_code as earlier
        on
            codes.hs6 = earlier.hs6
            and years.event_year - 1 = earlier.trade_year
            and earlier.imports_usd is not null
    inner join by_code as later
        on
            codes.hs6 = later.hs6
            and earlier.reporter_code = later.reporter_code
            and years.event_year + 1 = later.trade_year
            and later.imports_usd is not null
    left join ours as ours_before
        on
            earlier.reporter_code = ours_before.partner_code
            and earlier.hs6 = ours_before.hs6
            and earlier.trade_year = ours_before.trade_year
    left join ours as ours_after
        on
            later.reporter_code = ours_after.partner_code
            and later.hs6 = ours_after.hs6
            and later.trade_year = ours_after.trade_year
    left join onward as onward_before
        on
            years.event_id = onward_before.event_id
            and years.eccn_group = onward_before.eccn_group
            and earlier.reporter_code = onward_before.reporter_code
            and earlier.hs6 = onward_before.hs6
            and earlier.trade_year = onward_before.trade_year
    left join onward as onward_after
        on
            years.event_id = onward_after.event_id
            and years.eccn_group = onward_after.eccn_group
            and later.reporter_code = onward_after.reporter_code
            and later.hs6 = onward_after.hs6
            and later.trade_year = onward_after.trade_year
    group by 1, 2, 3, 4

),

large as (

    select
        partner_years.*,
        12 * parameters.minimum_usd as least_usd
    from partner_years
    cross join parameters
    where
        least(partner_years.imports_before, partner_years.imports_after) >= 12 * parameters.minimum_usd

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
        after_usd,
        cast(null as double) as before_ratio,
        cast(null as double) as after_ratio
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
        after_usd,
        cast(null as double) as before_ratio,
        cast(null as double) as after_ratio
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
        after_usd,
        before_foreign_share as before_ratio,
        after_foreign_share as after_ratio
    from windows
    where
        after_foreign_share - before_foreign_share is not null
        and least(before_usd, after_usd) >= least_usd

    union all

    select
        event_id,
        eccn_group,
        is_event,
        partner_code,
        'partner_trade' as signal,
        onward_after / imports_after - onward_before / imports_before as measure,
        cast(round(onward_before) as bigint) as before_usd,
        cast(round(onward_after) as bigint) as after_usd,
        onward_before / imports_before as before_ratio,
        onward_after / imports_after as after_ratio
    from large
    where
        reports_exports
        and partner_code <> '{{ var("reporter_code") }}'

    union all

    select
        event_id,
        eccn_group,
        is_event,
        partner_code,
        'mirror_gap' as signal,
        ln(greatest(mirrored_after, least_usd) / greatest(ours_after, least_usd))
        - ln(greatest(mirrored_before, least_usd) / greatest(ours_before, least_usd)) as measure,
        cast(ours_before as bigint) as before_usd,
        cast(ours_after as bigint) as after_usd,
        mirrored_before / ours_before as before_ratio,
        mirrored_after / ours_after as after_ratio
    from large
    where
        greatest(ours_before, mirrored_before) >= least_usd
        and greatest(ours_after, mirrored_after) >= least_usd
        and ours_before > 0
        and ours_after > 0

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

)

select
    scored.event_id,
    scored.eccn_group,
    scored.is_event,
    scored.signal,
    scored.partner_code,
    scored.before_usd,
    scored.after_usd,
    scored.before_ratio,
    scored.after_ratio,
    scored.measure,
    scored.middle,
    scored.partner_count,
    scored.score,
    case
        when scored.signal in ('unit_value', 'mirror_gap') then abs(scored.score) > parameters.threshold
        else scored.score > parameters.threshold
    end as is_signal
from scored
cross join parameters

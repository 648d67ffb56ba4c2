"""Difference-in-differences of monthly exports around events of export control policy."""

import math

COLUMNS = {
    "event_id": "varchar",
    "eccn_group": "varchar",
    "partner_role": "varchar",
    "did_log_points": "double",
    "did_standard_error": "double",
    "did_low": "double",
    "did_high": "double",
    "did_p_value": "double",
    "pre_trend_log_points": "double",
    "pre_trend_p_value": "double",
    "quiet_p_value": "double",
    "quiet_date_count": "bigint",
    "reason": "varchar",
}
# What is compared with what: targets with everybody else, allies with third countries.
COMPARISONS = {"target": ("ally", "third"), "ally": ("third",)}
# With fewer dates without an event a share of them says little.
FEWEST_QUIET_DATES = 12


def changes(ratio, window, at=0):
    """What the logarithm of a ratio gained from before to after, month by month: a season is on both sides.

    `ratio` maps numbers of months to it, `window` is in whole years, and `at` the month of the event.
    """
    return [ratio[at + month] - ratio[at + (month - window or -window)] for month in range(1, window + 1)]


def by_quarter(values):
    """The means of each three monthly values.

    Months that follow each other are alike, so that taking each as a draw of its own makes intervals too
    narrow. Means of three months are alike much less; being few, they are held against a t distribution of
    few degrees of freedom.
    """
    return [sum(values[at : at + 3]) / 3 for at in range(0, len(values), 3)]


def among_quiet_dates(effect, ratio, window, offsets):
    """How rare an effect of that size is where nothing happened.

    `ratio` is the logarithm of exports to the treated over those compared with, by number of month;
    `offsets` are the dates without an event, as numbers of months too. Returns the share of them, and of the
    effect itself, with an effect at least as far from 0, and how many dates it is from; None and the number
    where they are too few.
    """
    found = []
    for at in offsets:
        if {*range(at - window, at + window + 1)} - {at} <= ratio.keys():
            found.append(abs(sum(changes(ratio, window, at)) / window))
    if len(found) < FEWEST_QUIET_DATES:
        return None, len(found)
    return (1 + sum(size >= abs(effect) for size in found)) / (1 + len(found)), len(found)


def estimate(ratio, window):
    """The difference-in-differences of two series of monthly exports, from the logarithm of their ratio.

    `ratio` maps numbers of months relative to the event, negative before it, to it. Each month after the
    event is compared with the same month of the calendar before it; the mean of these changes is the effect.
    Returns it in log points, its standard error, the ends of its interval of 95 %, its p-value, and the trend
    of the ratio per month before the event with its p-value.
    """
    from scipy.stats import linregress, sem, ttest_1samp

    gained = by_quarter(changes(ratio, window))
    effect = ttest_1samp(gained, 0)
    interval = effect.confidence_interval(0.95)
    before = range(-window, 0)
    trend = linregress(by_quarter(before), by_quarter([ratio[month] for month in before]))
    return (
        *(sum(gained) / len(gained), sem(gained), interval.low, interval.high, effect.pvalue),
        *(trend.slope, trend.pvalue),
    )


def estimates(series, windows):
    """One row for each event, group and role that is compared, from rows (event, group, role, month, value).

    `windows` says for each event and group how many months on each side are compared, and which months are
    dates without an event, counted from the event. A comparison without partners on one side, or with a month
    without exports, has a reason and no figures.
    """
    sums = {}
    for event, group, role, month, value in series:
        sums.setdefault((event, group), {}).setdefault(role, {})[month] = value
    rows = []
    for (event, group), roles in sorted(sums.items()):
        window, offsets = windows[event, group]
        for role, others in COMPARISONS.items():
            against = [roles[other] for other in others if other in roles]
            if role not in roles or not against:
                missing = "to compare with" if role in roles else f"that is {role} of the event"
                rows.append((event, group, role, *[None] * 9, f"there is no partner {missing}"))
                continue
            treated = roles[role]
            compared = {month: sum(values[month] for values in against) for month in treated}
            months = [month for month in sorted(treated) if 0 < abs(month) <= window]
            empty = sum(treated[month] <= 0 or compared[month] <= 0 for month in months)
            if empty:
                reason = f"there are no exports in {empty} of {len(months)} months"
                rows.append((event, group, role, *[None] * 9, reason))
                continue
            ratio = {
                month: math.log(treated[month] / compared[month])
                for month in treated
                if treated[month] > 0 and compared[month] > 0
            }
            figures = [float(figure) for figure in estimate(ratio, window)]
            quiet = among_quiet_dates(figures[0], ratio, window, offsets)
            rows.append((event, group, role, *figures, *quiet, None))
    return rows


def model(dbt, session):
    """One row per event, group of products and role, for events whose months are all covered."""
    dbt.config(materialized="table")
    series = dbt.ref("int_control_event_series")
    month = "extract(year from event_month) * 12 + extract(month from event_month)"
    dates = (
        dbt.ref("int_control_event_groups")
        .project(f"event_id, eccn_group, is_event, window_months, {month}")
        .order("event_id, eccn_group")
        .fetchall()
    )
    windows = {
        (event, group): (
            window,
            [other - at for _, of, is_event, _, other in dates if of == group and not is_event],
        )
        for event, group, is_event, window, at in dates
        if is_event
    }
    rows = estimates(
        series.project("event_id, eccn_group, partner_role, month_number, value_usd")
        .order("event_id, eccn_group, partner_role, month_number")
        .fetchall(),
        windows,
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    session.execute(f"create or replace temp table estimated ({columns})")
    if rows:
        session.executemany(f"insert into estimated values ({', '.join('?' * len(COLUMNS))})", rows)
    return session.table("estimated")

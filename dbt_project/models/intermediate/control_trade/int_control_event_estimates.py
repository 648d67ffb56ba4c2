"""Difference-in-differences of monthly exports around events of export control policy."""

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
    "residual_autocorrelation": "double",
    "quiet_p_value": "double",
    "quiet_date_count": "bigint",
    "reason": "varchar",
}
# What is compared with what: targets with everybody else, allies with third countries.
COMPARISONS = {"target": ("ally", "third"), "ally": ("third",)}
# With fewer dates without an event a share of them says little.
FEWEST_QUIET_DATES = 12


def regressors(months):
    """Being after the event, and the calendar months where the months are whole years; else a constant."""
    import numpy as np

    after = (months > 0).astype(float)
    seasons = months % 12
    if len(months) % 24 == 0 and len(set(seasons)) == 12:
        return np.column_stack([after, seasons[:, None] == np.arange(12)])
    return np.column_stack([after, np.ones(len(months))])


def among_quiet_dates(effect, treated, compared, window, offsets):
    """How rare an effect of that size is where nothing happened.

    `treated` and `compared` are exports by number of month; `offsets` are the dates without an event, as
    numbers of months too. Returns the share of them, and of the effect itself, with a coefficient at least as
    far from 0, and how many dates it is from; None and the number where they are too few.
    """
    import numpy as np

    months = np.array([*range(-window, 0), *range(1, window + 1)])
    columns = regressors(months)
    found = []
    for offset in offsets:
        around = [int(month) + offset for month in months]
        if all(treated.get(month, 0) > 0 and compared.get(month, 0) > 0 for month in around):
            ratio = np.log([treated[month] / compared[month] for month in around])
            found.append(abs(np.linalg.lstsq(columns, ratio, rcond=None)[0][0]))
    if len(found) < FEWEST_QUIET_DATES:
        return None, len(found)
    return (1 + sum(size >= abs(effect) for size in found)) / (1 + len(found)), len(found)


def estimate(months, treated, compared):
    """Compare two series of monthly exports before and after an event.

    `months` are numbers of months relative to the event, negative before it, without 0; `treated` and
    `compared` are the exports of these months in US dollars, all above 0. The logarithm of their ratio is
    regressed on being after the event; where the months are whole years, also on the calendar month, which
    takes the seasons out. Returns the coefficient in log points, its standard error, the ends of its interval
    of 95 %, its p-value, the trend of the ratio per month before the event with its p-value, and the
    correlation of what is left with that of the month before: the standard error takes months as independent,
    and is too small where it is high.
    """
    import numpy as np
    from statsmodels.regression.linear_model import OLS

    months = np.asarray(months)
    ratio = np.log(np.asarray(treated, dtype=float)) - np.log(np.asarray(compared, dtype=float))
    fit = OLS(ratio, regressors(months)).fit()
    low, high = fit.conf_int()[0]
    before = months < 0
    trend = OLS(ratio[before], np.column_stack([months[before], np.ones(before.sum())])).fit()
    left, earlier = fit.resid[1:], fit.resid[:-1]
    spread = (fit.resid**2).sum()
    autocorrelation = (left * earlier).sum() / spread if spread > 0 else 0.0
    return (
        *(fit.params[0], fit.bse[0], low, high, fit.pvalues[0]),
        *(trend.params[0], trend.pvalues[0], autocorrelation),
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
                rows.append((event, group, role, *[None] * 10, f"there is no partner {missing}"))
                continue
            treated = roles[role]
            compared = {month: sum(values[month] for values in against) for month in treated}
            months = [month for month in sorted(treated) if 0 < abs(month) <= window]
            empty = sum(treated[month] <= 0 or compared[month] <= 0 for month in months)
            if empty:
                reason = f"there are no exports in {empty} of {len(months)} months"
                rows.append((event, group, role, *[None] * 10, reason))
                continue
            figures = [
                float(figure)
                for figure in estimate(
                    months, [treated[month] for month in months], [compared[month] for month in months]
                )
            ]
            quiet = among_quiet_dates(figures[0], treated, compared, window, offsets)
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

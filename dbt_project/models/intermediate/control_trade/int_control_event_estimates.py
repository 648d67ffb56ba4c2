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
    "reason": "varchar",
}
# What is compared with what: targets with everybody else, allies with third countries.
COMPARISONS = {"target": ("ally", "third"), "ally": ("third",)}


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
    after = (months > 0).astype(float)
    seasons = months % 12
    if len(months) % 24 == 0 and len(set(seasons)) == 12:
        levels = (seasons[:, None] == np.arange(12)).astype(float)
    else:
        levels = np.ones((len(months), 1))
    fit = OLS(ratio, np.column_stack([after, levels])).fit()
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


def estimates(series):
    """One row for each event, group and role that is compared, from rows (event, group, role, month, value).

    A comparison without partners on one side, or with a month without exports, has a reason and no figures.
    """
    sums = {}
    for event, group, role, month, value in series:
        sums.setdefault((event, group), {}).setdefault(role, {})[month] = value
    rows = []
    for (event, group), roles in sorted(sums.items()):
        for role, others in COMPARISONS.items():
            against = [roles[other] for other in others if other in roles]
            if role not in roles or not against:
                missing = "to compare with" if role in roles else f"that is {role} of the event"
                rows.append((event, group, role, *[None] * 8, f"there is no partner {missing}"))
                continue
            months = sorted(roles[role])
            treated = [roles[role][month] for month in months]
            compared = [sum(values[month] for values in against) for month in months]
            empty = sum(one <= 0 or other <= 0 for one, other in zip(treated, compared, strict=True))
            if empty:
                reason = f"there are no exports in {empty} of {len(months)} months"
                rows.append((event, group, role, *[None] * 8, reason))
                continue
            figures = (float(figure) for figure in estimate(months, treated, compared))
            rows.append((event, group, role, *figures, None))
    return rows


def model(dbt, session):
    """One row per event, group of products and role, for events whose months are all covered."""
    dbt.config(materialized="table")
    series = dbt.ref("int_control_event_series")
    rows = estimates(
        series.project("event_id, eccn_group, partner_role, month_number, value_usd")
        .order("event_id, eccn_group, partner_role, month_number")
        .fetchall()
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    session.execute(f"create or replace temp table estimated ({columns})")
    if rows:
        session.executemany(f"insert into estimated values ({', '.join('?' * len(COLUMNS))})", rows)
    return session.table("estimated")

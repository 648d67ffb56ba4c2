-- From what the law would take without exemptions and claims down to what was calculated, month by month. The same
-- imports weigh all of it: those of the month, where both sides are known.
with flows as (

    select
        flows.*,
        greatest(flows.valid_from, panel.valid_from) as first_day,
        least(flows.valid_to, coalesce(panel.valid_to, date '9999-12-31')) as last_day,
        panel.duty_id,
        panel.claimed_duty_id
    from {{ ref('int_tariff_flows') }} as flows
    inner join {{ ref('tariff_panel') }} as panel
        on
            flows.product_class_id = panel.product_class_id
            and flows.partner_class_id = panel.partner_class_id
            and panel.valid_from <= flows.valid_to
            and coalesce(panel.valid_to, date '9999-12-31') >= flows.valid_from
    where
        flows.basis = 'month'
        and panel.scenario_id = 'law'
        and flows.base_rate is not null

),

-- A rate that changes within a month counts for its days.
charged as (

    select
        flows.period_start,
        flows.partner_code,
        flows.product_set_id,
        flows.weight_usd * (date_diff('day', flows.first_day, flows.last_day) + 1) / day(last_day(flows.period_start)) as weight_usd,
        flows.ordinary_rate
        {%- for authority in var('tariff_authorities') %} + {{ rate_of_authority(authority, 'duties', 'flows.ordinary_rate') }}{% endfor %}
        + {{ rate_exempted('duties', 'flows.ordinary_rate') }} as full_rate,
        {{ rate_exempted('duties', 'flows.ordinary_rate') }} as exempted_rate,
        flows.base_rate
        {%- for authority in var('tariff_authorities') %} + {{ rate_of_authority(authority, 'due', 'flows.base_rate') }}{% endfor %}
        as statutory_rate
    from flows
    inner join {{ ref('tariff_duty') }} as duties
        on flows.duty_id = duties.duty_id
    inner join {{ ref('tariff_duty') }} as due
        on case when flows.is_claimed then flows.claimed_duty_id else flows.duty_id end = due.duty_id

),

by_set as (

    select
        period_start,
        partner_code,
        product_set_id,
        cast(sum(cast(round(weight_usd) as bigint)) as bigint) as weight_usd,
        cast(sum(cast(round(weight_usd * full_rate) as bigint)) as bigint) as full_duty_usd,
        cast(sum(cast(round(weight_usd * exempted_rate) as bigint)) as bigint) as exempted_duty_usd,
        cast(sum(cast(round(weight_usd * statutory_rate) as bigint)) as bigint) as statutory_duty_usd
    from charged
    group by period_start, partner_code, product_set_id

),

product_groups as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        product_groups.product_set_id
    from {{ ref('int_product_groups') }} as product_groups
    cross join {{ ref('tariff_horizon') }} as horizon
    where
        product_groups.product_group in ('ai', 'all_other', 'all_goods')
        and {{ is_valid_on('horizon.panel_from', 'product_groups') }}

),

-- A month of all partners counts only where all of them are covered, a year only with all of its months.
covered as (

    select distinct period_start
    from {{ ref('int_flow_periods') }}
    where
        flow = 'import'
        and period_grain = 'month'
        and is_covered

),

by_partner as (

    select
        by_set.*,
        by_set.partner_code as partner
    from by_set
    union all
    select
        by_set.*,
        'all' as partner
    from by_set
    inner join covered
        on by_set.period_start = covered.period_start

),

by_period as (

    select
        'month' as period_grain,
        by_partner.period_start as period,
        by_partner.*
    from by_partner
    union all
    select
        'year' as period_grain,
        date_trunc('year', by_partner.period_start) as period,
        by_partner.*
    from by_partner
    inner join (
        select
            partner,
            date_trunc('year', period_start) as year_start
        from by_partner
        group by 1, 2
        having count(distinct period_start) = 12
    ) as whole_years
        on
            by_partner.partner = whole_years.partner
            and date_trunc('year', by_partner.period_start) = whole_years.year_start

),

statutory as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        by_period.partner as partner_code,
        by_period.period_grain,
        cast(by_period.period as date) as period_start,
        cast(sum(by_period.weight_usd) as bigint) as weight_usd,
        cast(sum(by_period.full_duty_usd) as bigint) as full_duty_usd,
        cast(sum(by_period.exempted_duty_usd) as bigint) as exempted_duty_usd,
        cast(sum(by_period.statutory_duty_usd) as bigint) as statutory_duty_usd
    from by_period
    inner join product_groups
        on by_period.product_set_id = product_groups.product_set_id
    group by 1, 2, 3, 4, 5, 6

),

duties as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        duty.partner_code,
        duty.period_grain,
        duty.period_start,
        duty.duty_usd,
        duty.duty_covered_value_usd
    from {{ ref('int_import_duty_resolved') }} as duty
    inner join product_groups
        on duty.product_set_id = product_groups.product_set_id

),

collected as (

    select
        definition_id,
        product_group,
        category,
        coalesce(partner_code, 'all') as partner_code,
        period_grain,
        period_start,
        cast(sum(duty_usd) as bigint) as duty_usd,
        cast(sum(duty_covered_value_usd) as bigint) as covered_value_usd
    from duties
    group by grouping sets (
        (definition_id, product_group, category, partner_code, period_grain, period_start),
        (definition_id, product_group, category, period_grain, period_start)
    )

),

rates as (

    select
        statutory.definition_id,
        statutory.product_group,
        statutory.category,
        statutory.partner_code,
        statutory.period_grain,
        statutory.period_start,
        statutory.weight_usd,
        {{ ratio('statutory.full_duty_usd', 'statutory.weight_usd') }} as full_rate,
        {{ ratio('statutory.exempted_duty_usd', 'statutory.weight_usd') }} as exempted_rate,
        {{ ratio('statutory.statutory_duty_usd', 'statutory.weight_usd') }} as statutory_rate,
        {{ ratio('collected.duty_usd', 'collected.covered_value_usd') }} as effective_rate
    from statutory
    left join collected
        on
            statutory.definition_id = collected.definition_id
            and statutory.product_group = collected.product_group
            and statutory.category = collected.category
            and statutory.partner_code = collected.partner_code
            and statutory.period_grain = collected.period_grain
            and statutory.period_start = collected.period_start

)

select
    definition_id,
    product_group,
    category,
    partner_code,
    period_grain,
    period_start,
    weight_usd,
    full_rate,
    exempted_rate,
    full_rate - exempted_rate - statutory_rate as preference_rate,
    statutory_rate,
    -- Goods that were on the way when a rate changed pay the old one: what the law of the month before would take.
    statutory_rate - lag(statutory_rate) over (
        partition by definition_id, product_group, category, partner_code, period_grain order by period_start
    ) as changed_since_last_month_rate,
    effective_rate,
    statutory_rate - effective_rate as gap_rate
from rates

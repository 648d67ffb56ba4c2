-- From what the law would take without exemptions and claims down to what was calculated. The same imports
-- weigh all of it: those of the period, as far as their ordinary rate is known, claimed or not.
with flows as (

    select
        flows.period_start,
        flows.partner_code,
        flows.product_set_id,
        flows.ordinary_rate,
        flows.base_rate,
        panel.duty_id,
        case when flows.is_claimed then panel.claimed_duty_id else panel.duty_id end as due_duty_id,
        -- A rate that changes within a month counts for its days.
        flows.weight_usd * (
            date_diff(
                'day',
                greatest(flows.valid_from, panel.valid_from),
                least(flows.valid_to, coalesce(panel.valid_to, flows.valid_to))
            ) + 1
        ) / day(last_day(flows.period_start)) as weight_usd
    from {{ ref('int_tariff_flows') }} as flows
    inner join {{ ref('tariff_panel') }} as panel
        on
            flows.product_class_id = panel.product_class_id
            and flows.partner_class_id = panel.partner_class_id
            and flows.valid_to >= panel.valid_from
            and flows.valid_from <= coalesce(panel.valid_to, flows.valid_from)
    where
        panel.scenario_id = 'law'
        and flows.ordinary_rate is not null
        and flows.base_rate is not null

),

charged as (

    select
        flows.period_start,
        flows.partner_code,
        flows.product_set_id,
        flows.weight_usd,
        {{ rate_exempted('duties', 'flows.ordinary_rate') }} as exempted_rate,
        {{ whole_rate('duties', 'flows.ordinary_rate') }} as rate_without_claims,
        {{ whole_rate('due', 'flows.base_rate') }} as statutory_rate
    from flows
    inner join {{ ref('tariff_duty') }} as duties
        on flows.duty_id = duties.duty_id
    inner join {{ ref('tariff_duty') }} as due
        on flows.due_duty_id = due.duty_id

),

by_set as (

    select
        period_start,
        partner_code,
        product_set_id,
        sum(cast(round(weight_usd) as bigint)) as weight_usd,
        sum(cast(round(weight_usd * exempted_rate) as bigint)) as exempted_duty_usd,
        sum(cast(round(weight_usd * rate_without_claims) as bigint)) as duty_without_claims_usd,
        sum(cast(round(weight_usd * statutory_rate) as bigint)) as statutory_duty_usd
    from charged
    group by period_start, partner_code, product_set_id

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

    select * from by_set
    union all
    select
        by_set.period_start,
        'all' as partner_code,
        by_set.product_set_id,
        by_set.weight_usd,
        by_set.exempted_duty_usd,
        by_set.duty_without_claims_usd,
        by_set.statutory_duty_usd
    from by_set
    inner join covered
        on by_set.period_start = covered.period_start

),

whole_years as (

    select
        partner_code,
        cast(date_trunc('year', period_start) as date) as year_start
    from by_partner
    group by 1, 2
    having count(distinct period_start) = 12

),

by_period as (

    select
        'month' as period_grain,
        by_partner.*
    from by_partner
    union all
    select
        'year' as period_grain,
        whole_years.year_start as period_start,
        by_partner.partner_code,
        by_partner.product_set_id,
        by_partner.weight_usd,
        by_partner.exempted_duty_usd,
        by_partner.duty_without_claims_usd,
        by_partner.statutory_duty_usd
    from by_partner
    inner join whole_years
        on
            by_partner.partner_code = whole_years.partner_code
            and cast(date_trunc('year', by_partner.period_start) as date) = whole_years.year_start

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

statutory as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        by_period.partner_code,
        by_period.period_grain,
        by_period.period_start,
        cast(sum(by_period.weight_usd) as bigint) as weight_usd,
        cast(sum(by_period.exempted_duty_usd) as bigint) as exempted_duty_usd,
        cast(sum(by_period.duty_without_claims_usd) as bigint) as duty_without_claims_usd,
        cast(sum(by_period.statutory_duty_usd) as bigint) as statutory_duty_usd
    from by_period
    inner join product_groups
        on by_period.product_set_id = product_groups.product_set_id
    group by 1, 2, 3, 4, 5, 6

),

duties_by_partner as (

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
    where duty.period_start in (select by_period.period_start from by_period)

),

duties_and_all as (

    select * from duties_by_partner
    union all
    select
        definition_id,
        product_group,
        category,
        'all' as partner_code,
        period_grain,
        period_start,
        duty_usd,
        duty_covered_value_usd
    from duties_by_partner

),

collected as (

    select
        definition_id,
        product_group,
        category,
        partner_code,
        period_grain,
        period_start,
        sum(duty_usd) as duty_usd,
        sum(duty_covered_value_usd) as covered_value_usd
    from duties_and_all
    group by 1, 2, 3, 4, 5, 6

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
        {{ ratio('statutory.exempted_duty_usd', 'statutory.weight_usd') }} as exempted_rate,
        {{ ratio('statutory.duty_without_claims_usd', 'statutory.weight_usd') }} as rate_without_claims,
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
    rate_without_claims + exempted_rate as full_rate,
    exempted_rate,
    rate_without_claims - statutory_rate as preference_rate,
    statutory_rate,
    statutory_rate - lag(statutory_rate) over (
        partition by definition_id, product_group, category, partner_code, period_grain
        order by period_start
    ) as changed_since_last_period_rate,
    effective_rate,
    statutory_rate - effective_rate as gap_rate
from rates

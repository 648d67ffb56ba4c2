{{ config(materialized='table') }}

-- Under the law and each scenario: by how many dollars the yearly duty on the imports of a set of products
-- from a partner changes on a day. The sum of all changes up to a day is the duty of that day: so nothing has
-- to be stored for each day. Dollars are whole, so that sums do not depend on their order.
with flows as (

    select
        panel.scenario_id,
        flows.partner_code,
        flows.product_set_id,
        flows.weight_usd,
        flows.base_rate,
        greatest(flows.valid_from, panel.valid_from) as valid_from,
        nullif(
            least(coalesce(flows.valid_to, date '9999-12-31'), coalesce(panel.valid_to, date '9999-12-31')),
            date '9999-12-31'
        ) as valid_to,
        case when flows.is_claimed then panel.claimed_duty_id else panel.duty_id end as duty_id
    from {{ ref('int_tariff_weights') }} as flows
    inner join {{ ref('tariff_panel') }} as panel
        on
            flows.product_class_id = panel.product_class_id
            and flows.partner_class_id = panel.partner_class_id
            and panel.valid_from <= coalesce(flows.valid_to, date '9999-12-31')
            and coalesce(panel.valid_to, date '9999-12-31') >= flows.valid_from

),

charged as (

    select
        flows.scenario_id,
        flows.partner_code,
        flows.product_set_id,
        flows.valid_from,
        flows.valid_to,
        flows.weight_usd,
        case when flows.base_rate is not null then flows.weight_usd else 0 end as covered_weight_usd,
        cast(round(coalesce(flows.weight_usd * flows.base_rate, 0)) as bigint) as base_duty_usd,
        {%- for authority in var('tariff_authorities') %}
            cast(
                round(
                    coalesce(
                        flows.weight_usd * ({{ rate_of_authority(authority, 'duties', 'flows.base_rate') }}),
                        0
                    )
                ) as bigint
            )
                as {{ authority }}_duty_usd,
        {%- endfor %}
        cast(
            round(
                coalesce(flows.weight_usd * ({{ rate_exempted('duties', 'flows.base_rate') }}), 0)
            ) as bigint
        )
            as exempted_duty_usd
    from flows
    inner join {{ ref('tariff_duty') }} as duties
        on flows.duty_id = duties.duty_id

),

signed as (

    select
        *,
        valid_from as on_day,
        1 as sign
    from charged

    union all

    select
        *,
        {{ days_after('valid_to', 1) }} as on_day,
        -1 as sign
    from charged
    where valid_to is not null

)

select
    scenario_id,
    partner_code,
    product_set_id,
    on_day,
    {{ signed_tariff_sums() }}
from signed
group by scenario_id, partner_code, product_set_id, on_day

{{ config(materialized='table') }}

-- What AI figures are compared with, under each definition: from when to when which duty is due on them.
with product_groups as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        product_groups.product_set_id
    from {{ ref('int_product_groups') }} as product_groups
    cross join {{ ref('tariff_horizon') }} as horizon
    where
        product_groups.product_group in ('ai', 'low_codes', 'all_other', 'all_goods')
        and {{ is_valid_on('horizon.panel_from', 'product_groups') }}

),

changes as (

    select
        changes.scenario_id,
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        'all' as partner_code,
        changes.on_day,
        {{ summed_tariff_sums('changes') }}
    from {{ ref('int_tariff_duty_changes') }} as changes
    inner join product_groups
        on changes.product_set_id = product_groups.product_set_id
    where
        changes.scenario_id = 'law'
        or product_groups.product_group = 'ai'
    group by 1, 2, 3, 4, 5, 6

    union all

    select
        changes.scenario_id,
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        changes.partner_code,
        changes.on_day,
        {{ summed_tariff_sums('changes') }}
    from {{ ref('int_tariff_duty_changes') }} as changes
    inner join product_groups
        on changes.product_set_id = product_groups.product_set_id
    where product_groups.product_group = 'ai'
    group by 1, 2, 3, 4, 5, 6

)

select
    scenario_id,
    definition_id,
    product_group,
    category,
    partner_code,
    on_day as valid_from,
    {{ days_after(
        'lead(on_day) over (partition by scenario_id, definition_id, product_group, category, partner_code order by on_day)',
        -1
    ) }} as valid_to,
    {{ running_tariff_sums('scenario_id, definition_id, product_group, category, partner_code') }}
from changes

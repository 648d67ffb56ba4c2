{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['int_product_group_trade', 'int_import_duty_resolved'],
        'both_flows': true,
        'context': ['int_product_groups'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with duty as (

    select * from {{ ref('int_import_duty_resolved') }}
    where {{ is_changed }}

),

product_groups as (

    select * from {{ ref('int_product_groups') }}

),

imports as (

    select * from {{ ref('int_product_group_trade') }}
    where
        flow = 'import'
        and {{ is_changed }}

),

duty_summed_by_set as (

    select
        period_grain,
        period_start,
        product_set_id,
        sum(duty_usd) as duty_usd,
        sum(duty_covered_value_usd) as duty_covered_value_usd
    from duty
    group by 1, 2, 3

),

duty_summed as (

    select
        product_groups.definition_id,
        duty_summed_by_set.period_grain,
        duty_summed_by_set.period_start,
        product_groups.product_group,
        product_groups.category,
        cast(sum(duty_summed_by_set.duty_usd) as bigint) as duty_usd,
        cast(sum(duty_summed_by_set.duty_covered_value_usd) as bigint) as duty_covered_value_usd
    from duty_summed_by_set
    inner join product_groups
        on
            duty_summed_by_set.product_set_id = product_groups.product_set_id
            and {{ is_valid_on('duty_summed_by_set.period_start', 'product_groups') }}
    group by 1, 2, 3, 4, 5

),

figures as (

    select
        imports.definition_id,
        imports.period_grain,
        imports.period_start,
        imports.product_group,
        imports.category,
        imports.value_usd,
        case when imports.value_usd is not null then duty_summed.duty_usd end as duty_usd,
        case when imports.value_usd is not null then coalesce(duty_summed.duty_covered_value_usd, 0) end
            as duty_covered_value_usd,
        imports.reason
    from imports
    left join duty_summed
        on
            imports.definition_id = duty_summed.definition_id
            and imports.period_grain = duty_summed.period_grain
            and imports.period_start = duty_summed.period_start
            and imports.product_group = duty_summed.product_group
            and imports.category = duty_summed.category

)

select
    definition_id,
    period_grain,
    period_start,
    product_group,
    category,
    value_usd,
    duty_usd,
    duty_covered_value_usd,
    {{ ratio('duty_usd', 'duty_covered_value_usd') }} as effective_tariff_rate,
    {{ ratio('duty_covered_value_usd', 'value_usd') }} as duty_coverage_share,
    case
        when value_usd is null then reason
        when value_usd = 0 then 'no value'
        when duty_usd is null then 'duty is not served'
        when duty_covered_value_usd = 0 then 'no value'
    end as effective_tariff_rate_reason
from figures
order by definition_id, period_grain, period_start, product_group, category

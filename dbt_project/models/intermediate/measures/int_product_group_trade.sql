{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['int_goods_summed_by_product_set', 'source_coverage'],
        'context': ['int_product_groups', 'dim_ai_definition'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where {{ is_changed }}

),

product_groups as (

    select * from {{ ref('int_product_groups') }}

),

flow_periods as (

    select * from {{ ref('int_flow_periods') }}
    where {{ is_changed }}

),

definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

-- What is not labelled is in no group; only all goods together need no labels.
grid as (

    select distinct
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        flow_periods.flow,
        flow_periods.period_grain,
        flow_periods.period_start,
        flow_periods.is_covered,
        flow_periods.reason,
        product_groups.product_group = 'all_goods'
        or case
            when flow_periods.flow = 'import' then definitions.is_imports_labelled
            else definitions.is_exports_labelled
        end as is_labelled
    from flow_periods
    inner join product_groups
        on {{ is_valid_on('flow_periods.period_start', 'product_groups') }}
    inner join definitions
        on product_groups.definition_id = definitions.definition_id

),

summed_by_set as (

    select
        flow,
        period_grain,
        period_start,
        product_set_id,
        sum(value_usd) as value_usd
    from goods
    group by 1, 2, 3, 4

),

summed as (

    select
        product_groups.definition_id,
        product_groups.product_group,
        product_groups.category,
        summed_by_set.flow,
        summed_by_set.period_grain,
        summed_by_set.period_start,
        sum(summed_by_set.value_usd) as value_usd
    from summed_by_set
    inner join product_groups
        on
            summed_by_set.product_set_id = product_groups.product_set_id
            and {{ is_valid_on('summed_by_set.period_start', 'product_groups') }}
    group by 1, 2, 3, 4, 5, 6

)

select
    grid.definition_id,
    grid.flow,
    grid.period_grain,
    grid.period_start,
    grid.product_group,
    grid.category,
    case when grid.is_covered and grid.is_labelled then cast(coalesce(summed.value_usd, 0) as bigint) end
        as value_usd,
    coalesce(grid.reason, case when not grid.is_labelled then concat(grid.flow, 's are not labelled') end)
        as reason
from grid
left join summed
    on
        grid.definition_id = summed.definition_id
        and grid.product_group = summed.product_group
        and grid.category = summed.category
        and grid.flow = summed.flow
        and grid.period_grain = summed.period_grain
        and grid.period_start = summed.period_start

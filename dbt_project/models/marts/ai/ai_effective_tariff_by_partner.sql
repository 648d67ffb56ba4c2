{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'int_import_duty_resolved',
        'both_flows': true,
        'context': ['int_product_groups', 'dim_ai_definition', 'dim_partner'],
    }},
) }}

with duty as (

    select * from {{ ref('int_import_duty_resolved') }}
    where {{ is_to_load() }}

),

definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

product_groups as (

    select product_groups.*
    from {{ ref('int_product_groups') }} as product_groups
    inner join definitions
        on product_groups.definition_id = definitions.definition_id
    where
        (product_groups.product_group = 'ai' and definitions.is_imports_labelled)
        or (
            product_groups.product_group = 'low_codes'
            and product_groups.category = 'all'
            and definitions.is_imports_labelled
        )
        or (product_groups.product_group = 'all_goods' and product_groups.category = 'all')

),

partners as (

    select * from {{ ref('dim_partner') }}

),

summed as (

    select
        product_groups.definition_id,
        duty.period_grain,
        duty.period_start,
        duty.partner_code,
        product_groups.product_group,
        product_groups.category,
        cast(sum(duty.value_usd) as bigint) as value_usd,
        cast(sum(duty.duty_usd) as bigint) as duty_usd,
        cast(sum(duty.duty_covered_value_usd) as bigint) as duty_covered_value_usd
    from duty
    inner join product_groups
        on
            duty.product_set_id = product_groups.product_set_id
            and {{ is_valid_on('duty.period_start', 'product_groups') }}
    group by 1, 2, 3, 4, 5, 6

)

select
    summed.definition_id,
    summed.period_grain,
    summed.period_start,
    summed.partner_code,
    partners.partner_kind,
    partners.partner_name,
    partners.iso3,
    summed.product_group,
    summed.category,
    summed.value_usd,
    summed.duty_usd,
    summed.duty_covered_value_usd,
    {{ ratio('summed.duty_usd', 'summed.duty_covered_value_usd') }} as effective_tariff_rate,
    {{ ratio('summed.duty_covered_value_usd', 'summed.value_usd') }} as duty_coverage_share,
    case
        when summed.value_usd = 0 then 'no value'
        when summed.duty_usd is null then 'duty is not served for this partner'
        when summed.duty_covered_value_usd = 0 then 'no value'
    end as effective_tariff_rate_reason
from summed
inner join partners
    on summed.partner_code = partners.partner_code
order by
    summed.definition_id,
    summed.period_grain,
    summed.period_start,
    summed.partner_code,
    summed.product_group,
    summed.category

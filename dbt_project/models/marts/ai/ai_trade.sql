{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'int_goods_summed_by_product_set',
        'context': ['int_product_set_definitions'],
    }},
) }}

with goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where {{ is_to_load() }}

),

definitions as (

    select * from {{ ref('int_product_set_definitions') }}

),

summed as (

    select
        definitions.definition_id,
        goods.flow,
        goods.period_grain,
        goods.period_start,
        goods.partner_code,
        definitions.category,
        {{ summed_measures('goods') }}
    from goods
    inner join definitions
        on
            goods.product_set_id = definitions.product_set_id
            and {{ is_valid_on('goods.period_start', 'definitions') }}
            and case
                when goods.flow = 'import' then definitions.is_imports_labelled
                else definitions.is_exports_labelled
            end
    group by 1, 2, 3, 4, 5, 6

)

select
    *,
    {{ ratio('duty_usd', 'duty_covered_value_usd') }} as effective_tariff_rate,
    case
        when flow = 'export' then 'exports bear no duty'
        when duty_usd is null then 'duty is not served for this partner'
        when duty_covered_value_usd = 0 then 'no value'
    end as effective_tariff_rate_reason
from summed
order by definition_id, flow, period_grain, period_start, partner_code, category

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'goods_trade',
        'period_grain': 'month',
        'context': [
            'int_product_sets',
            'tariff_claim',
            'tariff_horizon',
            'tariff_partner',
            'tariff_preference',
            'tariff_product',
        ],
    }},
) }}

-- The imports of each loaded month, and what decides their duty on the days of that month; chapters 98 and 99
-- are entries, not goods.
with goods as (

    select * from {{ ref('goods_trade') }}
    where {{ is_to_load() }}

),

imports as (

    select
        goods.period_start,
        goods.partner_code,
        goods.commodity_system,
        goods.commodity_code,
        goods.value_usd,
        goods.period_start as valid_from,
        last_day(goods.period_start) as valid_to
    from goods
    inner join {{ ref('tariff_horizon') }} as horizon
        on goods.period_start >= horizon.panel_from
    where
        goods.flow = 'import'
        and goods.value_usd > 0
        and goods.commodity_code < '98'

)

select
    'import' as flow,
    flows.*
from ({{ imports_by_duty('imports') }}) as flows

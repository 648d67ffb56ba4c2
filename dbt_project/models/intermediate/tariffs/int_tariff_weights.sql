{{ config(materialized='table') }}

-- The imports of the weight year, with which the rates of every day of the panel are weighed; chapters 98 and
-- 99 are entries, not goods.
with horizon as (

    select * from {{ ref('tariff_horizon') }}

),

imports as (

    select
        goods.period_start,
        goods.partner_code,
        goods.commodity_system,
        goods.commodity_code,
        goods.value_usd,
        horizon.panel_from as valid_from,
        cast(null as date) as valid_to
    from {{ ref('goods_trade_annual') }} as goods
    inner join horizon
        on goods.period_start = make_date(horizon.weight_year, 1, 1)
    where
        goods.flow = 'import'
        and goods.value_usd > 0
        and goods.commodity_code < '98'

)

select * from ({{ imports_by_duty('imports') }}) as weights

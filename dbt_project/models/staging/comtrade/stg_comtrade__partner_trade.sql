with served as (

    select * from {{ landing('partner_trade', [
        source('comtrade', 'partner_trade'),
    ]) }}

),

prepared as (

    select * from {{ landing('partner_trade', [
        source('comtrade', 'partner_trade_table'),
    ]) }}

)

select
    trade_year,
    trade_flow,
    reporter,
    partner,
    hs6,
    valuation,
    value_usd,
    false as is_prepared,
    vintage_at,
    landing_path
from served

union all

select
    trade_year,
    trade_flow,
    reporter,
    partner,
    hs6,
    valuation,
    value_usd,
    true as is_prepared,
    vintage_at,
    landing_path
from prepared

{{ config(materialized='table') }}

-- Which share of the imports of a code from a partner claimed its preference. A table of its own, because few
-- months bring claims: one that brings none leaves alone what is made of them.
with assumed as (

    select
        partner_code,
        valid_from,
        valid_to
    from {{ ref('tariff_parameter') }}
    where
        parameter_id = 'usmca_share'
        and hs_prefix is null
        and condition = 'mfn_dutiable'

),

-- Of which the claims are loaded, with all the trade of the code in them.
months as (

    select distinct
        trade.partner_code,
        trade.period_start,
        assumed.valid_from
    from {{ ref('goods_trade_programme') }} as trade
    inner join assumed
        on
            trade.partner_code = assumed.partner_code
            and {{ is_valid_on('trade.period_start', 'assumed') }}
    where trade.period_grain = 'month'

),

claims_by_code as (

    select
        trade.partner_code,
        trade.commodity_code as hts10,
        months.valid_from,
        sum(trade.value_usd) as value_usd
    from {{ ref('goods_trade_programme') }} as trade
    inner join months
        on
            trade.partner_code = months.partner_code
            and trade.period_start = months.period_start
    inner join {{ ref('rate_provision') }} as provisions
        on trade.rate_provision_code = provisions.rate_provision_code
    where
        trade.period_grain = 'month'
        and provisions.is_preference
    group by 1, 2, 3

),

trade_by_code as (

    select
        trade.partner_code,
        trade.commodity_code as hts10,
        months.valid_from,
        sum(trade.value_usd) as value_usd
    from {{ ref('goods_trade') }} as trade
    inner join months
        on
            trade.partner_code = months.partner_code
            and trade.period_start = months.period_start
    where trade.flow = 'import'
    group by 1, 2, 3
    having sum(trade.value_usd) > 0

)

-- Goods that are free anyway claim little, whatever they could: their claims say nothing.
select
    trade_by_code.partner_code,
    trade_by_code.hts10,
    trade_by_code.valid_from,
    'mfn_dutiable' as condition,
    least({{ ratio('coalesce(claims_by_code.value_usd, 0)', 'trade_by_code.value_usd') }}, 1) as claimed_share
from trade_by_code
left join claims_by_code
    on
        trade_by_code.partner_code = claims_by_code.partner_code
        and trade_by_code.hts10 = claims_by_code.hts10
        and trade_by_code.valid_from = claims_by_code.valid_from

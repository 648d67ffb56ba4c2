{{ config(materialized='table') }}

-- The imports that rates are weighed with (chapters 98 and 99 are entries, not goods), and what decides their
-- duty: those of the weight year for every day of the panel, and those of each loaded month for the days of
-- that month. Goods that claim their preference are a flow of their own, as they have another ordinary rate
-- and may be another case to the law.
with horizon as (

    select * from {{ ref('tariff_horizon') }}

),

imports as (

    select
        'weights' as basis,
        goods.commodity_system,
        goods.commodity_code,
        goods.partner_code,
        goods.period_start,
        horizon.panel_from as valid_from,
        cast(null as date) as valid_to,
        goods.value_usd
    from {{ ref('goods_trade_annual') }} as goods
    inner join horizon
        on goods.period_start = make_date(horizon.weight_year, 1, 1)
    where
        goods.flow = 'import'
        and goods.value_usd > 0
        and goods.commodity_code < '98'

    union all

    select
        'month' as basis,
        goods.commodity_system,
        goods.commodity_code,
        goods.partner_code,
        goods.period_start,
        goods.period_start as valid_from,
        last_day(goods.period_start) as valid_to,
        goods.value_usd
    from {{ ref('goods_trade') }} as goods
    inner join horizon
        on goods.period_start >= horizon.panel_from
    where
        goods.flow = 'import'
        and goods.value_usd > 0
        and goods.commodity_code < '98'

),

in_intervals as (

    select
        imports.basis,
        imports.period_start,
        imports.partner_code,
        sets.product_set_id,
        imports.value_usd,
        products.product_class_id,
        partners.partner_class_id,
        cast(coalesce(claims.claimed_share, 0) as double) as claimed_share,
        case when partners.is_column_2 then products.column_2_rate else products.mfn_rate end
            as ordinary_rate,
        preferences.preference_rate,
        greatest(imports.valid_from, products.valid_from, coalesce(claims.valid_from, products.valid_from))
            as valid_from,
        nullif(
            least(
                coalesce(imports.valid_to, date '9999-12-31'),
                coalesce(products.valid_to, date '9999-12-31'),
                coalesce(claims.valid_to, date '9999-12-31')
            ),
            date '9999-12-31'
        ) as valid_to
    from imports
    inner join {{ ref('int_product_sets') }} as sets
        on
            imports.commodity_system = sets.commodity_system
            and imports.commodity_code = sets.commodity_code
            and {{ is_valid_on('imports.period_start', 'sets') }}
    inner join {{ ref('tariff_product') }} as products
        on
            imports.commodity_code = products.hts10
            and products.valid_from <= coalesce(imports.valid_to, date '9999-12-31')
            and coalesce(products.valid_to, date '9999-12-31') >= imports.valid_from
    inner join {{ ref('tariff_partner') }} as partners
        on imports.partner_code = partners.partner_code
    left join {{ ref('tariff_preference') }} as preferences
        on
            products.special_rate_text = preferences.special_rate_text
            and imports.partner_code = preferences.partner_code
    left join {{ ref('tariff_claim') }} as claims
        on
            imports.commodity_code = claims.hts10
            and imports.partner_code = claims.partner_code
            and claims.valid_from
            <= least(
                coalesce(imports.valid_to, date '9999-12-31'), coalesce(products.valid_to, date '9999-12-31')
            )
            and coalesce(claims.valid_to, date '9999-12-31')
            >= greatest(imports.valid_from, products.valid_from)

),

split as (

    select
        *,
        false as is_claimed,
        ordinary_rate as base_rate,
        value_usd - cast(round(value_usd * claimed_share) as bigint) as weight_usd
    from in_intervals

    union all

    select
        *,
        true as is_claimed,
        coalesce(preference_rate, ordinary_rate) as base_rate,
        cast(round(value_usd * claimed_share) as bigint) as weight_usd
    from in_intervals
    where claimed_share > 0

)

select
    basis,
    period_start,
    partner_code,
    product_set_id,
    product_class_id,
    partner_class_id,
    is_claimed,
    ordinary_rate,
    base_rate,
    valid_from,
    valid_to,
    cast(sum(weight_usd) as bigint) as weight_usd
from split
where weight_usd > 0
group by
    basis, period_start, partner_code, product_set_id, product_class_id, partner_class_id, is_claimed,
    ordinary_rate, base_rate, valid_from, valid_to

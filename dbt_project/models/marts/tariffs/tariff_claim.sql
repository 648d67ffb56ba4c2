-- Which share of the imports of a code from a partner claims its preference. For Canada and Mexico it decides
-- over other duties too, and rose when they came: from the claims by code where the warehouse holds them,
-- else from the seed. For other agreements: what was not paid of the ordinary duty in the year of the
-- weights, as a part of what a claim spares.
with horizon as (

    select * from {{ ref('tariff_horizon') }}

),

rates as (

    select
        products.hts10,
        mfn.mfn_rate,
        mfn.special_rate_text,
        case when mfn.mfn_rate > 0 then 'mfn_dutiable' else 'mfn_free' end as condition
    from {{ ref('int_tariff_products') }} as products
    inner join {{ ref('int_tariff_mfn') }} as mfn
        on
            left(products.hts10, 8) = mfn.hts8
            and mfn.valid_to is null

),

assumed as (

    select
        parameters.partner_code,
        parameters.condition,
        parameters.value,
        parameters.valid_from,
        parameters.valid_to
    from {{ ref('tariff_parameter') }} as parameters
    where
        parameters.parameter_id = 'usmca_share'
        and parameters.hs_prefix is null

),

of_chapters as (

    select
        partner_code,
        hs_prefix as hs2,
        condition,
        value,
        valid_from
    from {{ ref('tariff_parameter') }}
    where
        parameter_id = 'usmca_share'
        and hs_prefix is not null

),

claimed as (

    select * from {{ ref('int_tariff_claims_by_code') }}

),

usmca as (

    select
        rates.hts10,
        assumed.partner_code,
        assumed.valid_from,
        assumed.valid_to,
        coalesce(claimed.claimed_share, of_chapters.value, assumed.value) as claimed_share,
        case
            when claimed.claimed_share is not null then 'claims by code'
            else 'assumed'
        end as basis
    from rates
    inner join assumed
        on rates.condition = assumed.condition
    left join claimed
        on
            rates.hts10 = claimed.hts10
            and assumed.partner_code = claimed.partner_code
            and assumed.valid_from = claimed.valid_from
            and assumed.condition = claimed.condition
    left join of_chapters
        on
            left(rates.hts10, 2) = of_chapters.hs2
            and assumed.partner_code = of_chapters.partner_code
            and assumed.condition = of_chapters.condition
            and assumed.valid_from = of_chapters.valid_from

),

observed as (

    select distinct partner_code from assumed

),

-- A programme that lapses is claimed by nobody until it is renewed.
terms as (

    select
        partners.programme,
        partners.partner_code,
        greatest(partners.valid_from, horizon.panel_from) as valid_from,
        partners.valid_to,
        true as is_in_force
    from {{ ref('tariff_programme_partner') }} as partners
    cross join horizon
    where coalesce(partners.valid_to, horizon.panel_from) >= horizon.panel_from

),

terms_and_lapses as (

    select * from terms
    union all
    select
        programme,
        partner_code,
        {{ days_after('valid_to', 1) }} as valid_from,
        {{ days_after(
            'lead(valid_from) over (partition by programme, partner_code order by valid_from)', -1
        ) }} as valid_to,
        false as is_in_force
    from terms
    where valid_to is not null

),

others as (

    select
        goods.commodity_code as hts10,
        goods.partner_code,
        terms.valid_from,
        terms.valid_to,
        case
            when terms.is_in_force
                then least(
                    greatest(
                        (rates.mfn_rate - goods.duty_usd / goods.value_usd)
                        / (rates.mfn_rate - preferences.preference_rate),
                        0
                    ),
                    1
                )
            else 0
        end as claimed_share,
        'duty not paid' as basis
    from {{ ref('goods_trade_annual') }} as goods
    inner join horizon
        on goods.period_start = make_date(horizon.weight_year, 1, 1)
    inner join rates
        on goods.commodity_code = rates.hts10
    inner join {{ ref('tariff_preference') }} as preferences
        on
            rates.special_rate_text = preferences.special_rate_text
            and goods.partner_code = preferences.partner_code
    inner join terms_and_lapses as terms
        on
            preferences.programme = terms.programme
            and preferences.partner_code = terms.partner_code
    left join observed
        on goods.partner_code = observed.partner_code
    where
        goods.flow = 'import'
        and goods.value_usd > 0
        and goods.duty_usd is not null
        and rates.mfn_rate > preferences.preference_rate
        and observed.partner_code is null

)

select
    hts10,
    partner_code,
    valid_from,
    valid_to,
    cast(claimed_share as decimal(10, 8)) as claimed_share,
    basis
from usmca

union all

select
    hts10,
    partner_code,
    valid_from,
    valid_to,
    cast(claimed_share as decimal(10, 8)) as claimed_share,
    basis
from others

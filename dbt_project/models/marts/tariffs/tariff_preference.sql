-- What a special rate of the schedule is to a partner of an agreement, as a fraction of the value, and the
-- programme that gives it; the lowest of several. A special rate that depends on the quantity is left out.
with offered as (

    select
        texts.special_rate_text,
        partners.partner_code,
        partners.programme,
        cast(rates.ad_valorem_rate as decimal(10, 8)) as preference_rate
    from (
        select distinct special_rate_text from {{ ref('int_tariff_mfn') }}
        where special_rate_text is not null
    ) as texts
    inner join {{ ref('int_tariff_programme_rates') }} as rates
        on texts.special_rate_text = rates.rate_text
    inner join {{ ref('tariff_programme_partner') }} as partners
        on rates.programme = partners.programme
    cross join {{ ref('tariff_horizon') }} as horizon
    where
        rates.rate_kind in ('free', 'ad_valorem')
        and rates.ad_valorem_rate is not null
        and coalesce(partners.valid_to, horizon.panel_from) >= horizon.panel_from

),

ranked as (

    select
        *,
        row_number() over (
            partition by special_rate_text, partner_code order by preference_rate, programme
        ) as place
    from offered

)

select
    special_rate_text,
    partner_code,
    programme,
    preference_rate
from ranked
where place = 1

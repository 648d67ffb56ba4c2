-- What a special rate of the schedule is to a partner of an agreement, as a fraction of the value; the lowest
-- of several. A special rate that depends on the quantity is left out.
select
    texts.special_rate_text,
    partners.partner_code,
    min(partners.programme) as programme,
    cast(min(rates.ad_valorem_rate) as decimal(10, 8)) as preference_rate
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
    rates.ad_valorem_rate is not null
    and coalesce(partners.valid_to, horizon.panel_from) >= horizon.panel_from
group by texts.special_rate_text, partners.partner_code

-- By interval, as most partners have a dozen in two years; the daily figures are those of the interval of the
-- day.
select
    sums.definition_id,
    sums.category,
    sums.partner_code,
    sums.valid_from,
    sums.valid_to,
    {{ rates_of_tariff_sums('sums') }}
from {{ ref('int_tariff_group_sums') }} as sums
where
    sums.scenario_id = 'law'
    and sums.partner_code <> 'all'
    and sums.weight_usd > 0

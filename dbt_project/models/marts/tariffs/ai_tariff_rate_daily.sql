select
    sums.definition_id,
    sums.product_group,
    sums.category,
    days.day,
    {{ rates_of_tariff_sums('sums') }}
from {{ ref('int_tariff_group_sums') }} as sums
inner join {{ ref('int_tariff_days') }} as days
    on
        {{ is_valid_on('days.day', 'sums') }}
where
    sums.scenario_id = 'law'
    and sums.partner_code = 'all'

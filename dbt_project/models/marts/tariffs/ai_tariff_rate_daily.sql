select
    sums.definition_id,
    sums.product_group,
    sums.category,
    days.day,
    {{ rates_of_tariff_sums('sums') }}
from {{ ref('int_tariff_group_sums') }} as sums
inner join {{ ref('int_tariff_days') }} as days
    on
        sums.valid_from <= days.day
        and (sums.valid_to is null or sums.valid_to >= days.day)
where
    sums.scenario_id = 'law'
    and sums.partner_code = 'all'

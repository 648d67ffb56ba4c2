-- The days of the panel, as far as decisions are known.
select cast(days.day as date) as day
from {{ ref('tariff_horizon') }} as horizon
cross join unnest(generate_series(horizon.panel_from, horizon.known_through, interval 1 day)) as days (day)

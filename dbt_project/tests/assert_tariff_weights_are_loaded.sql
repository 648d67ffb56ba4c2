-- Returns the year that tariffs are weighed by when there are imports, but not those of that year: then
-- there are no averages, and the claims of preference that are read off them are missing, so that rates come
-- out too high. Load that year (the partitions of the annual assets).
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'int_tariff_weights'}}}) }}

with loaded as (

    select distinct
        period_grain,
        period_start
    from {{ ref('source_coverage') }}
    where flow = 'import' and level = 'hs10' and status = 'covered'

)

select horizon.weight_year
from {{ ref('tariff_horizon') }} as horizon
cross join loaded
group by horizon.weight_year
having
    not bool_or(
        loaded.period_grain = 'year' and loaded.period_start = make_date(horizon.weight_year, 1, 1)
    )

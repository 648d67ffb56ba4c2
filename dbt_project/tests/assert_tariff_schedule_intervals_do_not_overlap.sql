-- Returns intervals of a code that end before they begin, or only after the next one has begun.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_schedule'}}}) }}

with intervals as (

    select
        hts_code,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by hts_code order by valid_from) as next_valid_from
    from {{ ref('tariff_schedule') }}

)

select
    hts_code,
    valid_from,
    valid_to,
    next_valid_from
from intervals
where
    valid_to < valid_from
    or next_valid_from <= valid_to
    or (valid_to is null and next_valid_from is not null)

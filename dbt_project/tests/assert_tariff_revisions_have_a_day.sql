-- Returns landed revisions of which no day is known: they are in no rate. Add them to the seed hts_revision.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'tariff_revision'}}}) }}

with landed as (

    select
        revision,
        released_on
    from {{ ref('stg_usitc__tariff_revisions') }}

),

calendar as (

    select revision from {{ ref('hts_revision') }}

)

select landed.revision
from landed
left join calendar
    on landed.revision = calendar.revision
where
    landed.released_on is null
    and calendar.revision is null

-- Returns revisions with another number of lines than was landed: none is lost or doubled on the way.
{{ config(meta={'dagster': {'ref': {'name': 'int_tariff_lines'}}}) }}

with built as (

    select
        revision,
        count(*) as line_count
    from {{ ref('int_tariff_lines') }}
    group by revision

),

landed as (

    select
        partition as revision,
        row_count as landed_line_count
    from {{ ref('stg_landing__selection') }}
    where table_name = 'tariff_lines'

)

select
    coalesce(built.revision, landed.revision) as revision,
    built.line_count,
    landed.landed_line_count
from built
full outer join landed
    on built.revision = landed.revision
where coalesce(built.line_count, 0) <> coalesce(landed.landed_line_count, 0)

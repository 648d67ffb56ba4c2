{{ config(materialized='table', meta={'always_made': true}) }}

select
    source,
    dataset,
    partition,
    table_name,
    flow,
    period_grain,
    period_start,
    digest,
    vintage_at,
    origin,
    row_count,
    cast(value_usd as bigint) as value_usd
from {{ selection_input() }}

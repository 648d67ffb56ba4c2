with selection as (

    select * from {{ ref('stg_landing__selection') }}

)

select
    source,
    dataset,
    partition,
    table_name,
    flow,
    period_grain,
    period_start,
    vintage_at,
    digest,
    origin,
    row_count,
    value_usd
from selection
order by source, dataset, partition, table_name

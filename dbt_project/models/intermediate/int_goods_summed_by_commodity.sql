{{ config(materialized='incremental', meta={'by_content': {'landing': 'goods'}}) }}

with goods as (

    select * from {{ ref('stg_census__goods') }}
    where {{ is_to_load() }}

)

select
    flow,
    period_grain,
    period_start,
    commodity_system,
    commodity_code,
    count(*) as partner_count,
    cast(sum(value_usd) as bigint) as value_usd
from goods
group by 1, 2, 3, 4, 5
order by flow, period_grain, period_start, commodity_system, commodity_code

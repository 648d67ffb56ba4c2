{{ config(materialized='table', meta={'always_made': true}) }}

select
    dataset,
    flow,
    period_grain,
    period_start,
    level,
    partner_code,
    status,
    reason,
    vintage_at
from {{ coverage_input() }}

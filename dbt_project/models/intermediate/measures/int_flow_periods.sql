{{ config(materialized='table') }}

-- Whether the ten-digit rows of a period are those of every partner.
select
    flow,
    period_grain,
    period_start,
    count(*) = sum(case when status = 'covered' then 1 else 0 end) as is_covered,
    case
        when count(*) > sum(case when status = 'covered' then 1 else 0 end)
            then concat(
                flow, 's are covered for ', sum(case when status = 'covered' then 1 else 0 end), ' of ',
                count(*), ' partners'
            )
    end as reason
from {{ ref('source_coverage') }}
where level = 'hs10'
group by 1, 2, 3

with definitions as (

    select * from {{ ref('ai_definition') }}

)

select
    definition_id,
    title,
    method,
    version,
    is_default,
    valid_from,
    valid_to,
    source,
    note
from definitions
order by definition_id

-- Between two of these days no rule, list, override or exclusion changes.
with dated_rows as (

    select
        valid_from,
        valid_to
    from {{ ref('classification_rule') }}
    union all
    select
        valid_from,
        valid_to
    from {{ ref('classification_override') }}
    union all
    select
        valid_from,
        valid_to
    from {{ ref('classification_prefix') }}
    union all
    select
        valid_from,
        valid_to
    from {{ ref('excluded_chapter') }}

),

boundaries as (

    select valid_from as begins_on from dated_rows
    union
    select {{ days_after('valid_to', 1) }} as begins_on
    from dated_rows
    where valid_to is not null

)

select
    begins_on as valid_from,
    {{ days_after('lead(begins_on) over (order by begins_on)', -1) }} as valid_to
from boundaries

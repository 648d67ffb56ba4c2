with labels as (

    select * from {{ ref('int_labels') }}

),

-- Neighbouring segments in which a label stays the same are one period of validity.
marked as (

    select
        *,
        case
            when lag(concat_ws('|', relevance, category, basis, reference)) over (
                partition by classification_id, commodity_system, commodity_code
                order by valid_from
            ) = concat_ws('|', relevance, category, basis, reference) then 0
            else 1
        end as is_change
    from labels

),

numbered as (

    select
        *,
        sum(is_change) over (
            partition by classification_id, commodity_system, commodity_code
            order by valid_from
        ) as validity_number
    from marked

)

select
    classification_id,
    commodity_system,
    commodity_code,
    left(commodity_code, 6) as hs6,
    relevance,
    category,
    layer,
    confidence,
    basis,
    reference,
    reason,
    min(valid_from) as valid_from,
    case when count(*) = count(valid_to) then max(valid_to) end as valid_to
from numbered
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, validity_number
order by classification_id, commodity_system, commodity_code, valid_from

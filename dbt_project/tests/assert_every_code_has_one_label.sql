-- Returns codes without a label, or with two on one day. That a label file lacks a code is a label too
-- (Unlabelled); under rules and lists each code has a real one.
{{ config(meta={'dagster': {'ref': {'name': 'ai_classification'}}}) }}

with labels as (

    select * from {{ ref('int_labels') }}

),

segments as (

    select * from {{ ref('int_classification_segments') }}

),

codes as (

    select
        classifications.classification_id,
        commodities.commodity_system,
        commodities.commodity_code,
        segments.valid_from
    from {{ ref('int_classifications') }} as classifications
    cross join {{ ref('dim_commodity') }} as commodities
    cross join segments
    -- Rules hold from a day on; before it there is no label to expect.
    where segments.valid_from >= cast('2010-01-01' as date)

)

select
    codes.classification_id,
    codes.commodity_system,
    codes.commodity_code,
    codes.valid_from,
    count(labels.relevance) as labels
from codes
left join labels
    on
        codes.classification_id = labels.classification_id
        and codes.commodity_system = labels.commodity_system
        and codes.commodity_code = labels.commodity_code
        and codes.valid_from = labels.valid_from
group by 1, 2, 3, 4
having count(labels.relevance) <> 1

{{ config(materialized='table') }}

-- One label for every code under every classification, in each segment of time.
with segments as (

    select * from {{ ref('int_classification_segments') }}

),

rules as (

    select
        'datacenter_rules' as classification_id,
        commodity_system,
        commodity_code,
        valid_from,
        valid_to,
        relevance,
        category,
        layer,
        cast(null as integer) as confidence,
        'rule' as basis,
        rule_id as reference,
        rationale as reason
    from {{ ref('int_rule_labels') }}

),

lists as (

    select
        labels.classification_id,
        labels.commodity_system,
        labels.commodity_code,
        labels.valid_from,
        labels.valid_to,
        labels.relevance,
        -- A list that gives no categories borrows those of the rules.
        coalesce(
            labels.category,
            case when rules.category <> 'Not_DC_Related' then rules.category end,
            'Uncategorized'
        ) as category,
        {{ no_text() }} as layer,
        cast(null as integer) as confidence,
        labels.basis,
        labels.reference,
        labels.reason
    from {{ ref('int_list_labels') }} as labels
    left join rules
        on
            labels.commodity_system = rules.commodity_system
            and labels.commodity_code = rules.commodity_code
            and labels.valid_from = rules.valid_from

),

published as (

    select
        labels.classification_id,
        labels.commodity_system,
        labels.commodity_code,
        segments.valid_from,
        segments.valid_to,
        labels.relevance,
        coalesce(labels.category, 'Uncategorized') as category,
        {{ no_text() }} as layer,
        labels.confidence,
        labels.basis,
        labels.reference,
        labels.reason
    from {{ ref('int_published_labels') }} as labels
    cross join segments

),

unioned as (

    select * from rules
    union all
    select * from lists
    union all
    select * from published

),

overrides as (

    select * from {{ ref('classification_override') }}

),

categories as (

    select * from {{ ref('ai_category') }}

)

select
    unioned.classification_id,
    unioned.commodity_system,
    unioned.commodity_code,
    unioned.valid_from,
    unioned.valid_to,
    coalesce(overrides.relevance, unioned.relevance) as relevance,
    coalesce(overrides.category, unioned.category) as category,
    coalesce(case when overrides.relevance is null then unioned.layer end, categories.layer) as layer,
    case when overrides.relevance is null then unioned.confidence end as confidence,
    case when overrides.relevance is null then unioned.basis else 'override' end as basis,
    case when overrides.relevance is null then unioned.reference else overrides.source end as reference,
    coalesce(overrides.reason, unioned.reason) as reason
from unioned
left join overrides
    on
        unioned.classification_id = overrides.classification_id
        and unioned.commodity_system = overrides.commodity_system
        and unioned.commodity_code = overrides.commodity_code
        and {{ is_valid_on('unioned.valid_from', 'overrides') }}
inner join categories
    on coalesce(overrides.category, unioned.category) = categories.category
order by
    unioned.classification_id, unioned.commodity_system, unioned.commodity_code, unioned.valid_from

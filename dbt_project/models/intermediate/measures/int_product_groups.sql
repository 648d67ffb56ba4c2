{{ config(materialized='table') }}

-- What an AI figure is compared with, under each definition, as sums of product sets. AI is what the
-- definition counts, in the chapters that it counts; the rest leaves the excluded chapters out.
with definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

labels as (

    select * from {{ ref('int_product_set_labels') }}

),

labelled as (

    select
        definitions.definition_id,
        definitions.valid_from,
        definitions.valid_to,
        labels.product_set_id,
        labels.relevance,
        labels.category,
        labels.is_excluded_chapter,
        concat(';', definitions.relevance_levels, ';') like concat('%;', labels.relevance, ';%')
        and (definitions.exclusion_id is null or not labels.is_excluded_chapter) as is_ai
    from definitions
    inner join labels
        on definitions.classification_id = labels.classification_id

),

in_categories as (

    select
        definition_id,
        'ai' as product_group,
        category,
        product_set_id,
        valid_from,
        valid_to
    from labelled
    where is_ai

    union all

    select
        definition_id,
        concat(lower(relevance), '_codes') as product_group,
        category,
        product_set_id,
        valid_from,
        valid_to
    from labelled
    where
        not is_excluded_chapter
        and relevance <> 'Low'

),

whole as (

    select distinct
        definition_id,
        product_group,
        product_set_id,
        valid_from,
        valid_to
    from in_categories

    union all

    select
        definition_id,
        'low_codes' as product_group,
        product_set_id,
        valid_from,
        valid_to
    from labelled
    where
        not is_excluded_chapter
        and relevance = 'Low'

    union all

    select
        definition_id,
        'all_other' as product_group,
        product_set_id,
        valid_from,
        valid_to
    from labelled
    where
        not is_excluded_chapter
        and not is_ai

    union all

    select
        definition_id,
        'all_goods' as product_group,
        product_set_id,
        valid_from,
        valid_to
    from labelled
    where not is_excluded_chapter

)

select
    definition_id,
    product_group,
    category,
    product_set_id,
    valid_from,
    valid_to
from in_categories

union all

select
    definition_id,
    product_group,
    'all' as category,
    product_set_id,
    valid_from,
    valid_to
from whole

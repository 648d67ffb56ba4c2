{{ config(materialized='table') }}

select
    definitions.definition_id,
    labels.product_set_id,
    labels.relevance,
    labels.category,
    definitions.is_imports_labelled,
    definitions.is_exports_labelled,
    definitions.valid_from,
    definitions.valid_to
from {{ ref('int_product_set_labels') }} as labels
inner join {{ ref('dim_ai_definition') }} as definitions
    on
        labels.classification_id = definitions.classification_id
        and concat(';', definitions.relevance_levels, ';') like concat('%;', labels.relevance, ';%')
where
    definitions.exclusion_id is null
    or not labels.is_excluded_chapter

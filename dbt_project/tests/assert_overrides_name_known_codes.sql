-- Returns overrides of codes or classifications that do not exist: they would silently do nothing.
{{ config(meta={'dagster': {'ref': {'name': 'ai_classification'}}}) }}

select
    overrides.classification_id,
    overrides.commodity_system,
    overrides.commodity_code
from {{ ref('classification_override') }} as overrides
left join {{ ref('dim_commodity') }} as commodities
    on
        overrides.commodity_system = commodities.commodity_system
        and overrides.commodity_code = commodities.commodity_code
left join {{ ref('classification') }} as classifications
    on overrides.classification_id = classifications.classification_id
where
    commodities.commodity_code is null
    or (
        classifications.classification_id is null and overrides.classification_id not like 'llm\_%' escape '\'
    )

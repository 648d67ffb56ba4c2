-- Returns rules and overrides whose relevance and category contradict each other.
{{ config(meta={'dagster': {'ref': {'name': 'int_rule_matches'}}}) }}

with labels as (

    select
        rule_id as label,
        relevance,
        category
    from {{ ref('classification_rule') }}

    union all

    select
        concat(classification_id, ' ', commodity_system, ' ', commodity_code) as label,
        relevance,
        category
    from {{ ref('classification_override') }}

)

select * from labels
where (relevance = 'Low') <> (category = 'Not_DC_Related')

{{ config(materialized='table_macro', arguments=['on_day', 'of_definition']) }}
{% set products %}
    select commodity_code from {{ ref('ai_product') }}
    where
        commodity_system = 'hts10'
        and definition_id = of_definition
{% endset %}

{{ statutory_rates('on_day', products=products) }}

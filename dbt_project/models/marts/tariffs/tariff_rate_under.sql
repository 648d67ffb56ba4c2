{{ config(materialized='table_macro', arguments=['under_scenario', 'on_day']) }}
{% set products %}
    select hts10 from {{ ref('tariff_product') }}
    where is_ai
{% endset %}

{{ statutory_rates('on_day', scenario='under_scenario', products=products) }}

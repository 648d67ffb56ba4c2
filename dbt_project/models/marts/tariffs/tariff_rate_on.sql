{{ config(materialized='table_macro', arguments=['on_day']) }}

{{ statutory_rates('on_day') }}

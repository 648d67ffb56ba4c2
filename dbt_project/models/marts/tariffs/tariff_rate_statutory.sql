{{ config(materialized='view') }}

{{ statutory_rates() }}

{{ config(materialized='table') }}

select distinct
    commodity_system,
    commodity_code
from {{ ref('stg_census__commodities') }}

{{ config(materialized='table') }}

-- A table, because few months bring another one: as long as it comes out as it was, the list of all codes and
-- all that hangs on it are left alone.
select distinct
    commodity_system,
    commodity_code
from {{ ref('int_commodities_undescribed_by_period') }}

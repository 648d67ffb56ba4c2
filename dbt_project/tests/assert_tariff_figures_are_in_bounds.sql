-- Returns shares outside of their bounds or of 0 to 1, and rates that no action ever had.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_parameter'}}}) }}

select
    concat_ws(' ', parameter_id, hs_prefix, partner_code) as row_key,
    value as figure
from {{ ref('tariff_parameter') }}
where
    lower_bound < 0
    or upper_bound > 1
    or value < lower_bound
    or value > upper_bound

union all

select
    concat_ws(' ', action_id, partner_scope) as row_key,
    rate as figure
from {{ ref('tariff_action_rate') }}
where
    rate < 0
    -- 200 % on aluminium from Russia is the highest.
    or rate > 2

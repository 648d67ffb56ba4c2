-- Returns events that take effect before they are published or end before they begin, values outside of their
-- bounds, codes that are no beginning of a tariff code, and zones without a size.
{{ config(meta={'dagster': {'ref': {'name': 'export_control_event'}}}) }}

select
    'export_control_event' as seed_name,
    event_id as row_key,
    'its days are not in order' as fault
from {{ ref('export_control_event') }}
where effective_on < published_on or ended_on < effective_on

union all

select
    'export_control_parameter' as seed_name,
    parameter_id as row_key,
    'outside of its bounds' as fault
from {{ ref('export_control_parameter') }}
where value not between lower_bound and upper_bound

union all

select
    'export_control_parameter' as seed_name,
    parameter_id as row_key,
    'not in whole years' as fault
from {{ ref('export_control_parameter') }}
where
    parameter_id = 'event_window_months'
    and mod(cast(value as bigint), 12) <> 0

union all

select
    'eccn_product_map' as seed_name,
    concat_ws(' ', eccn, hs_prefix) as row_key,
    'not the beginning of a tariff code' as fault
from {{ ref('eccn_product_map') }}
where
    not {{ is_whole_match('hs_prefix', '[0-9]{4}([0-9]{2}){0,3}') }}
    or not {{ is_whole_match('eccn', '[0-9][A-E][0-9]{3}([.][a-z0-9]+)*') }}

union all

select
    'ai_zone' as seed_name,
    zone_id as row_key,
    'neither accelerators nor power' as fault
from {{ ref('ai_zone') }}
where coalesce(gpu_count, 0) <= 0 and coalesce(power_mw, 0) <= 0

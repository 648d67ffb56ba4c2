{%- set lists = [
    source('csl', 'screening_list'),
    source('ecfr', 'control_list'),
    source('ecfr', 'country_chart'),
    source('ecfr', 'country_groups'),
    source('ecfr', 'entity_list'),
] -%}

select
    landed.dataset,
    cast(landed.partition as date) as snapshot_date
from {{ landed_partitions(lists) }} as landed

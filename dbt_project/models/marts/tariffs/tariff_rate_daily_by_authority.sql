{% for authority in var('tariff_authorities') %}
    select
        day,
        '{{ authority }}' as authority,
        {{ authority }}_rate as rate
    from {{ ref('tariff_rate_daily_overall') }}
    union all
{% endfor %}
select
    day,
    'schedule' as authority,
    base_rate as rate
from {{ ref('tariff_rate_daily_overall') }}

{% for authority in ['base'] + var('tariff_authorities') %}
select
    day,
    '{{ authority if authority != 'base' else 'schedule' }}' as authority,
    {{ authority }}_rate as rate
from {{ ref('tariff_rate_daily_overall') }}
{{ "union all" if not loop.last }}
{% endfor %}

{#- A whole text has the given form; null is left to not_null. -#}
{% test matches(model, column_name, pattern) %}

select {{ column_name }}
from {{ model }}
where not {{ is_whole_match(column_name, pattern) }}

{% endtest %}

{#- Returns values outside 0–1; null passes. -#}
{% test is_share(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where not ({{ column_name }} between 0 and 1)
{% endtest %}

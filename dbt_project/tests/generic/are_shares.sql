{#- Returns which of the columns hold a value outside 0–1, and in how many rows; null passes. -#}
{% test are_shares(model, columns) %}
    {%- for column in columns %}
    select
        '{{ column }}' as column_name,
        count(*) as row_count
    from {{ model }}
    where not ({{ column }} between 0 and 1)
    having count(*) > 0
    {{ "union all" if not loop.last }}
    {%- endfor %}
{% endtest %}

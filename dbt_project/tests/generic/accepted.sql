{#- Returns values of the columns that are none of those given for each; null passes. One test for a table. -#}
{% test accepted(model, values) %}
    {%- for column, accepted in values.items() %}
    select
        '{{ column }}' as column_name,
        {{ column }} as unknown_value,
        count(*) as row_count
    from {{ model }}
    where {{ column }} not in ({% for value in accepted %}{{ sql_text(value) }}{{ ", " if not loop.last }}{% endfor %})
    group by {{ column }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
{% endtest %}

{#- Returns which of the columns are null, and in how many rows. One test for a table costs a tenth of ten. -#}
{% test never_null(model, columns) %}
    {%- for column in columns %}
    select
        '{{ column }}' as column_name,
        count(*) as row_count
    from {{ model }}
    where {{ column }} is null
    having count(*) > 0
    {{ "union all" if not loop.last }}
    {%- endfor %}
{% endtest %}

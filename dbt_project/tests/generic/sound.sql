{#-
    What is wrong with a table: columns that are null, keys that more than one row has, values that are none of
    those accepted (null passes). One test for a table: ten tests would cost ten times as much.
-#}
{% test sound(model, never_null=[], unique=[], accepted={}) %}
    with faults as (
        {%- for column in never_null %}
        select
            '{{ column }}' as column_name,
            'is null' as fault,
            {{ no_text() }} as found,
            count(*) as row_count
        from {{ model }}
        where {{ column }} is null
        having count(*) > 0
        union all
        {%- endfor %}
        {%- for columns in unique %}
        select
            '{{ columns | join(", ") }}' as column_name,
            'is not unique' as fault,
            concat_ws(', '{% for column in columns %}, {{ text_of(column) }}{% endfor %}) as found,
            count(*) as row_count
        from {{ model }}
        {%- if columns | length == 1 %}
        where {{ columns[0] }} is not null
        {%- endif %}
        group by {{ columns | join(", ") }}
        having count(*) > 1
        union all
        {%- endfor %}
        {%- for column, values in accepted.items() %}
        select
            '{{ column }}' as column_name,
            'is not accepted' as fault,
            {{ text_of(column) }} as found,
            count(*) as row_count
        from {{ model }}
        where {{ text_of(column) }} not in ({% for value in values %}{{ sql_text(value) }}{{ ", " if not loop.last }}{% endfor %})
        group by {{ column }}
        union all
        {%- endfor %}
        select
            {{ no_text() }} as column_name,
            {{ no_text() }} as fault,
            {{ no_text() }} as found,
            0 as row_count
    )

    select * from faults
    where row_count > 0
{% endtest %}

{#
    What holds when several things could. `candidates` is a CTE with the key, `priority`, `valid_from`, `valid_to`
    (both ends included, an empty end is open) and the other columns; on each day the candidate with the lowest
    priority number holds. Days that follow each other with the same values of `columns` are one interval.
#}

{% macro intervals_by_priority(candidates, key, columns) %}
    {%- set keys = key | join(", ") -%}
    {%- set values = columns | join(", ") -%}
    select
        {{ keys }},
        min(valid_from) as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to,
        {{ values }}
    from (
        select
            *,
            sum(case when is_beginning then 1 else 0 end) over (
                partition by {{ keys }} order by valid_from rows between unbounded preceding and current row
            ) as interval_number
        from (
            select
                *,
                coalesce(
                    lag(valid_to) over followed <> {{ days_after("valid_from", -1) }}
                    {%- for column in columns %}
                    or lag({{ column }}) over followed is distinct from {{ column }}
                    {%- endfor %},
                    true
                ) as is_beginning
            from (
                select
                    segments.*,
                    {% for column in columns %}candidates.{{ column }}, {% endfor %}
                    row_number() over (
                        partition by {% for column in key %}segments.{{ column }}, {% endfor %}segments.valid_from
                        order by candidates.priority
                    ) as place
                from (
                    select
                        {{ keys }},
                        day as valid_from,
                        {{ days_after("lead(day) over (partition by " ~ keys ~ " order by day)", -1) }} as valid_to
                    from (
                        select {{ keys }}, valid_from as day from {{ candidates }}
                        union
                        select {{ keys }}, {{ days_after("valid_to", 1) }} as day
                        from {{ candidates }} where valid_to is not null
                    ) as days
                ) as segments
                inner join {{ candidates }} as candidates
                    on
                        {% for column in key %}segments.{{ column }} = candidates.{{ column }} and {% endfor %}
                        segments.valid_from between candidates.valid_from
                        and coalesce(candidates.valid_to, cast('9999-12-31' as date))
            ) as placed
            where place = 1
            window followed as (partition by {{ keys }} order by valid_from)
        ) as marked
    ) as numbered
    group by {{ keys }}, interval_number, {{ values }}
{% endmacro %}

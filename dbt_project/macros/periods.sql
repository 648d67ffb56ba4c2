{#- Both ends of a validity are days on which it holds; an empty end is open. -#}
{% macro is_valid_on(date, relation) %}
    {#- Comparisons only: with an "or" in its condition an outer join would try every pair of rows. -#}
    {%- set begun = "coalesce(" ~ relation ~ ".valid_from, cast('0001-01-01' as date)) <= " ~ date -%}
    {%- set not_ended = "coalesce(" ~ relation ~ ".valid_to, cast('9999-12-31' as date)) >= " ~ date -%}
    {{- return(begun ~ " and " ~ not_ended) -}}
{% endmacro %}

{#- A code that begins or ends within a period has trade in it. -#}
{% macro is_valid_within(grain, start, relation) %}
    {%- set begun = "coalesce(" ~ relation ~ ".valid_from, cast('0001-01-01' as date)) <= " ~ last_day_of_period(grain, start) -%}
    {%- set not_ended = "coalesce(" ~ relation ~ ".valid_to, cast('9999-12-31' as date)) >= " ~ start -%}
    {{- return(begun ~ " and " ~ not_ended) -}}
{% endmacro %}

{#- The same day some years later (or earlier, when the number is negative). -#}
{% macro years_after(date, years) %}
    {{- return("cast(" ~ dbt.dateadd("year", years, date) ~ " as date)") -}}
{% endmacro %}

{% macro months_after(date, months) %}
    {{- return("cast(" ~ dbt.dateadd("month", months, date) ~ " as date)") -}}
{% endmacro %}

{% macro last_day_of_period(grain, start) %}
    {%- set of_year = days_after(years_after(start, 1), -1) -%}
    {%- set of_month = days_after(months_after(start, 1), -1) -%}
    {{- return("case " ~ grain ~ " when 'year' then " ~ of_year ~ " else " ~ of_month ~ " end") -}}
{% endmacro %}

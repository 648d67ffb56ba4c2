{# What each database says in its own way. #}

{#- An aggregate: one digest for all texts of a group, whatever their order. -#}
{% macro digest_of_texts(expression) %}
    {{- return(adapter.dispatch("digest_of_texts", "ai_trade")(expression)) -}}
{% endmacro %}

{% macro duckdb__digest_of_texts(expression) %}
    {{- return("md5(string_agg(" ~ expression ~ ", chr(10) order by " ~ expression ~ "))") -}}
{% endmacro %}

{#- A query of one value: changes when any row of the relation does, whatever their order. -#}
{% macro digest_of_rows(relation) %}
    {{- return(adapter.dispatch("digest_of_rows", "ai_trade")(relation)) -}}
{% endmacro %}

{% macro duckdb__digest_of_rows(relation) %}
    {{- return("select concat_ws(':', count(*), sum(hash(whole_row))) from " ~ relation ~ " as whole_row") -}}
{% endmacro %}

{% macro text_of(expression) %}
    {{- return("cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")") -}}
{% endmacro %}

{% macro sql_text(value) %}
    {{- return("'" ~ (value | string | replace("'", "''")) ~ "'") -}}
{% endmacro %}

{#- What `sql_text` gives, for each row of a query: hundreds of calls of a macro take a while. -#}
{% macro text_as_sql(expression) %}
    {{- return("concat('''', replace(" ~ expression ~ ", '''', ''''''), '''')") -}}
{% endmacro %}

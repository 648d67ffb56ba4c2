{# What each database says in its own way. #}

{#- DuckDB: a list to be sorted. `string_agg(… order by …)` takes five times as long over many groups. -#}
{% macro all_texts(expression) %}
    {{- return("list(" ~ expression ~ ") filter (" ~ expression ~ " is not null)") -}}
{% endmacro %}

{#- An aggregate: one digest for all texts of a group, whatever their order. -#}
{% macro digest_of_texts(expression) %}
    {{- return(adapter.dispatch("digest_of_texts", "ai_trade")(expression)) -}}
{% endmacro %}

{% macro duckdb__digest_of_texts(expression) %}
    {{- return("md5(array_to_string(list_sort(" ~ all_texts(expression) ~ "), chr(10)))") -}}
{% endmacro %}

{#- An aggregate: the texts of a group in one line, in order; a text that is null is left out. -#}
{% macro texts_in_one(expression) %}
    {{- return(adapter.dispatch("texts_in_one", "ai_trade")(expression)) -}}
{% endmacro %}

{% macro duckdb__texts_in_one(expression) %}
    {{- return("array_to_string(list_sort(" ~ all_texts(expression) ~ "), '; ')") -}}
{% endmacro %}

{#- An aggregate: changes when any text of a group does, whatever their order; takes no room for the texts. -#}
{% macro digest_of_group(expression) %}
    {{- return(adapter.dispatch("digest_of_group", "ai_trade")(expression)) -}}
{% endmacro %}

{% macro duckdb__digest_of_group(expression) %}
    {{- return("concat_ws(':', count(*), sum(hash(" ~ expression ~ ")))") -}}
{% endmacro %}

{#- As texts_in_one, without what is there twice. -#}
{% macro distinct_texts_in_one(expression) %}
    {{- return(adapter.dispatch("distinct_texts_in_one", "ai_trade")(expression)) -}}
{% endmacro %}

{% macro duckdb__distinct_texts_in_one(expression) %}
    {{- return("array_to_string(list_sort(list_distinct(" ~ all_texts(expression) ~ ")), '; ')") -}}
{% endmacro %}

{#- A query of one value: changes when any row of the relation does, whatever their order. -#}
{% macro digest_of_rows(relation) %}
    {{- return(adapter.dispatch("digest_of_rows", "ai_trade")(relation)) -}}
{% endmacro %}

{% macro duckdb__digest_of_rows(relation) %}
    {#- The names and types of the columns are a part of it. -#}
    {%- set content = "concat_ws(':', count(*), sum(hash(whole_row)), md5(any_value(typeof(whole_row))))" -%}
    {{- return("select " ~ content ~ " from " ~ relation ~ " as whole_row") -}}
{% endmacro %}

{#- A relation of one row with the `content` of a file. -#}
{% macro text_of_file(path) %}
    {{- return(adapter.dispatch("text_of_file", "ai_trade")(path)) -}}
{% endmacro %}

{% macro duckdb__text_of_file(path) %}
    {{- return("read_text(" ~ sql_text(path) ~ ")") -}}
{% endmacro %}

{#- A relation: the rows of a CSV file with a header, of the types given by name; an empty cell is null. -#}
{% macro rows_of_csv(path, types) %}
    {{- return(adapter.dispatch("rows_of_csv", "ai_trade")(path, types)) -}}
{% endmacro %}

{% macro duckdb__rows_of_csv(path, types) %}
    {%- set options = ["header = true", "nullstr = ''", "delim = ','", "quote = '\"'", "escape = '\"'"] -%}
    {%- set typed = [] -%}
    {%- for name, type in types.items() -%}
        {%- do typed.append(sql_text(name) ~ ": " ~ sql_text(type)) -%}
    {%- endfor -%}
    {{- return("read_csv(" ~ sql_text(path) ~ ", types = {" ~ typed | join(", ") ~ "}, " ~ options | join(", ") ~ ")") -}}
{% endmacro %}

{% macro text_of(expression) %}
    {{- return("cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")") -}}
{% endmacro %}

{% macro sql_text(value) %}
    {{- return("'" ~ (value | string | replace("'", "''")) ~ "'") -}}
{% endmacro %}

{#- A generator for a select list: one row for each part of a text. -#}
{% macro each_part_of(text, separator) %}
    {{- return(adapter.dispatch("each_part_of", "ai_trade")(text, separator)) -}}
{% endmacro %}

{% macro duckdb__each_part_of(text, separator) %}
    {{- return("unnest(string_split(" ~ text ~ ", " ~ sql_text(separator) ~ "))") -}}
{% endmacro %}

{#- Words in lower case with one blank between them, whatever stood there. -#}
{% macro words_of(text) %}
    {{- return(adapter.dispatch("words_of", "ai_trade")(text)) -}}
{% endmacro %}

{% macro duckdb__words_of(text) %}
    {{- return("trim(regexp_replace(lower(" ~ text ~ "), '[^a-z0-9]+', ' ', 'g'))") -}}
{% endmacro %}

{% macro is_whole_match(text, pattern) %}
    {{- return(adapter.dispatch("is_whole_match", "ai_trade")(text, pattern)) -}}
{% endmacro %}

{% macro duckdb__is_whole_match(text, pattern) %}
    {{- return("regexp_full_match(" ~ text ~ ", " ~ sql_text(pattern) ~ ")") -}}
{% endmacro %}

{#- A text that is not there, typed. -#}
{% macro no_text() %}
    {{- return("cast(null as " ~ dbt.type_string() ~ ")") -}}
{% endmacro %}

{% macro days_after(date, days) %}
    {{- return("cast(" ~ dbt.dateadd("day", days, date) ~ " as date)") -}}
{% endmacro %}

{#- What `sql_text` gives, for each row of a query: hundreds of calls of a macro take a while. -#}
{% macro text_as_sql(expression) %}
    {{- return("concat('''', replace(" ~ expression ~ ", '''', ''''''), '''')") -}}
{% endmacro %}

{#- A fraction as a text, such as 12.5 %. -#}
{% macro percent(expression) %}
    {{- return("concat(" ~ text_of("round(100 * cast(" ~ expression ~ " as double), 2)") ~ ", ' %')") -}}
{% endmacro %}

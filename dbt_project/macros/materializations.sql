{#
    Tables, views and seeds are replaced in one transaction, tables and seeds only when what they are made of has changed
    (macros/made_of.sql). dbt's own way is to build beside the old relation, to rename both and to drop the old one
    after the commit: a run that is killed leaves the old one behind, and each step costs as much as building a small
    table.
#}

{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set now = made_of_now() -%}
    {%- if now.is_unchanged -%}
        {{ left_as_it_is() }}
    {%- elif model["language"] == "python" -%}
        {{ run_hooks(pre_hooks) }}
        {#- It writes over a connection of its own, which has to see that the name is free. -#}
        {%- call statement("drop") -%}
            {{ forget_made() }}
            {{ drop_existing() }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- call statement("main", language="python") -%}
            {{ create_table_as(False, target_relation, compiled_code, "python") }}
        {%- endcall -%}
        {%- call statement("record") -%}
            {{ record_made(now.made_of) }}
        {%- endcall -%}
        {{ run_hooks(post_hooks) }}
        {%- do adapter.commit() -%}
    {%- else -%}
        {{ make_again(create_table_as(False, target_relation, compiled_code), now.made_of) }}
    {%- endif -%}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- set target_relation = this.incorporate(type="view") -%}
    {{ make_again(create_view_as(target_relation, compiled_code), code_digest()) }}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

{#- DuckDB reads the file, as `column_types` says: dbt would read it all the same before it knows its columns. -#}
{% materialization seed, adapter="duckdb" %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set now = made_of_now() -%}
    {%- if now.is_unchanged -%}
        {{ left_as_it_is() }}
    {%- else -%}
        {%- set rows = rows_of_csv(seed_file(), config.require("column_types")) -%}
        {{ make_again("create table " ~ target_relation ~ " as select * from " ~ rows ~ ";", now.made_of) }}
    {%- endif -%}
    {#- dbt asks for the rows that it has read; there are none. -#}
    {%- do store_result("agate_table", response="OK") -%}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

{% macro seed_file() %}
    {{- return(adapter.get_seed_file_path(model)) -}}
{% endmacro %}

{#- A table macro: a query with arguments, which readers call like a table. -#}
{% materialization table_macro, adapter="duckdb" %}
    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        create or replace macro {{ this.include(database=false) }}({{ config.require("arguments") | join(", ") }}) as table
        {{ compiled_code }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{- return({"relations": []}) -}}
{% endmaterialization %}

{#- In one transaction: the relation is as it was, or as it is made now, with the record of what it is made of. -#}
{% macro make_again(create, made_of) %}
    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        {{ drop_existing() }}
        {{ create }}
        {{ record_made(made_of) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
{% endmacro %}

{% macro left_as_it_is() %}
    {%- call noop_statement("main", "UNCHANGED") -%}
        -- What it is made of has not changed.
    {%- endcall -%}
{% endmacro %}

{% macro drop_existing() %}
    {%- set type = existing_type() -%}
    {%- if type -%}
        drop {{ type }} {{ this }};
    {%- endif -%}
{% endmacro %}

{#-
    What stands in the model's place: "table", "view" or nothing. Looked up once for all models of a run: nobody but the
    model makes anything there. dbt, when it is asked for a relation, compares the name with each that it knows.
-#}
{% macro existing_type() %}
    {%- if "existing_types" not in graph -%}
        {%- set query -%}
            select table_name, case table_type when 'VIEW' then 'view' else 'table' end as relation_type
            from information_schema.tables
            where table_catalog = {{ sql_text(this.database) }} and table_schema = {{ sql_text(this.schema) }}
        {%- endset -%}
        {%- set types = {} -%}
        {%- for row in run_query(query).rows -%}
            {%- do types.update({row.table_name: row.relation_type}) -%}
        {%- endfor -%}
        {%- do graph.update({"existing_types": types}) -%}
    {%- endif -%}
    {{- return(graph.existing_types.get(this.identifier)) -}}
{% endmacro %}

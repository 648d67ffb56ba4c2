{#
    Tables and views are replaced in one transaction. dbt's own way is to build beside the old relation, to
    rename both and to drop the old one after the commit: a run that is killed leaves the old one behind, and
    each step costs as much as building a small table.
#}

{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set language = model["language"] -%}
    {{ run_hooks(pre_hooks) }}
    {%- if language == "python" and load_cached_relation(this) is not none -%}
        {#- A model in Python writes over a connection of its own, which has to see that the name is free. -#}
        {%- call statement("drop") -%}
            {{ drop_existing() }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {%- call statement("main", language=language) -%}
        {%- if language == "sql" %}
        {{ drop_existing() }}
        {%- endif %}
        {{ create_table_as(False, target_relation, compiled_code, language) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- set target_relation = this.incorporate(type="view") -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        {{ drop_existing() }}
        {{ create_view_as(target_relation, compiled_code) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

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

{% macro drop_existing() %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- if existing_relation is not none -%}
        drop {{ existing_relation.type }} {{ existing_relation }};
    {%- endif -%}
{% endmacro %}

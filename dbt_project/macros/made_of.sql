{#
    Tables and seeds by content. Each is made again exactly when something that it is made of has changed: its code, its
    contract, the libraries, or the content of what it reads, of a seed its file. A view is made whenever dbt is asked
    for it: it has no rows that could be spared. A table that reads it is made of what is behind it.

    `made_relation` records, in the transaction that makes a relation, what it was made of and what came out. A table
    that comes out as it was leaves those that read it alone, so that a new month of trade does not make the tariffs
    anew. What a model reads besides relations and files of landing (whose paths are in its SQL, and whose files
    never change) is not seen here: such a model says `meta={'always_made': true}`. Libraries are seen when whoever
    runs dbt names them in AITB_LIBRARIES, as the pipeline does.
#}

{#- What this run has to do for the model: `made_of`, and whether the model `is_unchanged`, made of just that. -#}
{% macro made_of_now() %}
    {%- set is_kept = existing_type() == "table"
        and not should_full_refresh()
        and not config.meta_get("always_made") -%}
    {%- set query -%}
        select
            wanted.made_of,
            coalesce(wanted.made_of = made.made_of, false) as is_unchanged
        from ({{ file_digest() if model.resource_type == "seed" else parents_digest() }}) as wanted
        left join {{ made_relation() }} as made on made.model_name = {{ sql_text(this.identifier) }}
    {%- endset -%}
    {%- set row = run_query(query).rows[0] -%}
    {{- return({"made_of": row.made_of, "is_unchanged": is_kept and row.is_unchanged}) -}}
{% endmacro %}

{#- A query of one value: the digest of what a seed is made of. -#}
{% macro file_digest() %}
    {%- set code = local_md5(config.get("column_types") | string ~ env_var("AITB_LIBRARIES", "")) -%}
    select md5(concat({{ sql_text(code) }}, content)) as made_of
    from {{ text_of_file(seed_file()) }}
{% endmacro %}

{#- A query of one value: the digest of what the model is made of; null when a parent left no record. -#}
{% macro parents_digest() %}
    {%- set parents = [] -%}
    {%- do add_parents(model, parents) -%}
    {%- set recorded = [] -%}
    {%- set incremental = [] -%}
    {%- for unique_id in parents -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- do (incremental if node.config.materialized == "incremental" else recorded).append(sql_text(node.alias)) -%}
    {%- endfor -%}
    select
        case
            when count(*) filter (where content is not null) = {{ recorded | length }}
                then md5(concat_ws('|', {{ sql_text(code_digest()) }}, string_agg(part, '|' order by part)))
        end as made_of
    from (
        select content, concat_ws('|', model_name, content) as part
        from {{ made_relation() }}
        where model_name in ({{ (recorded or ["null"]) | join(", ") }})
        union all
        select null as content, concat_ws('|', model_name, flow, period_grain, {{ text_of("period_start") }}, digest) as part
        from {{ loaded_partition() }}
        where model_name in ({{ (incremental or ["null"]) | join(", ") }})
    ) as parts
{% endmacro %}

{#- The nodes that a node reads, and those that the views among them read, go into `parents`. -#}
{% macro add_parents(node, parents) %}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- if unique_id in graph.nodes and unique_id not in parents -%}
            {%- do parents.append(unique_id) -%}
            {%- if graph.nodes[unique_id].config.materialized == "view" -%}
                {%- do add_parents(graph.nodes[unique_id], parents) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro code_digest() %}
    {{- return(local_md5(compiled_code ~ model.contract.checksum ~ env_var("AITB_LIBRARIES", ""))) -}}
{% endmacro %}

{#- What came out: of a table its rows, of a view its code. -#}
{% macro record_made(made_of) %}
    {{ forget_partitions() }}
    {{ forget_made() }}
    insert into {{ made_relation() }} (model_name, made_of, content)
    select
        {{ sql_text(this.identifier) }},
        {{ sql_text(made_of) if made_of else no_text() }},
        {% if config.get("materialized") == "view" -%}
            {{ sql_text(made_of) if made_of else no_text() }}
        {%- else -%}
            ({{ digest_of_rows(this) }})
        {%- endif %};
{% endmacro %}

{% macro forget_made() %}
    delete from {{ made_relation() }} where model_name = {{ sql_text(this.identifier) }};
{% endmacro %}

{% macro made_relation() %}
    {{- return(api.Relation.create(target.database, target.schema, "made_relation")) -}}
{% endmacro %}

{% macro create_made_relation() %}
    create table if not exists {{ made_relation() }} (
        model_name {{ dbt.type_string() }} not null,
        made_of {{ dbt.type_string() }},
        content {{ dbt.type_string() }}
    )
{% endmacro %}

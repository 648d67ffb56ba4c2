{#
    Incremental by content. Here is what `materialized='incremental'` means in this project.

    A partition of a model is one (flow, period_grain, period_start), or one (period_grain, period_start) in a
    model that holds both flows side by side. It is deleted and inserted again exactly when the digest of what
    it is made of differs from the digest that the warehouse recorded when it was last written, and deleted
    when it is no longer selected. There is no look-back window: agencies re-issue whole histories, and a
    month that comes back unchanged costs nothing.

    A model says what its partitions are made of:

        {{ config(materialized='incremental', meta={'by_content': {
            'landing': 'goods',             the landing table that it reads, or
            'upstream': 'ai_trade',         the incremental model that it reads, or a list of them
            'coverage': true,               what was asked and answered counts as well
            'year_earlier': true,           each is compared with that of a year earlier, which counts as well
            'period_grain': 'month',        it holds this grain only and has no column for it
            'both_flows': true,             a partition holds both flows
            'context': ['balance_basis'],   small relations that every partition depends on
        }}) }}

    and takes from its inputs only the rows that `is_to_load()` lets through: on a first run all of them, later
    those of the files (or periods) that changed, named as literals, so that no other file is opened. A model that
    compares takes from its inputs those of a year earlier too: `is_to_load(year_earlier=true)`.

    What is not in a partition is its context: the SQL of the model, of its macros and of its parents, its
    contract, and the content of the context relations. It is part of every digest, so a change of it changes
    every partition. A model of which no partition stays is built anew, as by --full-refresh.

    `loaded_partition` records what was written, in the transaction that writes it: a run that is killed
    leaves the old rows with the old digests or the new rows with the new ones, and the next run goes on.
#}

{% materialization incremental, adapter="duckdb" %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set changes = partition_changes() -%}
    {%- do kept_changes().clear() -%}
    {%- if changes.is_build -%}
        {{ run_hooks(pre_hooks) }}
        {%- call statement("main") -%}
            {{ drop_existing() }}
            {{ create_table_as(False, target_relation, compiled_code) }}
            {{ record_all_partitions() }}
        {%- endcall -%}
        {{ run_hooks(post_hooks) }}
        {%- do adapter.commit() -%}
    {%- elif changes.partitions -%}
        {{ run_hooks(pre_hooks) }}
        {%- call statement("main") -%}
            {%- for partition in changes.partitions if partition.is_written %}
            delete from {{ target_relation }} where {{ partition_condition(partition) }};
            {%- endfor %}
            insert into {{ target_relation }} by name {{ compiled_code }};
            {{ record_partitions(changes.partitions) }}
        {%- endcall -%}
        {{ run_hooks(post_hooks) }}
        {%- do adapter.commit() -%}
    {%- else -%}
        {{ left_as_it_is() }}
    {%- endif -%}
    {{- return({"relations": [target_relation]}) -}}
{% endmaterialization %}

{#-
    What this run has to do for the model: `is_build`, and else the `partitions` to write or delete, as rows
    (flow, period_grain, period_start as text, digest, is_selected, is_written).
-#}
{% macro partition_changes() %}
    {%- set kept = kept_changes() -%}
    {%- if not kept -%}
        {%- do kept.update(find_partition_changes()) -%}
    {%- endif -%}
    {{- return({"is_build": kept.is_build, "partitions": kept.partitions}) -}}
{% endmacro %}

{#-
    Where the answer is kept from `is_to_load()` to the materialization, which ask the same within moments.
    `graph` is what dbt shows to both; the model's own variables are made anew for each.
-#}
{% macro kept_changes() %}
    {{- return(graph.setdefault("partition_changes", {}).setdefault(model.unique_id, {})) -}}
{% endmacro %}

{% macro find_partition_changes() %}
    {%- if existing_type() != "table" or should_full_refresh() -%}
        {{- return({"is_build": true, "partitions": []}) -}}
    {%- endif -%}
    {%- set query -%}
        with compared as (
            select
                coalesce(wanted.flow, written.flow) as flow,
                coalesce(wanted.period_grain, written.period_grain) as period_grain,
                coalesce(wanted.period_start, written.period_start) as period_start,
                wanted.digest,
                wanted.digest is not null as is_selected,
                written.digest is not null as is_written,
                wanted.digest is not distinct from written.digest as is_unchanged
            from ({{ partition_digests() }}) as wanted
            full outer join (
                select * from {{ loaded_partition() }} where model_name = {{ sql_text(this.identifier) }}
            ) as written
                on
                    wanted.flow = written.flow
                    and wanted.period_grain = written.period_grain
                    and wanted.period_start = written.period_start
        )
        select
            flow,
            period_grain,
            {{ text_of("period_start") }} as period_start,
            digest,
            is_selected,
            is_written,
            (select bool_or(is_unchanged) from compared) as any_unchanged
        from compared
        where not is_unchanged
        order by 1, 2, 3
    {%- endset -%}
    {%- set rows = run_query(query).rows | list -%}
    {{- return({"is_build": rows | length > 0 and not rows[0].any_unchanged, "partitions": rows}) -}}
{% endmacro %}

{#- What the model takes from its inputs, as a condition on their rows; with what it is compared with, or without. -#}
{% macro is_to_load(year_earlier=false) %}
    {%- set changes = partition_changes() if execute else {"is_build": true} -%}
    {%- if changes.is_build -%}
        {{- return("1 = 1") -}}
    {%- endif -%}
    {%- set conditions = [] -%}
    {%- for partition in changes.partitions if partition.is_selected -%}
        {%- do conditions.append("(" ~ partition_condition(partition) ~ ")") -%}
        {%- if year_earlier -%}
            {%- do conditions.append("(" ~ partition_condition(partition, years=-1) ~ ")") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set landing_table = config.meta_get("by_content").landing -%}
    {%- if not conditions -%}
        {{- return("1 = 0") -}}
    {%- elif not landing_table -%}
        {{- return("(" ~ conditions | join(" or ") ~ ")") -}}
    {%- endif -%}
    {%- set query -%}
        select {{ text_as_sql("path") }} as path
        from {{ selected_partitions(landing_table) }}
        where {{ conditions | join(" or ") }}
        order by path
    {%- endset -%}
    {{- return("landing_path in (" ~ run_query(query).columns[0].values() | join(", ") ~ ")") -}}
{% endmacro %}

{#- A partition, or the one some years after it, as a condition on the columns that the model has. -#}
{% macro partition_condition(partition, years=0) %}
    {%- set content = config.meta_get("by_content") -%}
    {%- set period_start = "cast(" ~ sql_text(partition.period_start) ~ " as date)" -%}
    {%- set conditions = ["period_start = " ~ (years_after(period_start, years) if years else period_start)] -%}
    {%- if not content.period_grain -%}
        {%- do conditions.append("period_grain = " ~ sql_text(partition.period_grain)) -%}
    {%- endif -%}
    {%- if not content.both_flows -%}
        {%- do conditions.append("flow = " ~ sql_text(partition.flow)) -%}
    {%- endif -%}
    {{- return(conditions | join(" and ")) -}}
{% endmacro %}

{#- A query: the partitions as they should be now, as (flow, period_grain, period_start, digest). -#}
{% macro partition_digests() %}
    {%- set content = config.meta_get("by_content") -%}
    select
        {{ "'both'" if content.both_flows else "flow" }} as flow,
        period_grain,
        period_start,
        concat({{ digest_of_texts("part") }}, ':', ({{ context_digest() }})) as digest
    from (
        {%- if content.landing %}
        -- Rows carry their vintage: equal figures of a later vintage are other rows.
        select flow, period_grain, period_start, concat_ws('|', dataset, digest, {{ text_of("vintage_at") }}) as part
        from {{ selected_partitions(content.landing) }}
        {%- endif %}
        {%- if content.upstream %}
        select flow, period_grain, period_start, concat_ws('|', model_name, flow, digest) as part
        from {{ upstream_partitions(content) }}
        {%- endif %}
        {%- if content.year_earlier %}
        union all
        select
            earlier.flow,
            earlier.period_grain,
            own.period_start,
            concat_ws('|', 'a year earlier', earlier.model_name, earlier.flow, earlier.digest) as part
        from {{ upstream_partitions(content) }} as earlier
        inner join (select distinct flow, period_grain, period_start from {{ upstream_partitions(content) }}) as own
            on
                earlier.flow = own.flow
                and earlier.period_grain = own.period_grain
                and earlier.period_start = {{ years_after("own.period_start", -1) }}
        {%- endif %}
        {%- if content.coverage and (content.landing or content.upstream) %}
        union all
        {%- endif %}
        {%- if content.coverage %}
        select
            flow,
            period_grain,
            period_start,
            concat_ws('|', dataset, flow, level, partner_code, status, reason, {{ text_of("vintage_at") }}) as part
        from {{ coverage_input() }}
        {%- endif %}
    ) as parts
    group by 1, 2, 3
{% endmacro %}

{% macro upstream_partitions(content) %}
    (
        select * from {{ loaded_partition() }}
        where
            model_name in (
                {%- for name in ([content.upstream] if content.upstream is string else content.upstream) %}
                {{ sql_text(name) }}{{ "," if not loop.last }}
                {%- endfor %}
            )
    )
{% endmacro %}

{% macro selected_partitions(landing_table) %}
    {%- set period_grain = config.meta_get("by_content").period_grain -%}
    (
        select * from {{ selection_input() }}
        where
            table_name = {{ sql_text(landing_table) }}
            {%- if period_grain %}
            and period_grain = {{ sql_text(period_grain) }}
            {%- endif %}
    ) as selected
{% endmacro %}

{#-
    A query of one value: the digest of what every partition of the model depends on. What a table or seed holds is on
    record (macros/made_of.sql); the rows of a view are read.
-#}
{% macro context_digest() %}
    {%- set code = [model.raw_code, model.contract.checksum] -%}
    {%- set parents = [] -%}
    {%- do add_parents(model, parents) -%}
    {%- for unique_id in parents | sort -%}
        {%- do code.append(graph.nodes[unique_id].raw_code) -%}
    {%- endfor -%}
    {%- do code.append(macros_digest()) -%}
    {%- set names = config.meta_get("by_content").context or [] -%}
    {%- set recorded = [] -%}
    select {{ digest_of_texts("part") }}
    from (
        select {{ sql_text(local_md5(code | join("\n"))) }} as part
        {%- for node in graph.nodes.values() if node.name in names and node.resource_type in ["model", "seed"] %}
        {%- if node.config.materialized in ["table", "seed"] %}
        {%- do recorded.append(sql_text(node.alias)) %}
        {%- else %}
        union all
        {{ digest_of_rows(api.Relation.create(node.database, node.schema, node.alias)) }}
        {%- endif %}
        {%- endfor %}
        {%- if recorded %}
        union all
        select concat_ws('|', model_name, content) as part
        from {{ made_relation() }}
        where model_name in ({{ recorded | join(", ") }})
        {%- endif %}
    ) as context_parts
{% endmacro %}

{#- Any macro of the project may be used by a parent, or by another macro: all of them count. Kept for the run. -#}
{% macro macros_digest() %}
    {%- if "macros_digest" not in graph -%}
        {%- set code = [] -%}
        {%- for name in context[project_name] | sort -%}
            {%- do code.append(context[project_name][name].macro.macro_sql) -%}
        {%- endfor -%}
        {%- do graph.update({"macros_digest": local_md5(code | join("\n"))}) -%}
    {%- endif -%}
    {{- return(graph.macros_digest) -}}
{% endmacro %}

{#- Of a table that became incremental, the record of the table goes; of the other way round, that of its partitions. -#}
{% macro record_all_partitions() %}
    {{ forget_made() }}
    {{ forget_partitions() }}
    insert into {{ loaded_partition() }} (model_name, flow, period_grain, period_start, digest)
    select {{ sql_text(this.identifier) }}, flow, period_grain, period_start, digest
    from ({{ partition_digests() }}) as wanted;
{% endmacro %}

{#- Those that changed, with the digests by which that was seen. -#}
{% macro record_partitions(partitions) %}
    {{ forget_made() }}
    {%- for partition in partitions if partition.is_written %}
    delete from {{ loaded_partition() }}
    where
        model_name = {{ sql_text(this.identifier) }}
        and flow = {{ sql_text(partition.flow) }}
        and period_grain = {{ sql_text(partition.period_grain) }}
        and period_start = cast({{ sql_text(partition.period_start) }} as date);
    {%- endfor %}
    {%- for partition in partitions if partition.is_selected %}
    insert into {{ loaded_partition() }} (model_name, flow, period_grain, period_start, digest)
    values (
        {{ sql_text(this.identifier) }},
        {{ sql_text(partition.flow) }},
        {{ sql_text(partition.period_grain) }},
        cast({{ sql_text(partition.period_start) }} as date),
        {{ sql_text(partition.digest) }}
    );
    {%- endfor %}
{% endmacro %}

{% macro forget_partitions() %}
    delete from {{ loaded_partition() }} where model_name = {{ sql_text(this.identifier) }};
{% endmacro %}

{% macro loaded_partition() %}
    {{- return(api.Relation.create(target.database, target.schema, "loaded_partition")) -}}
{% endmacro %}

{% macro create_loaded_partition() %}
    create table if not exists {{ loaded_partition() }} (
        model_name {{ dbt.type_string() }} not null,
        flow {{ dbt.type_string() }} not null,
        period_grain {{ dbt.type_string() }} not null,
        period_start date not null,
        digest {{ dbt.type_string() }} not null
    )
{% endmacro %}

{#
    The landing files that this build has selected.

    `landing('goods', [source('census', 'imports_monthly'), …])` is the relation that holds the rows of the
    selected files of one landing table, over the datasets given: a literal list of files, so that compiled
    SQL runs bare in any DuckDB session. A table of which nothing is selected is an empty relation with the
    same columns. `landing_path` says which file a row is from; a filter on it is settled before any file is
    opened, which is what lets one new month read one file (macros/by_content.sql).
#}

{% macro landing(table_name, datasets) %}
    {{- return(adapter.dispatch('landing', 'ai_trade')(table_name, datasets)) -}}
{% endmacro %}

{% macro duckdb__landing(table_name, datasets) %}
    {%- set paths = selected_paths(table_name, datasets) if execute else [] -%}
    {%- if paths -%}
        {#- Without `filename = true` the column exists as well, but a filter on it opens every file. -#}
        (
            select *, filename as landing_path
            from read_parquet(
                [
                    {%- for path in paths %}
                    {{ path }}{{ "," if not loop.last }}
                    {%- endfor %}
                ],
                filename = true,
                hive_partitioning = false
            )
        )
    {%- else -%}
        (
            select
                {%- for name, type in landing_columns(table_name).items() %}
                cast(null as {{ type }}) as {{ name }},
                {%- endfor %}
                cast(null as {{ dbt.type_string() }}) as landing_path
            where false
        )
    {%- endif -%}
{% endmacro %}

{#- Ten-digit rows of countries as landed of these datasets, with the parts of exports that the agency leaves out. -#}
{% macro landed_goods(datasets) %}
with landed as (

    select * from {{ landing('goods', datasets) }}

)

select
    flow,
    period_grain,
    period_start,
    partner_code,
    commodity_system,
    commodity_code,
    value_usd,
    duty_usd,
    general_value_usd,
    dutiable_value_usd,
    charges_usd,
    quantity_1,
    unit_1,
    quantity_2,
    unit_2,
    {{ part_of_export('domestic_value_usd', 'foreign_value_usd') }} as domestic_value_usd,
    {{ part_of_export('foreign_value_usd', 'domestic_value_usd') }} as foreign_value_usd,
    vintage_at,
    landing_path
from landed
{% endmacro %}

{#- Ready for SQL, in the order of the key, so that tables are written in it and a period stays together on disk. -#}
{% macro selected_paths(table_name, datasets) %}
    {%- set query -%}
        select {{ text_as_sql('path') }} as path
        from {{ selection_input() }}
        where table_name = {{ sql_text(table_name) }}
            and {{ is_of(datasets) }}
        order by flow, period_grain, period_start, dataset, path
    {%- endset -%}
    {{- return(run_query(query).columns[0].values() | list) -}}
{% endmacro %}

{#- Which rows of the selection are about these datasets, as a condition. -#}
{% macro is_of(datasets) %}
    {%- set names = [] -%}
    {%- for dataset in datasets -%}
        {%- do names.append(sql_text(dataset.identifier)) -%}
    {%- endfor -%}
    {{- return("dataset in (" ~ names | join(", ") ~ ")") -}}
{% endmacro %}

{#- Which partitions of these datasets are selected, as the rows themselves. -#}
{% macro landed_partitions(datasets) %}
    {%- set query -%}
        select distinct dataset, partition
        from {{ selection_input() }}
        where {{ is_of(datasets) }}
        order by dataset, partition
    {%- endset -%}
    {%- set rows = run_query(query).rows if execute else [] -%}
    (
        select cast(null as {{ dbt.type_string() }}) as dataset, cast(null as {{ dbt.type_string() }}) as partition
        where false
        {%- for row in rows %}
        union all
        select {{ sql_text(row.dataset) }}, {{ sql_text(row.partition) }}
        {%- endfor %}
    )
{% endmacro %}

{#- What the pipeline says about this build, written beside the warehouse before dbt starts: which files to read. -#}
{% macro selection_input() %}
    {{- return(warehouse_input("selection")) -}}
{% endmacro %}

{#- And what they cover. orchestration/built.py goes by these two: whatever calls one of them reads that table. -#}
{% macro coverage_input() %}
    {{- return(warehouse_input("coverage")) -}}
{% endmacro %}

{% macro warehouse_input(name) %}
    {{- return(adapter.dispatch('warehouse_input', 'ai_trade')(name)) -}}
{% endmacro %}

{% macro duckdb__warehouse_input(name) %}
    {{- return("read_parquet(" ~ sql_text(env_var('AITB_WAREHOUSE_DIR', 'target') ~ "/inputs/" ~ name ~ ".parquet") ~ ")") -}}
{% endmacro %}

{% macro landing_columns(table_name) %}
    {%- set text = dbt.type_string() -%}
    {%- set period = {'flow': text, 'period_grain': text, 'period_start': 'date', 'partner_code': text} -%}
    {%- set kind = {'partner_kind': text} if table_name.endswith('_aggregate') else {} -%}
    {%- set commodity = {'commodity_system': text, 'commodity_code': text} -%}
    {%- set money = {
        'value_usd': 'bigint',
        'duty_usd': 'bigint',
        'general_value_usd': 'bigint',
        'dutiable_value_usd': 'bigint',
        'charges_usd': 'bigint',
    } -%}
    {%- set quantities = {'quantity_1': 'bigint', 'unit_1': text, 'quantity_2': 'bigint', 'unit_2': text} -%}
    {%- set parts = {'domestic_value_usd': 'bigint', 'foreign_value_usd': 'bigint'} -%}
    {%- set vintage = {'vintage_at': 'timestamp'} -%}
    {%- set tables = {
        'goods': [period, kind, commodity, money, quantities, parts, vintage],
        'chapters': [period, kind, commodity, money, parts, vintage],
        'totals': [period, kind, money, parts, vintage],
        'programmes': [
            period, commodity, {'rate_provision_code': text, 'value_usd': 'bigint', 'duty_usd': 'bigint'}, vintage
        ],
        'commodities': [
            commodity,
            {
                'edition_year': 'integer',
                'description': text,
                'short_description': text,
                'unit_1': text,
                'unit_2': text,
                'sitc_code': text,
                'end_use_code': text,
                'naics_code': text,
                'usda_code': text,
                'hitech_code': text,
            },
            vintage,
        ],
        'tariff_lines': [
            {
                'revision': text,
                'line_number': 'bigint',
                'hts_number': text,
                'indent': 'integer',
                'parent_line_number': 'bigint',
                'rate_line_number': 'bigint',
                'description': text,
                'is_superior': 'boolean',
                'unit_1': text,
                'unit_2': text,
                'general_rate_text': text,
                'special_rate_text': text,
                'other_rate_text': text,
                'additional_rate_text': text,
                'quota_quantity': text,
                'description_path': text,
            },
            vintage,
        ],
        'tariff_footnotes': [
            {
                'revision': text,
                'line_number': 'bigint',
                'footnote_number': 'integer',
                'line_columns': text,
                'marker': text,
                'footnote_type': text,
                'footnote_text': text,
                'referenced_codes': text,
            },
            vintage,
        ],
        'tariff_rate_parts': [
            {
                'revision': text,
                'rate_text': text,
                'rate_number': 'integer',
                'part_number': 'integer',
                'programmes': text,
                'part_kind': text,
                'part_text': text,
                'ad_valorem_rate': 'decimal(14, 10)',
                'specific_amount_usd': 'decimal(18, 10)',
                'specific_unit': text,
                'applies_to': text,
                'referenced_codes': text,
            },
            vintage,
        ],
        'tariff_revisions': [{'revision': text, 'release_name': text, 'released_on': 'date'}, vintage],
        'documents': [
            {
                'edition': text,
                'document_number': text,
                'publication_date': 'date',
                'type': text,
                'subtype': text,
                'title': text,
                'abstract': text,
                'agencies': text,
                'html_url': text,
                'pdf_url': text,
                'citation': text,
                'effective_on': 'date',
                'signing_date': 'date',
                'executive_order_number': text,
                'docket_ids': text,
            },
            vintage,
        ],
        'screened_parties': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'list_code': text,
                'list_name': text,
                'entity_number': text,
                'party_type': text,
                'party_name': text,
                'alt_names': text,
                'countries': text,
                'programs': text,
                'federal_register_notice': text,
                'license_requirement': text,
                'license_policy': text,
                'start_date': 'date',
                'end_date': 'date',
                'source_list_url': text,
            },
            vintage,
        ],
        'eccns': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'eccn': text,
                'category': text,
                'product_group': text,
                'heading': text,
                'reason_for_control': text,
                'license_exceptions': text,
                'item_text': text,
            },
            vintage,
        ],
        'eccn_controls': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'eccn': text,
                'control_number': 'integer',
                'reason_code': text,
                'control_text': text,
                'requirement_text': text,
                'chart_column': text,
            },
            vintage,
        ],
        'chart_cells': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'country_name': text,
                'chart_column': text,
                'is_controlled': 'boolean',
                'rule_text': text,
            },
            vintage,
        ],
        'group_members': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'country_name': text,
                'country_group': text,
            },
            vintage,
        ],
        'entity_list_entries': [
            {
                'snapshot_date': 'date',
                'row_number': 'bigint',
                'country_name': text,
                'party_text': text,
                'license_requirement': text,
                'license_policy': text,
                'citation': text,
            },
            vintage,
        ],
        'regulation_amendments': [{'snapshot_date': 'date', 'part': text, 'amendment_date': 'date'}, vintage],
        'priority_codes': [{'row_number': 'bigint', 'hs6': text, 'tier': text}, vintage],
        'eccn_pairs': [
            {
                'row_number': 'bigint',
                'vendor': text,
                'eccn': text,
                'hts_code': text,
                'part_count': 'bigint',
            },
            vintage,
        ],
        'partner_trade': [
            {
                'trade_year': 'integer',
                'trade_flow': text,
                'reporter': text,
                'partner': text,
                'hs6': text,
                'valuation': text,
                'value_usd': 'bigint',
            },
            vintage,
        ],
        'parties': [{'row_number': 'bigint', 'party_name': text, 'country': text, 'reference': text}, vintage],
        'countries': [{'partner_code': text, 'partner_name': text, 'iso2': text}, vintage],
        'labels': [
            {'label_set_id': text},
            commodity,
            {
                'description': text,
                'relevance': text,
                'confidence': 'integer',
                'category': text,
                'specific_use': text,
                'reasoning': text,
                'row_number': 'bigint',
            },
            vintage,
        ],
    } -%}
    {%- set columns = {} -%}
    {%- for part in tables[table_name | replace('_aggregate', '')] -%}
        {%- do columns.update(part) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}

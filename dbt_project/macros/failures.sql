{#-
    Says what a test found, when a run ends: dbt itself only counts the rows. What a test of ours means, and
    what to do, is the comment that its SQL begins with.
-#}
{% macro show_failing_rows(results) %}
    {%- for result in results if execute and result.node.resource_type == "test" and result.status in ["fail", "warn"] -%}
        {%- set comment = [] -%}
        {%- for line in result.node.raw_code.split("\n") if line.startswith("-- ") -%}
            {%- do comment.append(line[3:]) -%}
        {%- endfor -%}
        {%- set lines = [comment | join(" ")] if comment else [] -%}
        {%- set failing = run_query("select * from (" ~ result.node.compiled_code ~ "\n) as failing limit 5") -%}
        {%- for row in failing.rows -%}
            {%- set cells = [] -%}
            {%- for name in failing.column_names -%}
                {%- do cells.append(name ~ " " ~ row[name]) -%}
            {%- endfor -%}
            {%- do lines.append("    " ~ cells | join(", ")) -%}
        {%- endfor -%}
        {%- do log(
            result.node.name ~ ": " ~ result.failures ~ " rows (" ~ result.node.original_file_path ~ ")\n"
            ~ lines | join("\n"),
            info=true,
        ) -%}
    {%- endfor -%}
{% endmacro %}

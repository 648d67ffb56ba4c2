{#- A sum that is null unless every row has the measure: part of a total is not a total. -#}
{% macro sum_if_served(measure) %}
    {{- return("case when count(*) = count(" ~ measure ~ ") then cast(sum(" ~ measure ~ ") as bigint) end") -}}
{% endmacro %}

{#- A sum over the rows for which a condition holds; 0 where none does. -#}
{% macro sum_where(condition, measure) %}
    {{- return("cast(coalesce(sum(case when " ~ condition ~ " then " ~ measure ~ " end), 0) as bigint)") -}}
{% endmacro %}

{#-
    What to group by, so that every combination of `rolled` is also summed over: columns that are summed over are
    null. The key is of each row.
-#}
{% macro rolled_up(key, rolled, prefix="") %}
    {%- set columns = [] -%}
    {%- for column in key -%}{%- do columns.append(prefix ~ column) -%}{%- endfor -%}
    {%- set cubes = [] -%}
    {%- for column in rolled -%}{%- do cubes.append(prefix ~ column) -%}{%- endfor -%}
    {{- return(columns | join(", ") ~ ", cube (" ~ cubes | join(", ") ~ ")") -}}
{% endmacro %}

{#- A fraction, null where there is nothing to divide by. -#}
{% macro ratio(numerator, denominator) %}
    {{- return("cast(" ~ numerator ~ " as double) / nullif(" ~ denominator ~ ", 0)") -}}
{% endmacro %}

{#-
    One part of an export (domestic or foreign). The agency leaves out the row of a part that is zero, so a
    missing part is zero where the other one is served, and unknown where neither is.
-#}
{% macro part_of_export(part, other_part) %}
    {{- return("case when coalesce(" ~ part ~ ", " ~ other_part ~ ") is not null then coalesce(" ~ part ~ ", 0) end") -}}
{% endmacro %}

{#- The measures of a relation of sums, summed further. -#}
{% macro summed_measures(relation) %}
    cast(sum({{ relation }}.value_usd) as bigint) as value_usd,
    {%- for measure in ['general_value_usd', 'dutiable_value_usd', 'domestic_value_usd', 'foreign_value_usd'] %}
        {{ sum_if_served(relation ~ '.' ~ measure) }} as {{ measure }},
    {%- endfor %}
    cast(sum({{ relation }}.duty_usd) as bigint) as duty_usd,
    cast(sum({{ relation }}.duty_covered_value_usd) as bigint) as duty_covered_value_usd,
    max({{ relation }}.vintage_at) as vintage_at
{% endmacro %}

{#-
    Cohen's kappa of two yes-or-no judgements: the agreement beyond that of chance, as a share of what chance
    leaves to agree on. It is (observed − expected) ÷ (1 − expected), written so that whole numbers are divided
    once; null where both say the same of everything. Cohen (1960), "A coefficient of agreement for nominal
    scales".
-#}
{% macro cohens_kappa(both, first_only, second_only, neither) %}
    {%- set a, b, c, d = "cast(" ~ both ~ " as double)", "cast(" ~ first_only ~ " as double)", "cast(" ~ second_only ~ " as double)", "cast(" ~ neither ~ " as double)" -%}
    {%- set observed = "2 * (" ~ a ~ " * " ~ d ~ " - " ~ b ~ " * " ~ c ~ ")" -%}
    {%- set expected = "((" ~ a ~ " + " ~ b ~ ") * (" ~ b ~ " + " ~ d ~ ") + (" ~ a ~ " + " ~ c ~ ") * (" ~ c ~ " + " ~ d ~ "))" -%}
    {{- return(observed ~ " / nullif(" ~ expected ~ ", 0)") -}}
{% endmacro %}

{#-
    Returns the partitions whose number of rows or value is not what landing says: nothing is lost or doubled
    on the way. The uniqueness of the key is proven per partition by the gate of landing, where it is cheap.
-#}
{% test equals_landing(model, landing, period_grain=none) %}
    with built as (
        select
            flow,
            {{ sql_text(period_grain) if period_grain else "period_grain" }} as period_grain,
            period_start,
            count(*) as row_count,
            coalesce(sum(value_usd), 0) as value_usd
        from {{ model }}
        group by 1, 2, 3
    ),

    landed as (
        select
            flow,
            period_grain,
            period_start,
            sum(row_count) as row_count,
            coalesce(sum(value_usd), 0) as value_usd
        from {{ selection_input() }}
        where
            table_name = {{ sql_text(landing) }}
            and row_count > 0
            {%- if period_grain %}
            and period_grain = {{ sql_text(period_grain) }}
            {%- endif %}
        group by 1, 2, 3
    )

    select
        coalesce(built.flow, landed.flow) as flow,
        coalesce(built.period_start, landed.period_start) as period_start,
        built.row_count as built_row_count,
        landed.row_count as landed_row_count,
        built.value_usd as built_value_usd,
        landed.value_usd as landed_value_usd
    from built
    full outer join landed
        on
            built.flow = landed.flow
            and built.period_grain = landed.period_grain
            and built.period_start = landed.period_start
    where
        coalesce(built.row_count, 0) <> coalesce(landed.row_count, 0)
        or coalesce(built.value_usd, 0) <> coalesce(landed.value_usd, 0)
{% endtest %}

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': [
            'ai_trade',
            'int_goods_summed_by_product_set',
            'int_import_duty_resolved',
            'goods_trade_total_aggregate',
            'source_coverage',
        ],
        'both_flows': true,
        'context': ['dim_ai_definition', 'int_product_set_definitions'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

trade as (

    select * from {{ ref('ai_trade') }}
    where {{ is_changed }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_partner') }}
    where {{ is_changed }}

),

product_goods as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where
        flow = 'import'
        and {{ is_changed }}

),

totals as (

    select * from {{ ref('goods_trade_total_aggregate') }}
    where {{ is_changed }}

),

duty as (

    select * from {{ ref('int_import_duty_resolved') }}
    where {{ is_changed }}

),

set_definitions as (

    select * from {{ ref('int_product_set_definitions') }}

),

product_sets as (

    select distinct
        product_set_id,
        is_excluded_chapter
    from {{ ref('int_product_set_labels') }}

),

coverage as (

    select * from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and {{ is_changed }}

),

covered_periods as (

    select
        flow,
        period_grain,
        period_start
    from coverage
    group by 1, 2, 3
    having count(*) = sum(case when status = 'covered' then 1 else 0 end)

),

periods as (

    select
        period_grain,
        period_start,
        max(case when flow = 'import' then 1 else 0 end) = 1 as is_imports_covered,
        max(case when flow = 'export' then 1 else 0 end) = 1 as is_exports_covered
    from covered_periods
    group by 1, 2

),

ai_summed as (

    select
        definition_id,
        period_grain,
        period_start,
        cast(sum(case when flow = 'import' then value_usd else 0 end) as bigint) as imports_usd,
        cast(sum(case when flow = 'export' then value_usd else 0 end) as bigint) as exports_usd
    from trade
    group by 1, 2, 3

),

-- A list that somebody has made may name goods of the chapters that are left out of the whole.
ai_imports_without_excluded_chapters as (

    select
        set_definitions.definition_id,
        product_goods.period_grain,
        product_goods.period_start,
        cast(sum(product_goods.value_usd) as bigint) as value_usd
    from product_goods
    inner join set_definitions
        on
            product_goods.product_set_id = set_definitions.product_set_id
            and {{ is_valid_on('product_goods.period_start', 'set_definitions') }}
    inner join product_sets
        on product_goods.product_set_id = product_sets.product_set_id
    where not product_sets.is_excluded_chapter
    group by 1, 2, 3

),

imports_without_excluded_chapters as (

    select
        period_grain,
        period_start,
        cast(sum(value_usd) as bigint) as value_usd
    from goods
    where
        flow = 'import'
        and not is_excluded_chapter
    group by 1, 2

),

-- The world row and not the sum of the ten-digit lines, which a source may not give in full: the sample lacks
-- chapters 98 and 99 of many partners.
imports_of_all_goods as (

    select
        period_grain,
        period_start,
        value_usd
    from totals
    where
        flow = 'import'
        and partner_kind = 'world'

),

ai_duty_summed as (

    select
        set_definitions.definition_id,
        duty.period_grain,
        duty.period_start,
        cast(sum(duty.duty_usd) as bigint) as duty_usd,
        cast(sum(duty.duty_covered_value_usd) as bigint) as duty_covered_value_usd
    from duty
    inner join set_definitions
        on
            duty.product_set_id = set_definitions.product_set_id
            and {{ is_valid_on('duty.period_start', 'set_definitions') }}
    group by 1, 2, 3

),

goods_duty_summed as (

    select
        duty.period_grain,
        duty.period_start,
        cast(sum(duty.duty_usd) as bigint) as duty_usd,
        cast(sum(duty.duty_covered_value_usd) as bigint) as duty_covered_value_usd
    from duty
    inner join product_sets
        on duty.product_set_id = product_sets.product_set_id
    where not product_sets.is_excluded_chapter
    group by 1, 2

),

figures as (

    select
        definitions.definition_id,
        periods.period_grain,
        periods.period_start,
        periods.is_imports_covered,
        periods.is_exports_covered,
        definitions.is_imports_labelled,
        definitions.is_exports_labelled,
        case
            when periods.is_imports_covered and definitions.is_imports_labelled
                then coalesce(ai_summed.imports_usd, 0)
        end as ai_imports_usd,
        case
            when periods.is_exports_covered and definitions.is_exports_labelled
                then coalesce(ai_summed.exports_usd, 0)
        end as ai_exports_usd,
        case
            when periods.is_imports_covered and definitions.is_imports_labelled
                then coalesce(ai_imports_without_excluded_chapters.value_usd, 0)
        end as ai_imports_ex_27_71_98_99_usd,
        case when periods.is_imports_covered then coalesce(imports_without_excluded_chapters.value_usd, 0) end
            as imports_ex_27_71_98_99_usd,
        case when periods.is_imports_covered then imports_of_all_goods.value_usd end as imports_all_goods_usd,
        case
            when periods.is_imports_covered and definitions.is_imports_labelled then ai_duty.duty_usd
        end as ai_duty_usd,
        case
            when periods.is_imports_covered and definitions.is_imports_labelled
                then coalesce(ai_duty.duty_covered_value_usd, 0)
        end as ai_duty_covered_value_usd,
        case when periods.is_imports_covered then goods_duty.duty_usd end as duty_ex_27_71_98_99_usd,
        case when periods.is_imports_covered then coalesce(goods_duty.duty_covered_value_usd, 0) end
            as duty_covered_value_ex_27_71_98_99_usd
    from periods
    inner join definitions
        on {{ is_valid_on('periods.period_start', 'definitions') }}
    left join ai_summed
        on
            definitions.definition_id = ai_summed.definition_id
            and periods.period_grain = ai_summed.period_grain
            and periods.period_start = ai_summed.period_start
    left join ai_imports_without_excluded_chapters
        on
            definitions.definition_id = ai_imports_without_excluded_chapters.definition_id
            and periods.period_grain = ai_imports_without_excluded_chapters.period_grain
            and periods.period_start = ai_imports_without_excluded_chapters.period_start
    left join imports_without_excluded_chapters
        on
            periods.period_grain = imports_without_excluded_chapters.period_grain
            and periods.period_start = imports_without_excluded_chapters.period_start
    left join imports_of_all_goods
        on
            periods.period_grain = imports_of_all_goods.period_grain
            and periods.period_start = imports_of_all_goods.period_start
    left join ai_duty_summed as ai_duty
        on
            definitions.definition_id = ai_duty.definition_id
            and periods.period_grain = ai_duty.period_grain
            and periods.period_start = ai_duty.period_start
    left join goods_duty_summed as goods_duty
        on
            periods.period_grain = goods_duty.period_grain
            and periods.period_start = goods_duty.period_start

),

final as (

    select
        definition_id,
        period_grain,
        period_start,
        ai_imports_usd,
        ai_exports_usd,
        ai_exports_usd - ai_imports_usd as ai_balance_usd,
        imports_ex_27_71_98_99_usd,
        imports_all_goods_usd,
        {{ ratio('ai_imports_ex_27_71_98_99_usd', 'imports_ex_27_71_98_99_usd') }} as ai_import_share,
        {{ ratio('ai_imports_usd', 'imports_all_goods_usd') }} as ai_import_share_all_goods,
        ai_duty_usd,
        ai_duty_covered_value_usd,
        {{ ratio('ai_duty_usd', 'ai_duty_covered_value_usd') }} as effective_tariff_rate,
        {{ ratio('ai_duty_covered_value_usd', 'ai_imports_usd') }} as duty_coverage_share,
        duty_ex_27_71_98_99_usd,
        duty_covered_value_ex_27_71_98_99_usd,
        {{ ratio('duty_ex_27_71_98_99_usd', 'duty_covered_value_ex_27_71_98_99_usd') }}
            as effective_tariff_rate_ex_27_71_98_99,
        {{ ratio('duty_covered_value_ex_27_71_98_99_usd', 'imports_ex_27_71_98_99_usd') }}
            as duty_coverage_share_ex_27_71_98_99,
        case
            when not is_imports_covered then 'imports are not covered for all partners'
            when not is_imports_labelled then 'imports are not labelled'
        end as imports_reason,
        case
            when not is_exports_covered then 'exports are not covered for all partners'
            when not is_exports_labelled then 'exports are not labelled'
        end as exports_reason,
        case
            when not is_imports_covered then 'imports are not covered for all partners'
            when imports_all_goods_usd is null then 'the total of all goods is not served'
        end as imports_all_goods_reason,
        case
            when not is_imports_covered then 'imports are not covered for all partners'
            when not is_imports_labelled then 'imports are not labelled'
            when ai_duty_usd is null then 'duty is not served'
            when ai_duty_covered_value_usd = 0 then 'no value'
        end as effective_tariff_rate_reason
    from figures

)

select * from final
order by definition_id, period_grain, period_start

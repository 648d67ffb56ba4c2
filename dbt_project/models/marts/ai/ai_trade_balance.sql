{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': 'ai_trade',
        'coverage': true,
        'both_flows': true,
        'context': ['balance_basis', 'int_product_set_definitions', 'dim_partner'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with trade as (

    select * from {{ ref('ai_trade') }}
    where {{ is_changed }}

),

goods as (

    select * from {{ ref('int_goods_summed_by_partner') }}
    where {{ is_changed }}

),

coverage as (

    select * from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and status = 'covered'
        and {{ is_changed }}

),

products as (

    select * from {{ ref('ai_product') }}

),

bases as (

    select * from {{ ref('balance_basis') }}

),

definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

categories as (

    select distinct
        products.definition_id,
        products.category,
        products.valid_from,
        products.valid_to,
        definitions.is_imports_labelled,
        definitions.is_exports_labelled
    from products
    inner join definitions
        on products.definition_id = definitions.definition_id

),

covered_partners as (

    select
        period_grain,
        period_start,
        partner_code,
        max(case when flow = 'export' then 1 else 0 end) = 1 as is_exports_covered,
        max(case when flow = 'import' then 1 else 0 end) = 1 as is_imports_covered
    from coverage
    group by 1, 2, 3

),

-- Which measures a source gives is seen in the figures of the partner, or, for a partner without any trade,
-- in those of the others.
partner_measures as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        count(*) = count(domestic_value_usd) as is_domestic_served,
        count(*) = count(general_value_usd) as is_general_served
    from goods
    group by 1, 2, 3, 4

),

period_measures as (

    select
        flow,
        period_grain,
        period_start,
        max(case when is_domestic_served then 1 else 0 end) = 1 as is_domestic_served,
        max(case when is_general_served then 1 else 0 end) = 1 as is_general_served
    from partner_measures
    group by 1, 2, 3

),

covered_sides as (

    select
        covered_partners.*,
        coalesce(own_exports.is_domestic_served, all_exports.is_domestic_served, false) as is_domestic_served,
        coalesce(own_imports.is_general_served, all_imports.is_general_served, false) as is_general_served
    from covered_partners
    left join partner_measures as own_exports
        on
            own_exports.flow = 'export'
            and covered_partners.period_grain = own_exports.period_grain
            and covered_partners.period_start = own_exports.period_start
            and covered_partners.partner_code = own_exports.partner_code
    left join partner_measures as own_imports
        on
            own_imports.flow = 'import'
            and covered_partners.period_grain = own_imports.period_grain
            and covered_partners.period_start = own_imports.period_start
            and covered_partners.partner_code = own_imports.partner_code
    left join period_measures as all_exports
        on
            all_exports.flow = 'export'
            and covered_partners.period_grain = all_exports.period_grain
            and covered_partners.period_start = all_exports.period_start
    left join period_measures as all_imports
        on
            all_imports.flow = 'import'
            and covered_partners.period_grain = all_imports.period_grain
            and covered_partners.period_start = all_imports.period_start

),

grid as (

    select distinct
        categories.definition_id,
        bases.balance_basis,
        bases.exports_measure,
        bases.imports_measure,
        covered_sides.period_grain,
        covered_sides.period_start,
        covered_sides.partner_code,
        categories.category,
        covered_sides.is_exports_covered,
        covered_sides.is_imports_covered,
        categories.is_exports_labelled,
        categories.is_imports_labelled,
        covered_sides.is_exports_covered
        and categories.is_exports_labelled
        and (bases.exports_measure <> 'domestic_value_usd' or covered_sides.is_domestic_served)
            as is_exports_served,
        covered_sides.is_imports_covered
        and categories.is_imports_labelled
        and (bases.imports_measure <> 'general_value_usd' or covered_sides.is_general_served)
            as is_imports_served
    from covered_sides
    inner join categories
        on {{ is_valid_on('covered_sides.period_start', 'categories') }}
    cross join bases

),

-- A side that is served and has no rows is zero; a side that is not served is null.
both_sides as (

    select
        grid.*,
        case
            when not grid.is_exports_served then null
            when exports.partner_code is null then 0
            when grid.exports_measure = 'value_usd' then exports.value_usd
            when grid.exports_measure = 'domestic_value_usd' then exports.domestic_value_usd
        end as exports_usd,
        case
            when not grid.is_imports_served then null
            when imports.partner_code is null then 0
            when grid.imports_measure = 'value_usd' then imports.value_usd
            when grid.imports_measure = 'general_value_usd' then imports.general_value_usd
        end as imports_usd
    from grid
    left join trade as exports
        on
            exports.flow = 'export'
            and grid.definition_id = exports.definition_id
            and grid.period_grain = exports.period_grain
            and grid.period_start = exports.period_start
            and grid.partner_code = exports.partner_code
            and grid.category = exports.category
    left join trade as imports
        on
            imports.flow = 'import'
            and grid.definition_id = imports.definition_id
            and grid.period_grain = imports.period_grain
            and grid.period_start = imports.period_start
            and grid.partner_code = imports.partner_code
            and grid.category = imports.category

),

balanced as (

    select
        definition_id,
        balance_basis,
        period_grain,
        period_start,
        partner_code,
        category,
        exports_usd,
        imports_usd,
        exports_usd - imports_usd as balance_usd,
        case
            when exports_usd is not null and imports_usd is not null then 'both'
            when exports_usd is not null then 'exports_only'
            when imports_usd is not null then 'imports_only'
            else 'neither'
        end as coverage,
        nullif(concat_ws(
            '; ',
            case
                when not is_exports_covered then 'exports are not covered'
                when not is_exports_labelled then 'exports are not labelled'
                when exports_usd is null then concat(exports_measure, ' of exports is not served')
            end,
            case
                when not is_imports_covered then 'imports are not covered'
                when not is_imports_labelled then 'imports are not labelled'
                when imports_usd is null then concat(imports_measure, ' of imports is not served')
            end
        ), '') as reason
    from both_sides

)

select * from balanced
order by definition_id, balance_basis, period_grain, period_start, partner_code, category

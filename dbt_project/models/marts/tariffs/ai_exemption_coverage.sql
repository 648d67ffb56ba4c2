-- Which part of AI imports a list of exemptions holds while it is in force, on the imports of the weight
-- year. A list that counts for a use only, a part of a line or some partners is conditional.
with horizon as (

    select * from {{ ref('tariff_horizon') }}

),

slices as (

    select * from {{ ref('int_tariff_slices') }}
    where scenario_id = 'law'

),

imports as (

    select
        goods.commodity_code,
        cast(sum(goods.value_usd) as bigint) as value_usd
    from {{ ref('goods_trade_annual') }} as goods
    inner join horizon
        on goods.period_start = make_date(horizon.weight_year, 1, 1)
    where goods.flow = 'import'
    group by goods.commodity_code

),

-- Where the year is not loaded nothing is known, not even that nothing came.
value_without_imports as (

    select case when count(*) > 0 then 0 end as value_usd
    from imports

),

by_category as (

    select
        ai.definition_id,
        ai.category,
        ai.commodity_code as hts10,
        coalesce(imports.value_usd, value_without_imports.value_usd) as value_usd
    from {{ ref('ai_product') }} as ai
    cross join horizon
    cross join value_without_imports
    left join imports
        on ai.commodity_code = imports.commodity_code
    where
        ai.commodity_system = 'hts10'
        and {{ is_valid_on('horizon.panel_from', 'ai') }}

),

products as (

    select * from by_category
    union all
    select
        definition_id,
        'all' as category,
        hts10,
        value_usd
    from by_category

),

totals as (

    select
        definition_id,
        category,
        sum(value_usd) as value_usd
    from products
    group by definition_id, category

),

-- Actions on one country shield nobody else.
general_actions as (

    select distinct rates.action_id
    from {{ ref('tariff_action_rate') }} as rates
    left join {{ ref('partner') }} as partners
        on rates.partner_scope = partners.partner_code
    where partners.partner_code is null

),

in_force as (

    select
        slices.slice_number,
        slices.valid_from as on_day,
        scope_rows.list_id,
        bool_and(
            scope_rows.share_parameter_id is not null
            or scope_rows.partner_scope <> 'all'
            or general_actions.action_id is null
        ) as is_conditional
    from {{ ref('tariff_action_scope') }} as scope_rows
    inner join {{ ref('tariff_product_list') }} as lists
        on scope_rows.list_id = lists.list_id
    inner join slices
        on {{ is_valid_on('slices.valid_from', 'scope_rows') }}
    left join general_actions
        on scope_rows.action_id = general_actions.action_id
    where
        scope_rows.scope_kind = 'exclude'
        and lists.list_kind = 'exemption'
    group by slices.slice_number, slices.valid_from, scope_rows.list_id

),

members as (

    select distinct
        in_force.slice_number,
        in_force.list_id,
        in_force.is_conditional or lists.is_partial as is_conditional,
        products.definition_id,
        products.category,
        products.hts10,
        products.value_usd
    from in_force
    inner join {{ ref('int_tariff_product_lists') }} as lists
        on
            in_force.list_id = lists.list_id
            and {{ is_valid_on('in_force.on_day', 'lists') }}
    inner join products
        on lists.hts10 = products.hts10

),

-- A code that several lists hold counts once in any of them.
with_any as (

    select * from members
    union all
    select distinct
        slice_number,
        'any unconditional list' as list_id,
        false as is_conditional,
        definition_id,
        category,
        hts10,
        value_usd
    from members
    where not is_conditional

),

counted as (

    select
        slice_number,
        list_id,
        bool_or(is_conditional) as is_conditional,
        definition_id,
        category,
        count(*) as commodity_count,
        cast(sum(value_usd) as bigint) as value_usd
    from with_any
    group by slice_number, list_id, definition_id, category

),

runs as (

    select
        *,
        slice_number - row_number() over (
            partition by list_id, is_conditional, definition_id, category, commodity_count, value_usd
            order by slice_number
        ) as run_number
    from counted

),

spans as (

    select
        list_id,
        is_conditional,
        definition_id,
        category,
        commodity_count,
        value_usd,
        min(slice_number) as first_slice,
        max(slice_number) as last_slice
    from runs
    group by list_id, is_conditional, definition_id, category, commodity_count, value_usd, run_number

)

select
    spans.definition_id,
    spans.category,
    spans.list_id,
    coalesce(lists.title, 'Any list of exemptions without a condition') as list_title,
    spans.is_conditional,
    first_slices.valid_from,
    last_slices.valid_to,
    spans.commodity_count,
    spans.value_usd,
    {{ ratio('spans.value_usd', 'totals.value_usd') }} as ai_import_share
from spans
inner join slices as first_slices
    on spans.first_slice = first_slices.slice_number
inner join slices as last_slices
    on spans.last_slice = last_slices.slice_number
inner join totals
    on
        spans.definition_id = totals.definition_id
        and spans.category = totals.category
left join {{ ref('tariff_product_list') }} as lists
    on spans.list_id = lists.list_id

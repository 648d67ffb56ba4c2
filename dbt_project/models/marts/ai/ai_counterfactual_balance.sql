with group_trade as (

    select * from {{ ref('int_product_group_trade') }}
    where
        category = 'all'
        and product_group in ('ai', 'low_codes', 'all_other', 'all_goods')

),

base_years as (

    select * from {{ ref('base_year') }}

),

non_ai_bases as (

    select 'low_codes' as non_ai_basis
    union all
    select 'all_other' as non_ai_basis

),

pivoted as (

    select
        definition_id,
        flow,
        period_grain,
        period_start,
        max(case when product_group = 'ai' then reason end) as reason,
        max(case when product_group = 'ai' then value_usd end) as ai_usd,
        max(case when product_group = 'low_codes' then value_usd end) as low_codes_usd,
        max(case when product_group = 'all_other' then value_usd end) as all_other_usd,
        max(case when product_group = 'all_goods' then value_usd end) as goods_usd
    from group_trade
    group by 1, 2, 3, 4

),

by_basis as (

    select
        pivoted.definition_id,
        non_ai_bases.non_ai_basis,
        pivoted.flow,
        pivoted.period_grain,
        pivoted.period_start,
        pivoted.reason,
        pivoted.ai_usd,
        pivoted.goods_usd,
        case non_ai_bases.non_ai_basis
            when 'low_codes' then pivoted.low_codes_usd
            else pivoted.all_other_usd
        end as non_ai_usd
    from pivoted
    cross join non_ai_bases

),

-- The year as served, and the sum of its months: each grain has its own base.
base_sums as (

    select
        base_years.base_year,
        by_basis.definition_id,
        by_basis.non_ai_basis,
        by_basis.flow,
        by_basis.period_grain,
        cast(sum(by_basis.ai_usd) as bigint) as ai_usd,
        cast(sum(by_basis.non_ai_usd) as bigint) as non_ai_usd
    from base_years
    inner join by_basis
        on base_years.base_year = extract(year from by_basis.period_start)
    group by 1, 2, 3, 4, 5
    having count(by_basis.ai_usd) = case by_basis.period_grain when 'month' then 12 else 1 end

),

-- mean(AI) · non-AI ÷ mean(non-AI): both means are over the same periods, so the sums will do.
sides as (

    select
        by_basis.definition_id,
        base_years.base_year,
        by_basis.non_ai_basis,
        by_basis.flow,
        by_basis.period_grain,
        by_basis.period_start,
        by_basis.ai_usd,
        by_basis.goods_usd,
        by_basis.non_ai_usd,
        cast(round(base_sums.ai_usd * {{ ratio('by_basis.non_ai_usd', 'base_sums.non_ai_usd') }}) as bigint)
            as counterfactual_usd,
        case
            when by_basis.ai_usd is null
                then coalesce(by_basis.reason, 'no code is AI-related under this definition')
            when by_basis.non_ai_usd is null then 'no code is left to compare with'
            when base_sums.ai_usd is null
                then concat('the base year ', base_years.base_year, ' is not covered for all partners')
            when base_sums.non_ai_usd = 0 then 'no trade in the base year'
        end as reason
    from by_basis
    cross join base_years
    left join base_sums
        on
            base_years.base_year = base_sums.base_year
            and by_basis.definition_id = base_sums.definition_id
            and by_basis.non_ai_basis = base_sums.non_ai_basis
            and by_basis.flow = base_sums.flow
            and by_basis.period_grain = base_sums.period_grain

),

both_sides as (

    select
        definition_id,
        base_year,
        non_ai_basis,
        period_grain,
        period_start,
        max(case when flow = 'import' then ai_usd end) as ai_imports_usd,
        max(case when flow = 'export' then ai_usd end) as ai_exports_usd,
        max(case when flow = 'import' then counterfactual_usd end) as counterfactual_ai_imports_usd,
        max(case when flow = 'export' then counterfactual_usd end) as counterfactual_ai_exports_usd,
        max(case when flow = 'import' then goods_usd end) as goods_imports_usd,
        max(case when flow = 'export' then goods_usd end) as goods_exports_usd,
        case
            when count(case when flow = 'import' then 1 end) = 0 then 'imports are not loaded'
            else max(case when flow = 'import' then reason end)
        end as imports_reason,
        case
            when count(case when flow = 'export' then 1 end) = 0 then 'exports are not loaded'
            else max(case when flow = 'export' then reason end)
        end as exports_reason
    from sides
    group by 1, 2, 3, 4, 5

),

excesses as (

    select
        *,
        ai_imports_usd - counterfactual_ai_imports_usd as excess_imports_usd,
        ai_exports_usd - counterfactual_ai_exports_usd as excess_exports_usd
    from both_sides

)

select
    definition_id,
    base_year,
    non_ai_basis,
    period_grain,
    period_start,
    ai_imports_usd,
    ai_exports_usd,
    ai_exports_usd - ai_imports_usd as ai_balance_usd,
    counterfactual_ai_imports_usd,
    counterfactual_ai_exports_usd,
    counterfactual_ai_exports_usd - counterfactual_ai_imports_usd as counterfactual_ai_balance_usd,
    excess_imports_usd,
    excess_exports_usd,
    excess_exports_usd - excess_imports_usd as excess_balance_usd,
    goods_exports_usd - goods_imports_usd as goods_balance_usd,
    (goods_exports_usd - excess_exports_usd) - (goods_imports_usd - excess_imports_usd)
        as counterfactual_goods_balance_usd,
    imports_reason,
    exports_reason
from excesses
order by definition_id, base_year, non_ai_basis, period_grain, period_start

{{ config(materialized='table') }}

-- What share of a class of products an action covers in a case: the share that is in scope, less what is
-- taken out of it, less what another action displaces. Shares are taken as independent of each other, so that
-- they multiply. Cases of a scenario alone are reckoned for AI products.
with cases as (

    select
        *,
        row_number() over (
            partition by coverage_case_id
            order by scenario_id, partner_class_id, slice_number
        ) as place,
        bool_or(scenario_id = 'law') over (partition by coverage_case_id) as is_law
    from {{ ref('int_tariff_cases') }}

),

examples as (

    select
        cases.coverage_case_id,
        cases.is_law,
        cases.is_claimed,
        cases.scenario_id,
        cases.partner_class_id,
        cases.slice_number,
        slices.valid_from as on_day
    from cases
    inner join {{ ref('int_tariff_slices') }} as slices
        on
            cases.scenario_id = slices.scenario_id
            and cases.slice_number = slices.slice_number
    where cases.place = 1

),

products as (

    select
        hts10,
        product_class_id,
        is_ai_class as is_ai
    from {{ ref('int_tariff_product_classes') }}
    where is_example

),

actions as (

    select
        examples.coverage_case_id,
        rates.action_id,
        rates.stacking_class,
        rates.place_in_class,
        examples.on_day
    from examples
    inner join {{ ref('int_tariff_partner_rates') }} as rates
        on
            examples.scenario_id = rates.scenario_id
            and examples.partner_class_id = rates.partner_class_id
            and examples.slice_number = rates.slice_number

),

scope_rows as (

    select
        examples.coverage_case_id,
        examples.is_law,
        examples.is_claimed,
        examples.on_day,
        scope_rows.action_id,
        scope_rows.scope_kind,
        scope_rows.list_id,
        scope_rows.is_exemption,
        scope_rows.share_parameter_id,
        case
            when scope_rows.share_parameter_id is null then 1
            when scope_rows.share_parameter_id = 'usmca_share' and examples.is_claimed then 1
            when scope_rows.share_parameter_id = 'usmca_share' then 0
            else coalesce(of_partner.value, of_all.value)
        end as usual_share
    from examples
    inner join {{ ref('int_tariff_partner_scope_rows') }} as scope_rows
        on
            examples.scenario_id = scope_rows.scenario_id
            and examples.partner_class_id = scope_rows.partner_class_id
            and examples.slice_number = scope_rows.slice_number
    left join {{ ref('int_tariff_partner_classes') }} as partners
        on
            examples.partner_class_id = partners.partner_class_id
            and partners.is_example
    left join {{ ref('tariff_parameter') }} as of_partner
        on
            scope_rows.share_parameter_id = of_partner.parameter_id
            and partners.partner_code = of_partner.partner_code
            and of_partner.hs_prefix is null
            and of_partner.parameter_id <> 'usmca_share'
            and {{ is_valid_on('examples.on_day', 'of_partner') }}
    left join {{ ref('tariff_parameter') }} as of_all
        on
            scope_rows.share_parameter_id = of_all.parameter_id
            and of_all.partner_code is null
            and of_all.hs_prefix is null
            and {{ is_valid_on('examples.on_day', 'of_all') }}

),

class_lists as (

    select
        products.product_class_id,
        products.is_ai,
        lists.list_id,
        lists.is_partial,
        lists.valid_from,
        lists.valid_to
    from {{ ref('int_tariff_product_lists') }} as lists
    inner join products
        on lists.hts10 = products.hts10

),

days as (

    select distinct on_day from examples

),

-- By day, so that they join by equality.
product_shares as (

    select
        products.product_class_id,
        days.on_day,
        parameters.parameter_id,
        parameters.value
    from days
    inner join {{ ref('int_tariff_product_parameters') }} as parameters
        on
            {{ is_valid_on('days.on_day', 'parameters') }}
    inner join products
        on parameters.hts10 = products.hts10

),

listed as (

    select
        scope_rows.coverage_case_id,
        class_lists.product_class_id,
        scope_rows.action_id,
        scope_rows.scope_kind,
        scope_rows.is_exemption,
        scope_rows.list_id,
        class_lists.is_partial or scope_rows.share_parameter_id is not null as is_partial,
        coalesce(of_product.value, scope_rows.usual_share) as share
    from scope_rows
    inner join class_lists
        on
            scope_rows.list_id = class_lists.list_id
            and {{ is_valid_on('scope_rows.on_day', 'class_lists') }}
            and (scope_rows.is_law or class_lists.is_ai)
    left join product_shares as of_product
        on
            class_lists.product_class_id = of_product.product_class_id
            and scope_rows.share_parameter_id = of_product.parameter_id
            and scope_rows.on_day = of_product.on_day

),

of_lists as (

    select
        coverage_case_id,
        product_class_id,
        action_id,
        max(case when scope_kind = 'include' then share else 0 end) as included,
        product(case when scope_kind = 'exclude' then 1 - share else 1 end) as kept,
        product(case when scope_kind = 'exclude' and not is_exemption then 1 - share else 1 end)
            as kept_without_exemptions,
        {{ distinct_texts_in_one('case when is_exemption and share = 1 then list_id end') }} as exempt_by,
        bool_or(is_partial) as is_partial
    from listed
    group by coverage_case_id, product_class_id, action_id

),

of_all_products as (

    select
        coverage_case_id,
        action_id,
        max(case when scope_kind = 'include' then usual_share else 0 end) as included,
        product(case when scope_kind = 'exclude' then 1 - usual_share else 1 end) as kept,
        bool_or(coalesce(share_parameter_id, 'usmca_share') <> 'usmca_share') as is_partial
    from scope_rows
    where list_id = 'all_products'
    group by coverage_case_id, action_id

),

keys as (

    select
        of_all_products.coverage_case_id,
        products.product_class_id,
        of_all_products.action_id
    from of_all_products
    inner join examples
        on of_all_products.coverage_case_id = examples.coverage_case_id
    inner join products
        on examples.is_law or products.is_ai
    where of_all_products.included > 0

    union distinct

    select
        coverage_case_id,
        product_class_id,
        action_id
    from of_lists
    where included > 0

),

in_scope as (

    select
        keys.coverage_case_id,
        keys.product_class_id,
        keys.action_id,
        actions.stacking_class,
        actions.place_in_class,
        actions.on_day,
        greatest(coalesce(broad.included, 0), coalesce(of_lists.included, 0))
        * coalesce(broad.kept, 1) * coalesce(of_lists.kept, 1) as share,
        greatest(coalesce(broad.included, 0), coalesce(of_lists.included, 0))
        * coalesce(broad.kept, 1) * coalesce(of_lists.kept_without_exemptions, 1) as share_without_exemptions,
        greatest(coalesce(broad.included, 0), coalesce(of_lists.included, 0)) * coalesce(of_lists.kept, 1)
            as share_in_scope,
        of_lists.exempt_by,
        coalesce(broad.is_partial, false) or coalesce(of_lists.is_partial, false) as is_partial
    from keys
    inner join actions
        on
            keys.coverage_case_id = actions.coverage_case_id
            and keys.action_id = actions.action_id
    left join of_all_products as broad
        on
            keys.coverage_case_id = broad.coverage_case_id
            and keys.action_id = broad.action_id
    left join of_lists
        on
            keys.coverage_case_id = of_lists.coverage_case_id
            and keys.product_class_id = of_lists.product_class_id
            and keys.action_id = of_lists.action_id

),

displaced as (

    select
        lower.coverage_case_id,
        lower.product_class_id,
        lower.action_id,
        -- What origin frees of every product is in the scope of the action all the same.
        product(
            case
                when rules.displaced_part = 'share_in_scope' then 1 - upper.share_in_scope
                else 1 - upper.share
            end
        ) as kept
    from in_scope as lower
    inner join in_scope as upper
        on
            lower.coverage_case_id = upper.coverage_case_id
            and lower.product_class_id = upper.product_class_id
    inner join {{ ref('tariff_stacking_rule') }} as rules
        on
            upper.stacking_class = rules.stacking_class
            and lower.stacking_class = rules.other_class
            and {{ is_valid_on('lower.on_day', 'rules') }}
    where
        rules.effect = 'displaces'
        or (rules.effect = 'highest' and upper.place_in_class < lower.place_in_class)
    group by lower.coverage_case_id, lower.product_class_id, lower.action_id

)

select
    in_scope.coverage_case_id,
    in_scope.product_class_id,
    in_scope.action_id,
    cast(in_scope.share * coalesce(displaced.kept, 1) as decimal(10, 8)) as share,
    cast(in_scope.share_without_exemptions * coalesce(displaced.kept, 1) as decimal(10, 8))
    - cast(in_scope.share * coalesce(displaced.kept, 1) as decimal(10, 8)) as share_exempted,
    in_scope.exempt_by,
    in_scope.is_partial
from in_scope
left join displaced
    on
        in_scope.coverage_case_id = displaced.coverage_case_id
        and in_scope.product_class_id = displaced.product_class_id
        and in_scope.action_id = displaced.action_id
where in_scope.share_without_exemptions * coalesce(displaced.kept, 1) > 0

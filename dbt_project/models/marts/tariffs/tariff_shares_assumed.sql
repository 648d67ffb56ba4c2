{{ config(materialized='table_macro', arguments=['of_hts10', 'of_partner']) }}

-- The shares that stand in for what ten digits cannot say, among the actions that hold for a product of a
-- partner. Those of the preference of Canada and Mexico are in tariff_claim.
with partner_scopes as (

    select 'all' as partner_scope
    union all
    select of_partner as partner_scope
    union all
    select partner_class as partner_scope from {{ ref('tariff_partner_class') }}
    where partner_code = of_partner

),

listed as (

    select 'all_products' as list_id
    union distinct
    select list_id from {{ ref('tariff_product_list_member') }}
    where left(of_hts10, length(hs_prefix)) = hs_prefix

),

including_actions as (

    select distinct action_id from {{ ref('tariff_action_scope') }}
    where
        scope_kind = 'include'
        and list_id in (select listed.list_id from listed)

),

scope_rows as (

    select distinct
        scope_rows.action_id,
        scope_rows.scope_kind,
        scope_rows.list_id,
        scope_rows.share_parameter_id,
        scope_rows.valid_from,
        scope_rows.valid_to,
        scope_rows.heading
    from {{ ref('tariff_action_scope') }} as scope_rows
    inner join {{ ref('tariff_action_rate') }} as rates
        on scope_rows.action_id = rates.action_id
    where
        scope_rows.share_parameter_id <> 'usmca_share'
        and scope_rows.partner_scope in (select partner_scopes.partner_scope from partner_scopes)
        and rates.partner_scope in (select partner_scopes.partner_scope from partner_scopes)
        and rates.rate > 0
        and scope_rows.list_id in (select listed.list_id from listed)
        and scope_rows.action_id in (select including_actions.action_id from including_actions)

),

parameters as (

    select * from {{ ref('tariff_parameter') }}
    where
        (hs_prefix is null or left(of_hts10, length(hs_prefix)) = hs_prefix)
        and (partner_code is null or partner_code = of_partner)

),

-- The row with the longest prefix counts, then that of the partner.
candidates as (

    select
        scope_rows.*,
        parameters.value,
        parameters.lower_bound,
        parameters.upper_bound,
        parameters.method,
        parameters.source,
        parameters.note,
        dense_rank() over (
            partition by scope_rows.action_id, scope_rows.list_id, scope_rows.share_parameter_id
            order by
                length(coalesce(parameters.hs_prefix, '')) desc,
                length(coalesce(parameters.partner_code, '')) desc
        ) as place
    from scope_rows
    inner join parameters
        on
            scope_rows.share_parameter_id = parameters.parameter_id
            and coalesce(parameters.valid_to, date '9999-12-31') >= scope_rows.valid_from
            and parameters.valid_from <= coalesce(scope_rows.valid_to, date '9999-12-31')

)

select
    candidates.action_id,
    actions.title,
    candidates.scope_kind,
    candidates.heading,
    candidates.share_parameter_id as parameter_id,
    candidates.value,
    candidates.lower_bound,
    candidates.upper_bound,
    candidates.valid_from,
    candidates.valid_to,
    candidates.method,
    candidates.source,
    candidates.note
from candidates
inner join {{ ref('tariff_action') }} as actions
    on candidates.action_id = actions.action_id
where candidates.place = 1

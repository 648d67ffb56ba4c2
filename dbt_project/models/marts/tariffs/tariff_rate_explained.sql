{{ config(materialized='table_macro', arguments=['of_hts10', 'of_partner']) }}

-- Why a product of a partner pays what it pays: the duty of each interval taken apart by action, for goods
-- that claim no preference and, where there is one to claim, for goods that do.
with rates as (

    select *
    from ({{ statutory_rates() }}) as every_rate
    where
        hts10 = of_hts10
        and partner_code = of_partner

),

intervals as (

    select
        rates.*,
        claims.basis as claim_basis,
        panel.duty_id,
        panel.claimed_duty_id
    from rates
    inner join {{ ref('tariff_product') }} as products
        on
            rates.hts10 = products.hts10
            and {{ is_valid_on('rates.valid_from', 'products') }}
    inner join {{ ref('tariff_partner') }} as partners
        on rates.partner_code = partners.partner_code
    inner join {{ ref('tariff_panel') }} as panel
        on
            products.product_class_id = panel.product_class_id
            and partners.partner_class_id = panel.partner_class_id
            and panel.scenario_id = 'law'
            and {{ is_valid_on('rates.valid_from', 'panel') }}
    left join {{ ref('tariff_claim') }} as claims
        on
            rates.hts10 = claims.hts10
            and rates.partner_code = claims.partner_code
            and {{ is_valid_on('rates.valid_from', 'claims') }}

),

goods as (

    select
        *,
        false as is_claimed,
        1 - claimed_share as goods_share,
        mfn_rate as goods_base_rate,
        duty_id as goods_duty_id
    from intervals

    union all

    select
        *,
        true as is_claimed,
        claimed_share as goods_share,
        coalesce(preference_rate, mfn_rate) as goods_base_rate,
        claimed_duty_id as goods_duty_id
    from intervals
    where
        programme is not null
        or claim_basis is not null

),

-- An action from which a claim takes the goods has no part in their duty; it is named all the same.
actions as (

    select distinct
        goods.valid_from,
        goods.is_claimed,
        parts.action_id,
        parts.authority,
        parts.title
    from goods
    inner join {{ ref('tariff_duty_part') }} as parts
        on parts.duty_id in (goods.duty_id, goods.claimed_duty_id)

),

partner_scopes as (

    select
        'all' as partner_scope,
        date '1900-01-01' as valid_from,
        cast(null as date) as valid_to
    union all
    select
        of_partner as partner_scope,
        date '1900-01-01' as valid_from,
        cast(null as date) as valid_to
    union all
    select
        partner_class as partner_scope,
        valid_from,
        valid_to
    from {{ ref('tariff_partner_class') }}
    where partner_code = of_partner

),

members as (

    select * from {{ ref('tariff_product_list_member') }}
    where left(of_hts10, length(hs_prefix)) = hs_prefix

),

exempting_lists as (

    select
        lists.list_id,
        lists.title,
        members.valid_from,
        members.valid_to
    from {{ ref('tariff_product_list') }} as lists
    inner join members
        on lists.list_id = members.list_id
    where lists.list_kind = 'exemption'

    union all

    select
        list_id,
        'Goods of USMCA' as title,
        valid_from,
        valid_to
    from {{ ref('tariff_product_list') }}
    where list_id = 'all_products'

),

exemptions as (

    select
        actions.valid_from,
        actions.is_claimed,
        actions.action_id,
        {{ distinct_texts_in_one("concat(lists.title, ' (', scope_rows.heading, ')')") }} as exempt_by
    from actions
    inner join {{ ref('tariff_action_scope') }} as scope_rows
        on
            actions.action_id = scope_rows.action_id
            and scope_rows.scope_kind = 'exclude'
            and {{ is_valid_on('actions.valid_from', 'scope_rows') }}
    inner join exempting_lists as lists
        on
            scope_rows.list_id = lists.list_id
            and {{ is_valid_on('actions.valid_from', 'lists') }}
    inner join partner_scopes
        on
            scope_rows.partner_scope = partner_scopes.partner_scope
            and {{ is_valid_on('actions.valid_from', 'partner_scopes') }}
    where
        lists.list_id <> 'all_products'
        or (scope_rows.share_parameter_id = 'usmca_share' and actions.is_claimed)
    group by actions.valid_from, actions.is_claimed, actions.action_id

),

charged as (

    select
        goods.*,
        actions.action_id,
        actions.authority,
        actions.title,
        parts.heading,
        parts.rate,
        parts.rate_kind,
        coalesce(parts.share, 0) as share,
        coalesce(parts.share_exempted, 0) as share_exempted,
        case
            when parts.rate_kind = 'floor' then parts.share * greatest(parts.rate - goods.goods_base_rate, 0)
            else coalesce(parts.share * parts.rate, 0)
        end as due_rate,
        exemptions.exempt_by as action_exempt_by
    from goods
    left join actions
        on
            goods.valid_from = actions.valid_from
            and goods.is_claimed = actions.is_claimed
    left join {{ ref('tariff_duty_part') }} as parts
        on
            goods.goods_duty_id = parts.duty_id
            and actions.action_id = parts.action_id
    left join exemptions
        on
            actions.valid_from = exemptions.valid_from
            and actions.is_claimed = exemptions.is_claimed
            and actions.action_id = exemptions.action_id

)

select
    hts10,
    partner_code,
    valid_from,
    valid_to,
    is_claimed,
    goods_share,
    claim_basis,
    programme,
    goods_base_rate as base_rate,
    action_id,
    authority,
    title,
    heading,
    rate,
    rate_kind,
    share,
    share_exempted,
    action_exempt_by as exempt_by,
    due_rate,
    goods_base_rate + sum(due_rate) over (partition by valid_from, is_claimed) as goods_total_rate,
    total_rate
from charged

{{ config(
    materialized='incremental',
    meta={'by_content': {
        'upstream': ['int_goods_summed_by_product_set', 'int_group_duty_summed'],
        'both_flows': true,
        'context': ['dim_partner_group_member'],
    }},
) }}

{%- set is_changed = is_to_load() %}

with partners as (

    select * from {{ ref('int_goods_summed_by_product_set') }}
    where
        flow = 'import'
        and {{ is_changed }}

),

group_duty as (

    select * from {{ ref('int_group_duty_summed') }}
    where {{ is_changed }}

),

group_members as (

    select * from {{ ref('dim_partner_group_member') }}
    where substitutes_duty

),

memberships as (

    select
        partners.*,
        group_members.group_code
    from partners
    inner join group_members
        on
            partners.partner_code = group_members.partner_code
            and {{ is_valid_on('partners.period_start', 'group_members') }}

),

groups_of_members as (

    select
        product_set_id,
        period_grain,
        period_start,
        group_code,
        sum(duty_covered_value_usd) = sum(value_usd) as is_duty_of_members_served
    from memberships
    group by 1, 2, 3, 4

),

-- A group stands in for all its members or for none of them: its duty contains that of a member that is
-- served on its own.
groups_that_stand_in as (

    select group_duty.*
    from group_duty
    inner join groups_of_members
        on
            group_duty.product_set_id = groups_of_members.product_set_id
            and group_duty.period_grain = groups_of_members.period_grain
            and group_duty.period_start = groups_of_members.period_start
            and group_duty.group_code = groups_of_members.group_code
    where
        not groups_of_members.is_duty_of_members_served
        and group_duty.duty_usd is not null
        and group_duty.duty_covered_value_usd = group_duty.value_usd

),

partners_on_their_own as (

    select partners.*
    from partners
    left join memberships
        on
            partners.product_set_id = memberships.product_set_id
            and partners.period_grain = memberships.period_grain
            and partners.period_start = memberships.period_start
            and partners.partner_code = memberships.partner_code
    left join groups_that_stand_in
        on
            memberships.product_set_id = groups_that_stand_in.product_set_id
            and memberships.period_grain = groups_that_stand_in.period_grain
            and memberships.period_start = groups_that_stand_in.period_start
            and memberships.group_code = groups_that_stand_in.group_code
    where groups_that_stand_in.group_code is null

),

final as (

    select
        product_set_id,
        period_grain,
        period_start,
        partner_code,
        'country' as partner_kind,
        value_usd,
        duty_usd,
        duty_covered_value_usd
    from partners_on_their_own

    union all

    select
        product_set_id,
        period_grain,
        period_start,
        group_code as partner_code,
        'group' as partner_kind,
        value_usd,
        duty_usd,
        duty_covered_value_usd
    from groups_that_stand_in

)

select * from final
order by period_grain, period_start, partner_code, product_set_id

-- Returns memberships that end before they begin, and pairs of memberships of one partner in one group
-- that share a day: such a partner would be counted twice in the sum of the members.

with members as (

    select
        group_code,
        partner_code,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        row_number() over (
            partition by group_code, partner_code
            order by valid_from, valid_to
        ) as period_number
    from {{ ref('partner_group_member') }}

),

inverted as (

    select
        group_code,
        partner_code,
        valid_from,
        valid_to,
        'inverted' as fault
    from members
    where valid_to < valid_from

),

overlapping as (

    select
        later.group_code,
        later.partner_code,
        later.valid_from,
        later.valid_to,
        'overlapping' as fault
    from members as later
    inner join members as earlier
        on
            later.group_code = earlier.group_code
            and later.partner_code = earlier.partner_code
            and later.period_number > earlier.period_number
            and later.valid_from <= earlier.valid_to

)

select * from inverted
union all
select * from overlapping

{{ config(materialized='table') }}

-- Lists name the codes of their day, and imports are of the weight year. What was imported under a code that
-- is retired since is entered under its successors, and on a list as far as all of these are: which part of
-- it goes to each is not known.
with recursive entered as (

    select
        hts10,
        hts10 as entered_as,
        date '0001-01-01' as valid_from
    from {{ ref('int_tariff_products') }}
    union distinct
    select
        entered.hts10,
        succession.new_code as entered_as,
        succession.valid_from
    from entered
    inner join {{ ref('commodity_succession') }} as succession
        on
            entered.entered_as = succession.old_code
            and succession.commodity_system = 'hts10'
            and entered.valid_from < succession.valid_from

),

codes as (

    select
        entered.hts10,
        entered.entered_as,
        entered.valid_from,
        {{ days_after('min(succession.valid_from)', -1) }} as valid_to
    from entered
    left join {{ ref('commodity_succession') }} as succession
        on
            entered.entered_as = succession.old_code
            and succession.commodity_system = 'hts10'
            and entered.valid_from < succession.valid_from
    group by entered.hts10, entered.entered_as, entered.valid_from

),

-- Joined by equality, length by length: `like` would compare each code with each prefix.
beginnings as (

    select
        codes.*,
        left(codes.entered_as, lengths.digits) as hs_prefix
    from codes
    cross join (values (2), (4), (6), (8), (10)) as lengths (digits)

),

held as (

    select
        beginnings.hts10,
        beginnings.entered_as,
        members.list_id,
        members.is_partial,
        greatest(beginnings.valid_from, members.valid_from) as valid_from,
        case
            when members.valid_to is null or beginnings.valid_to < members.valid_to then beginnings.valid_to
            else members.valid_to
        end as valid_to
    from beginnings
    inner join {{ ref('tariff_product_list_member') }} as members
        on
            beginnings.hs_prefix = members.hs_prefix
            and (beginnings.valid_from <= members.valid_to or members.valid_to is null)
            and (beginnings.valid_to >= members.valid_from or beginnings.valid_to is null)

),

retired as (

    select distinct hts10 from codes
    where valid_to is not null

),

-- The days on which a code that was retired may come onto a list or leave it.
days as (

    select
        held.hts10,
        held.list_id,
        held.valid_from as on_day
    from held
    inner join retired
        on held.hts10 = retired.hts10
    union distinct
    select
        held.hts10,
        held.list_id,
        {{ days_after('held.valid_to', 1) }} as on_day
    from held
    inner join retired
        on held.hts10 = retired.hts10
    where held.valid_to is not null

),

memberships as (

    select
        days.hts10,
        days.list_id,
        days.on_day,
        count(distinct codes.entered_as) = count(distinct held.entered_as) as is_member,
        coalesce(bool_or(held.is_partial), false) as is_partial
    from days
    inner join codes
        on
            days.hts10 = codes.hts10
            and {{ is_valid_on('days.on_day', 'codes') }}
    left join held
        on
            days.hts10 = held.hts10
            and days.list_id = held.list_id
            and codes.entered_as = held.entered_as
            and {{ is_valid_on('days.on_day', 'held') }}
    group by days.hts10, days.list_id, days.on_day

),

turns as (

    select *
    from memberships
    window of_list as (partition by hts10, list_id order by on_day)
    qualify
        lag(is_member) over of_list is distinct from is_member
        or lag(is_partial) over of_list is distinct from is_partial

),

spans as (

    select
        hts10,
        list_id,
        is_member,
        is_partial,
        on_day as valid_from,
        {{ days_after('lead(on_day) over (partition by hts10, list_id order by on_day)', -1) }} as valid_to
    from turns

)

select
    hts10,
    list_id,
    is_partial,
    valid_from,
    valid_to
from spans
where is_member

union all

select
    hts10,
    list_id,
    is_partial,
    valid_from,
    valid_to
from held
where hts10 not in (select retired.hts10 from retired)

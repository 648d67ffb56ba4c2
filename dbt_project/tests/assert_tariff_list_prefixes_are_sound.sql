-- Returns prefixes that no import code can begin with, and pairs of one list that catch the same code on the
-- same day: whether the code is in the list, wholly or in part, would be said twice.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_product_list_member'}}}) }}

with members as (

    select
        list_id,
        hs_prefix,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        row_number() over (
            partition by list_id
            order by hs_prefix, valid_from, valid_to
        ) as row_number_in_list
    from {{ ref('tariff_product_list_member') }}

),

-- Each prefix with all that it begins with, itself too: joined by equality, not each pair by `like`.
beginnings as (

    select
        members.*,
        left(members.hs_prefix, lengths.prefix_length) as beginning
    from members
    inner join (values (2), (4), (6), (8), (10)) as lengths (prefix_length)
        on lengths.prefix_length <= length(members.hs_prefix)

),

malformed as (

    select
        list_id,
        hs_prefix,
        'not 2, 4, 6, 8 or 10 digits' as fault
    from members
    where
        length(hs_prefix) not in (2, 4, 6, 8, 10)
        or length(replace(translate(hs_prefix, '0123456789', '0000000000'), '0', '')) > 0

),

nested as (

    select
        longer.list_id,
        longer.hs_prefix,
        concat('also in ', shorter.hs_prefix) as fault
    from beginnings as longer
    inner join members as shorter
        on
            longer.list_id = shorter.list_id
            and longer.beginning = shorter.hs_prefix
            and longer.row_number_in_list <> shorter.row_number_in_list
            and longer.valid_from <= shorter.valid_to
            and longer.valid_to >= shorter.valid_from

)

select * from malformed
union all
select * from nested

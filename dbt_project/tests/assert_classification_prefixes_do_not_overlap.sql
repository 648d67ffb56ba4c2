-- Returns pairs of prefixes of one list that catch the same code on the same day: such a code would
-- be counted twice.

with prefixes as (

    select
        classification_id,
        hs_prefix,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        row_number() over (
            partition by classification_id
            order by hs_prefix, valid_from, valid_to
        ) as row_number_in_list
    from {{ ref('classification_prefix') }}

)

select
    shorter.classification_id,
    shorter.hs_prefix,
    longer.hs_prefix as nested_hs_prefix,
    longer.valid_from,
    longer.valid_to
from prefixes as shorter
inner join prefixes as longer
    on
        shorter.classification_id = longer.classification_id
        and shorter.row_number_in_list <> longer.row_number_in_list
        and longer.hs_prefix like concat(shorter.hs_prefix, '%')
        and shorter.valid_to >= longer.valid_from
        and shorter.valid_from <= longer.valid_to

{{ config(materialized='table') }}

-- Codes that carry the same labels under every classification are one set: trade is summed by set once, and
-- every definition is a sum of sets.
with labels as (

    select * from {{ ref('int_labels') }}

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}
    where exclusion_id = 'ex_27_71_98_99'

),

labelled as (

    select
        commodity_system,
        commodity_code,
        valid_from,
        valid_to,
        {{ digest_of_texts("concat_ws('|', classification_id, relevance, category)") }} as labels_digest
    from labels
    group by 1, 2, 3, 4

)

select
    labelled.commodity_system,
    labelled.commodity_code,
    labelled.valid_from,
    labelled.valid_to,
    excluded_chapters.hs2 is not null as is_excluded_chapter,
    case
        when excluded_chapters.hs2 is null then labelled.labels_digest else
            concat(labelled.labels_digest, '-ex')
    end
        as product_set_id
from labelled
left join excluded_chapters
    on
        left(labelled.commodity_code, 2) = excluded_chapters.hs2
        and {{ is_valid_on('labelled.valid_from', 'excluded_chapters') }}
order by labelled.commodity_system, labelled.commodity_code, labelled.valid_from

-- Lists name the products that belong to them, by prefixes; what they do not name does not belong.
with prefixes as (

    select * from {{ ref('classification_prefix') }}

),

label_lists as (

    select labels.*
    from {{ ref('stg_labels__labels') }} as labels
    inner join {{ ref('classification') }} as classifications
        on
            labels.label_set_id = classifications.classification_id
            and classifications.method = 'code_list'

),

edition_changes as (

    select * from {{ ref('hs_edition_change') }}

),

converted as (

    select
        label_lists.label_set_id as classification_id,
        case
            when label_lists.commodity_system in ('hts10', 'schedule_b10') then label_lists.commodity_system
        end
            as commodity_system,
        coalesce(edition_changes.new_code, label_lists.commodity_code) as hs_prefix,
        label_lists.relevance,
        label_lists.category,
        case
            when edition_changes.new_code is not null
                then concat(
                    upper(label_lists.commodity_system), ' ', label_lists.commodity_code, ' is ',
                    edition_changes.new_code, ' in the current edition'
                )
            else label_lists.reasoning
        end as reason,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to
    from label_lists
    left join edition_changes
        on
            label_lists.commodity_system = edition_changes.old_edition
            and label_lists.commodity_code = edition_changes.old_code

)

select
    classification_id,
    {{ no_text() }} as commodity_system,
    hs_prefix,
    relevance,
    category,
    note as reason,
    valid_from,
    valid_to
from prefixes

union all

select * from converted

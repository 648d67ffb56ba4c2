-- How much of each side a classification labels. A label file of imports says nothing of exports, and a run
-- of the labeller may be half done: what is not labelled is not zero.
select
    classification_id,
    cast(sum(case when commodity_system = 'hts10' and relevance <> 'Unlabelled' then 1 else 0 end) as double)
    >= {{ var('least_labelled_share') }} * sum(case when commodity_system = 'hts10' then 1 else 0 end)
        as is_imports_labelled,
    cast(
        sum(
            case when commodity_system = 'schedule_b10' and relevance <> 'Unlabelled' then 1 else 0 end
        ) as double
    )
    >= {{ var('least_labelled_share') }} * sum(case when commodity_system = 'schedule_b10' then 1 else 0 end)
        as is_exports_labelled
from {{ ref('int_labels') }}
group by 1

-- Labels that somebody gave to single codes: label files and language models.
with classifications as (

    select * from {{ ref('int_classifications') }}
    where method in ('label_file', 'language_model')

),

labels as (

    select
        labels.label_set_id as classification_id,
        labels.commodity_system,
        labels.commodity_code,
        labels.relevance,
        labels.category,
        labels.confidence,
        labels.reasoning as reason,
        'label' as basis,
        labels.commodity_code as reference,
        0 as distance
    from {{ ref('stg_labels__labels') }} as labels
    inner join classifications
        on labels.label_set_id = classifications.classification_id

),

commodities as (

    select
        commodity_system,
        commodity_code
    from {{ ref('dim_commodity') }}

),

-- A code and the one that it came from or went into, in both directions, as far as the chain reaches.
relatives as (

    select * from {{ ref('int_commodity_relatives') }}

),

-- The author of the label files labels the exports that read like imports by their import label.
same_digits as (

    select
        labels.classification_id,
        'schedule_b10' as commodity_system,
        labels.commodity_code,
        labels.relevance,
        labels.category,
        labels.confidence,
        labels.reason,
        'same_digits' as basis,
        labels.reference,
        1 as distance
    from labels
    inner join classifications
        on
            labels.classification_id = classifications.classification_id
            and classifications.method = 'label_file'
    where labels.commodity_system = 'hts10'

),

own_or_shared as (

    select * from labels
    union all
    select * from same_digits

),

inherited as (

    select
        own_or_shared.classification_id,
        own_or_shared.commodity_system,
        relatives.commodity_code,
        own_or_shared.relevance,
        own_or_shared.category,
        own_or_shared.confidence,
        own_or_shared.reason,
        relatives.relation as basis,
        relatives.related_code as reference,
        own_or_shared.distance + 1 + relatives.distance as distance
    from own_or_shared
    inner join relatives
        on
            own_or_shared.commodity_system = relatives.commodity_system
            and own_or_shared.commodity_code = relatives.related_code

),

candidates as (

    select * from own_or_shared
    union all
    select * from inherited

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by candidates.classification_id, candidates.commodity_system, candidates.commodity_code
            order by
                candidates.distance asc,
                -- Among several relatives as near: predecessors first, then the stronger label.
                candidates.basis asc,
                case candidates.relevance when 'High' then 1 when 'Medium' then 2 else 3 end asc,
                candidates.reference asc
        ) as nearest_first
    from candidates

)

select
    classifications.classification_id,
    commodities.commodity_system,
    commodities.commodity_code,
    coalesce(ranked.relevance, 'Unlabelled') as relevance,
    coalesce(ranked.category, case when ranked.relevance = 'Low' then 'Not_DC_Related' end) as category,
    ranked.confidence,
    coalesce(ranked.basis, 'unlabelled') as basis,
    ranked.reference,
    ranked.reason
from classifications
cross join commodities
left join ranked
    on
        classifications.classification_id = ranked.classification_id
        and commodities.commodity_system = ranked.commodity_system
        and commodities.commodity_code = ranked.commodity_code
        and ranked.nearest_first = 1

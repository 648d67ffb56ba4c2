with classification as (

    select * from {{ ref('ai_classification') }}

),

classifications as (

    select * from {{ ref('int_classifications') }}

),

commodities as (

    select * from {{ ref('int_commodities_weighed') }}

),

descriptions as (

    select * from {{ ref('dim_commodity') }}

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}

),

-- What a list does not name, it is silent about: a narrow list does not contradict the rest of the world.
statements as (

    select
        commodities.commodity_system,
        commodities.commodity_code,
        commodities.labels_on,
        commodities.value_period_start,
        commodities.value_usd,
        commodities.value_reason,
        classification.classification_id,
        classification.relevance,
        case classification.relevance when 'High' then 3 when 'Medium' then 2 else 1 end as relevance_rank,
        classification.category,
        classification.basis,
        classification.reference,
        classification.reason,
        classifications.method in ('prefix_list', 'code_list') as is_list
    from commodities
    inner join classification
        on
            commodities.commodity_system = classification.commodity_system
            and commodities.commodity_code = classification.commodity_code
            and {{ is_valid_on('commodities.labels_on', 'classification') }}
    inner join classifications
        on classification.classification_id = classifications.classification_id
    where classification.basis not in ('not_listed', 'unlabelled')

),

disputes as (

    select
        commodity_system,
        commodity_code,
        labels_on
    from statements
    group by 1, 2, 3
    having max(relevance_rank) > min(relevance_rank)

),

-- Few are in dispute, and only of these the texts are of interest.
contested as (

    select statements.*
    from statements
    inner join disputes
        on
            statements.commodity_system = disputes.commodity_system
            and statements.commodity_code = disputes.commodity_code
            and statements.labels_on = disputes.labels_on

),

compared as (

    select
        commodity_system,
        commodity_code,
        labels_on,
        value_period_start,
        value_usd,
        value_reason,
        max(relevance_rank) as highest,
        min(relevance_rank) as lowest,
        count(distinct case when not is_list then relevance end) < 2 as is_list_alone,
        max(case when basis = 'override' then 1 else 0 end) = 1 as is_overridden,
        {{ texts_in_one("case when relevance = 'High' then classification_id end") }} as high_by,
        {{ texts_in_one("case when relevance = 'Medium' then classification_id end") }} as medium_by,
        {{ texts_in_one("case when relevance = 'Low' then classification_id end") }} as low_by,
        {{ texts_in_one(
            "case when relevance <> 'Low' then concat(classification_id, ': ', category) end"
        ) }} as categories,
        {{ texts_in_one(
            "concat(classification_id, ' (', concat_ws(' ', basis, reference), '): ', coalesce(reason, 'no reason given'))"
        ) }} as reasons
    from contested
    group by 1, 2, 3, 4, 5, 6

),

disputed as (

    select
        *,
        case
            when highest = 3 and lowest = 1 then 'High or Low'
            when highest = 3 then 'High or Medium'
            else 'Medium or Low'
        end as dispute,
        -- Whoever labels every code first; that a plain list names what others call Medium comes last.
        case
            when not is_list_alone and highest = 3 then 1
            when not is_list_alone then 2
            when lowest = 1 then 3
            else 4
        end as urgency
    from compared

)

select
    disputed.commodity_system,
    disputed.commodity_code,
    left(disputed.commodity_code, 6) as hs6,
    descriptions.description,
    row_number() over (
        order by
            disputed.urgency asc,
            disputed.value_usd desc nulls last,
            disputed.commodity_system asc,
            disputed.commodity_code asc
    ) as review_rank,
    disputed.dispute,
    disputed.high_by,
    disputed.medium_by,
    disputed.low_by,
    disputed.categories,
    disputed.reasons,
    disputed.is_list_alone,
    disputed.is_overridden,
    excluded_chapters.hs2 is not null as is_excluded_chapter,
    disputed.labels_on,
    disputed.value_period_start,
    disputed.value_usd,
    disputed.value_reason
from disputed
inner join descriptions
    on
        disputed.commodity_system = descriptions.commodity_system
        and disputed.commodity_code = descriptions.commodity_code
left join excluded_chapters
    on
        left(disputed.commodity_code, 2) = excluded_chapters.hs2
        and excluded_chapters.exclusion_id = 'ex_27_71_98_99'
        and {{ is_valid_on('disputed.labels_on', 'excluded_chapters') }}
order by review_rank

with definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

classification as (

    select * from {{ ref('ai_classification') }}

),

excluded_chapters as (

    select * from {{ ref('excluded_chapter') }}

),

products as (

    select
        definitions.definition_id,
        classification.commodity_system,
        classification.commodity_code,
        classification.hs6,
        classification.relevance,
        classification.category,
        definitions.method,
        classification.basis,
        classification.reference,
        classification.reason,
        greatest(classification.valid_from, definitions.valid_from) as valid_from,
        least(
            coalesce(classification.valid_to, definitions.valid_to),
            coalesce(definitions.valid_to, classification.valid_to)
        ) as valid_to
    from classification
    inner join definitions
        on
            classification.classification_id = definitions.classification_id
            and concat(';', definitions.relevance_levels, ';')
            like concat('%;', classification.relevance, ';%')
            and case
                when classification.commodity_system = 'hts10' then definitions.is_imports_labelled
                else definitions.is_exports_labelled
            end
    left join excluded_chapters
        on
            definitions.exclusion_id = excluded_chapters.exclusion_id
            and left(classification.commodity_code, 2) = excluded_chapters.hs2
    where excluded_chapters.hs2 is null

)

select * from products
where valid_to is null or valid_from <= valid_to
order by definition_id, commodity_system, commodity_code, valid_from

with named as (

    select * from {{ ref('ai_definition') }}

),

classifications as (

    select * from {{ ref('int_classifications') }}

),

sides as (

    select * from {{ ref('int_labelled_sides') }}

),

-- A run of the labeller is a definition of its own; a definition without its classification is none.
definitions as (

    select
        named.definition_id,
        named.title,
        named.classification_id,
        named.relevance_levels,
        named.exclusion_id,
        classifications.method,
        sides.is_imports_labelled,
        sides.is_exports_labelled,
        coalesce(classifications.version, named.version) as version,
        named.is_default,
        named.valid_from,
        named.valid_to,
        named.source,
        named.note
    from named
    inner join classifications
        on named.classification_id = classifications.classification_id
    inner join sides
        on named.classification_id = sides.classification_id

    union all

    select
        classifications.classification_id as definition_id,
        classifications.title,
        classifications.classification_id,
        'High' as relevance_levels,
        'ex_27_71_98_99' as exclusion_id,
        classifications.method,
        sides.is_imports_labelled,
        sides.is_exports_labelled,
        classifications.version,
        false as is_default,
        cast('2010-01-01' as date) as valid_from,
        cast(null as date) as valid_to,
        classifications.source,
        classifications.note
    from classifications
    inner join sides
        on classifications.classification_id = sides.classification_id
    where classifications.method = 'language_model'

)

select * from definitions
order by definition_id

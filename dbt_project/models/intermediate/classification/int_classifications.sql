-- The classifications of which there is something: a label file or a model's run may be missing.
with named as (

    select * from {{ ref('classification') }}

),

label_sets as (

    select
        label_set_id,
        max(vintage_at) as vintage_at
    from {{ ref('stg_labels__labels') }}
    group by 1

),

available as (

    select
        named.classification_id,
        named.title,
        named.method,
        named.source,
        named.version,
        named.note
    from named
    left join label_sets
        on named.classification_id = label_sets.label_set_id
    where
        named.method in ('rules', 'prefix_list')
        or label_sets.label_set_id is not null

),

language_models as (

    select
        label_set_id as classification_id,
        concat('Labels by the language model ', substring(label_set_id, 5)) as title,
        'language_model' as method,
        'Own run of the labeller, see docs/methodology.md' as source,
        {{ text_of('vintage_at') }} as version,
        {{ no_text() }} as note
    from label_sets
    where label_set_id like 'llm\_%' escape '\'

)

select * from available
union all
select * from language_models

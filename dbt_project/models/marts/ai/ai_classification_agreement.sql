with definitions as (

    select * from {{ ref('dim_ai_definition') }}

),

classification as (

    select * from {{ ref('ai_classification') }}

),

products as (

    select * from {{ ref('ai_product') }}

),

commodities as (

    select * from {{ ref('int_commodities_weighed') }}

),

-- A code that a label file does not know says nothing of agreement.
labelled as (

    select
        definitions.definition_id,
        commodities.commodity_system,
        commodities.commodity_code,
        commodities.labels_on,
        commodities.value_period_start,
        commodities.value_usd,
        commodities.value_reason
    from commodities
    inner join classification
        on
            commodities.commodity_system = classification.commodity_system
            and commodities.commodity_code = classification.commodity_code
            and {{ is_valid_on('commodities.labels_on', 'classification') }}
    inner join definitions
        on
            classification.classification_id = definitions.classification_id
            and {{ is_valid_on('commodities.labels_on', 'definitions') }}
    where classification.relevance <> 'Unlabelled'

),

members as (

    select
        products.definition_id,
        products.commodity_system,
        products.commodity_code,
        products.category
    from products
    inner join commodities
        on
            products.commodity_system = commodities.commodity_system
            and products.commodity_code = commodities.commodity_code
            and {{ is_valid_on('commodities.labels_on', 'products') }}

),

-- The category is that of the product, and null for a code that is not in the definition.
decided as (

    select
        labelled.*,
        members.category
    from labelled
    left join members
        on
            labelled.definition_id = members.definition_id
            and labelled.commodity_system = members.commodity_system
            and labelled.commodity_code = members.commodity_code

),

paired as (

    select
        decided.definition_id,
        referred.definition_id as reference_definition_id,
        decided.commodity_system,
        decided.category,
        referred.category as reference_category,
        decided.labels_on,
        decided.value_period_start,
        decided.value_reason,
        count(*) as code_count,
        {{ sum_if_served('decided.value_usd') }} as value_usd
    from decided
    inner join decided as referred
        on
            decided.commodity_system = referred.commodity_system
            and decided.commodity_code = referred.commodity_code
            and decided.definition_id <> referred.definition_id
    group by 1, 2, 3, 4, 5, 6, 7, 8

),

by_system as (

    select * from paired

    union all

    select
        definition_id,
        reference_definition_id,
        'both' as commodity_system,
        category,
        reference_category,
        labels_on,
        value_period_start,
        value_reason,
        code_count,
        value_usd
    from paired

),

scopes as (

    select
        definition_id,
        reference_definition_id,
        commodity_system,
        'all' as category
    from by_system
    union
    select
        definition_id,
        reference_definition_id,
        commodity_system,
        category
    from by_system
    where category is not null
    union
    select
        definition_id,
        reference_definition_id,
        commodity_system,
        reference_category as category
    from by_system
    where reference_category is not null

),

marked as (

    select
        by_system.definition_id,
        by_system.reference_definition_id,
        by_system.commodity_system,
        scopes.category,
        by_system.labels_on,
        by_system.value_period_start,
        by_system.value_reason,
        by_system.code_count,
        by_system.value_usd,
        coalesce(
            by_system.category = scopes.category
            or (scopes.category = 'all' and by_system.category is not null),
            false
        ) as is_in_definition,
        coalesce(
            by_system.reference_category = scopes.category
            or (scopes.category = 'all' and by_system.reference_category is not null),
            false
        ) as is_in_reference
    from by_system
    inner join scopes
        on
            by_system.definition_id = scopes.definition_id
            and by_system.reference_definition_id = scopes.reference_definition_id
            and by_system.commodity_system = scopes.commodity_system

),

compared as (

    select
        definition_id,
        reference_definition_id,
        commodity_system,
        category,
        max(labels_on) as labels_on,
        max(value_period_start) as value_period_start,
        coalesce(
            min(value_reason),
            case
                when min(value_period_start) <> max(value_period_start)
                    then 'the latest whole years of imports and of exports differ'
            end
        ) as value_reason,
        cast(sum(code_count) as bigint) as code_count,
        cast(sum(case when is_in_definition and is_in_reference then code_count else 0 end) as bigint)
            as both_code_count,
        cast(sum(case when is_in_definition and not is_in_reference then code_count else 0 end) as bigint)
            as definition_only_code_count,
        cast(sum(case when is_in_reference and not is_in_definition then code_count else 0 end) as bigint)
            as reference_only_code_count,
        cast(sum(case when is_in_definition or is_in_reference then 0 else code_count end) as bigint)
            as neither_code_count,
        cast(sum(value_usd) as bigint) as value_usd,
        cast(sum(case when is_in_definition and is_in_reference then value_usd else 0 end) as bigint)
            as both_usd,
        cast(sum(case when is_in_definition and not is_in_reference then value_usd else 0 end) as bigint)
            as definition_only_usd,
        cast(sum(case when is_in_reference and not is_in_definition then value_usd else 0 end) as bigint)
            as reference_only_usd,
        cast(sum(case when is_in_definition or is_in_reference then 0 else value_usd end) as bigint)
            as neither_usd
    from marked
    group by 1, 2, 3, 4

),

figures as (

    select
        definition_id,
        reference_definition_id,
        commodity_system,
        category,
        labels_on,
        code_count,
        both_code_count,
        definition_only_code_count,
        reference_only_code_count,
        neither_code_count,
        value_reason,
        case when value_reason is null then value_period_start end as value_period_start,
        case when value_reason is null then value_usd end as value_usd,
        case when value_reason is null then both_usd end as both_usd,
        case when value_reason is null then definition_only_usd end as definition_only_usd,
        case when value_reason is null then reference_only_usd end as reference_only_usd,
        case when value_reason is null then neither_usd end as neither_usd
    from compared

),

final as (

    select
        definition_id,
        reference_definition_id,
        commodity_system,
        category,
        labels_on,
        code_count,
        both_code_count,
        definition_only_code_count,
        reference_only_code_count,
        neither_code_count,
        {{ ratio('both_code_count + neither_code_count', 'code_count') }} as code_agreement_share,
        {{ ratio('both_code_count', '(both_code_count + definition_only_code_count)') }}
            as code_precision_share,
        {{ ratio('both_code_count', '(both_code_count + reference_only_code_count)') }}
            as code_recall_share,
        {{ ratio(
            '2 * both_code_count',
            '(2 * both_code_count + definition_only_code_count + reference_only_code_count)',
        ) }} as code_f1_share,
        {{ cohens_kappa(
            'both_code_count', 'definition_only_code_count', 'reference_only_code_count', 'neither_code_count'
        ) }} as code_kappa,
        value_period_start,
        value_usd,
        both_usd,
        definition_only_usd,
        reference_only_usd,
        neither_usd,
        {{ ratio('both_usd + neither_usd', 'value_usd') }} as value_agreement_share,
        {{ ratio('both_usd', '(both_usd + definition_only_usd)') }} as value_precision_share,
        {{ ratio('both_usd', '(both_usd + reference_only_usd)') }} as value_recall_share,
        {{ ratio('2 * both_usd', '(2 * both_usd + definition_only_usd + reference_only_usd)') }}
            as value_f1_share,
        {{ cohens_kappa('both_usd', 'definition_only_usd', 'reference_only_usd', 'neither_usd') }}
            as value_kappa,
        value_reason
    from figures

)

select * from final
order by definition_id, reference_definition_id, commodity_system, category

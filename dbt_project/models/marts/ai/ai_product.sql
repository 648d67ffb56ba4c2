with definitions as (

    select * from {{ ref('ai_definition') }}

),

prefixes as (

    select * from {{ ref('ai_definition_prefix') }}

),

commodities as (

    select * from {{ ref('dim_commodity') }}

),

dated_prefixes as (

    select
        prefixes.definition_id,
        prefixes.hs_prefix,
        prefixes.relevance,
        prefixes.category,
        definitions.method,
        greatest(prefixes.valid_from, definitions.valid_from) as valid_from,
        least(
            coalesce(prefixes.valid_to, definitions.valid_to),
            coalesce(definitions.valid_to, prefixes.valid_to)
        ) as valid_to,
        prefixes.source
    from prefixes
    inner join definitions
        on prefixes.definition_id = definitions.definition_id

),

expanded as (

    select
        dated_prefixes.definition_id,
        commodities.commodity_system,
        commodities.commodity_code,
        commodities.hs6,
        dated_prefixes.relevance,
        dated_prefixes.category,
        dated_prefixes.method,
        dated_prefixes.hs_prefix,
        dated_prefixes.valid_from,
        dated_prefixes.valid_to,
        dated_prefixes.source
    from dated_prefixes
    inner join commodities
        on commodities.commodity_code like concat(dated_prefixes.hs_prefix, '%')
    where dated_prefixes.valid_to is null or dated_prefixes.valid_from <= dated_prefixes.valid_to

)

select * from expanded
order by definition_id, commodity_system, commodity_code, valid_from

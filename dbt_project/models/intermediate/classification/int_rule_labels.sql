with matches as (

    select * from {{ ref('int_rule_matches') }}

),

segments as (

    select * from {{ ref('int_classification_segments') }}

),

ranked as (

    select
        matches.commodity_system,
        matches.commodity_code,
        segments.valid_from,
        segments.valid_to,
        matches.rule_id,
        matches.prefix_length,
        matches.required_count,
        matches.relevance,
        matches.category,
        matches.layer,
        matches.rationale,
        -- Rules of equal rank say the same (a test sees to that); the name decides which one is quoted.
        row_number() over (
            partition by matches.commodity_system, matches.commodity_code, segments.valid_from
            order by matches.prefix_length desc, matches.required_count desc, matches.rule_id asc
        ) as most_specific_first
    from matches
    inner join segments
        on {{ is_valid_on('segments.valid_from', 'matches') }}

)

select * from ranked
where most_specific_first = 1

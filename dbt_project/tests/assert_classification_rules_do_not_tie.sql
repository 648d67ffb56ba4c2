-- Returns codes for which two rules are equally specific and say different things: one of them needs a longer
-- prefix or another word.
{{ config(meta={'dagster': {'ref': {'name': 'int_rule_matches'}}}) }}

with ranked as (

    select
        matches.*,
        segments.valid_from as day,
        rank() over (
            partition by matches.commodity_system, matches.commodity_code, segments.valid_from
            order by matches.prefix_length desc, matches.required_count desc
        ) as most_specific_first
    from {{ ref('int_rule_matches') }} as matches
    inner join {{ ref('int_classification_segments') }} as segments
        on {{ is_valid_on('segments.valid_from', 'matches') }}

)

select
    day,
    commodity_system,
    commodity_code,
    string_agg(concat(rule_id, ': ', relevance, ' ', category), '; ' order by rule_id) as rules
from ranked
where most_specific_first = 1
group by 1, 2, 3
having count(distinct concat(relevance, category, layer)) > 1

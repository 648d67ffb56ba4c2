{{ config(materialized='table') }}

with rules as (

    select * from {{ ref('classification_rule') }}

),

terms as (

    select * from {{ ref('int_rule_terms') }}

),

-- A blank before each word: a term is sought where a word begins.
commodities as (

    select
        commodity_system,
        commodity_code,
        hs2,
        concat(' ', {{ words_of("coalesce(description, short_description, '')") }}) as words
    from {{ ref('dim_commodity') }}

),

required_counts as (

    select
        rule_id,
        count(distinct term) as required_count
    from terms
    where is_required
    group by 1

),

in_scope as (

    select
        rules.rule_id,
        commodities.commodity_system,
        commodities.commodity_code,
        commodities.words
    from rules
    inner join commodities
        on
            -- The chapter follows from the prefix; with an equality the join need not try every pair.
            commodities.hs2 = left(rules.hs_prefix, 2)
            and commodities.commodity_code like concat(rules.hs_prefix, '%')
            and (rules.commodity_system is null or rules.commodity_system = commodities.commodity_system)

),

found as (

    select
        in_scope.rule_id,
        in_scope.commodity_system,
        in_scope.commodity_code,
        count(distinct case when terms.is_required then terms.term end) as required_count,
        count(distinct case when not terms.is_required then terms.term end) as forbidden_count
    from in_scope
    left join terms
        on
            in_scope.rule_id = terms.rule_id
            and in_scope.words like concat('% ', terms.alternative, '%')
    group by 1, 2, 3

)

select
    found.commodity_system,
    found.commodity_code,
    found.rule_id,
    length(rules.hs_prefix) as prefix_length,
    found.required_count,
    rules.relevance,
    rules.category,
    rules.layer,
    rules.rationale,
    rules.valid_from,
    rules.valid_to
from found
inner join rules
    on found.rule_id = rules.rule_id
left join required_counts
    on found.rule_id = required_counts.rule_id
where
    found.required_count = coalesce(required_counts.required_count, 0)
    and found.forbidden_count = 0
order by found.commodity_system, found.commodity_code, found.rule_id

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

-- Each code with each of its prefixes: joining by equality costs a tenth of asking which code is like which.
prefix_lengths as (

    select
        *,
        cast({{ each_part_of("'2 3 4 5 6 7 8 9 10'", ' ') }} as integer) as prefix_length
    from commodities

),

code_prefixes as (

    select
        *,
        left(commodity_code, prefix_length) as hs_prefix
    from prefix_lengths

),

in_scope as (

    select
        rules.rule_id,
        code_prefixes.commodity_system,
        code_prefixes.commodity_code,
        code_prefixes.words
    from code_prefixes
    inner join rules
        on
            code_prefixes.hs_prefix = rules.hs_prefix
            and (rules.commodity_system is null or code_prefixes.commodity_system = rules.commodity_system)

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

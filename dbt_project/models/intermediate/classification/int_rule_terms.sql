with rules as (

    select * from {{ ref('classification_rule') }}

),

required_terms as (

    select
        rule_id,
        {{ each_part_of('must_have', ';') }} as term
    from rules

),

forbidden_terms as (

    select
        rule_id,
        {{ each_part_of('must_not_have', ';') }} as term
    from rules

),

terms as (

    select
        rule_id,
        true as is_required,
        term
    from required_terms
    union all
    select
        rule_id,
        false as is_required,
        term
    from forbidden_terms

),

alternatives as (

    select
        rule_id,
        is_required,
        term,
        {{ each_part_of('term', '|') }} as alternative
    from terms

)

select
    rule_id,
    is_required,
    term,
    {{ words_of('alternative') }} as alternative
from alternatives

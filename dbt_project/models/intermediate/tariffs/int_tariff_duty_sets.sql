{{ config(materialized='table') }}

-- One row per set of covered shares, set of rates, and action: what is due of which share of the value. Sets
-- that come to the same duties have one duty_id.
with cases as (

    select
        *,
        row_number() over (
            partition by duty_case_id
            order by scenario_id, partner_class_id, slice_number
        ) as place
    from {{ ref('int_tariff_cases') }}

),

sets as (

    select
        coverage_case_id,
        coverage_set_id,
        min(product_class_id) as product_class_id
    from {{ ref('int_tariff_coverage_sets') }}
    group by coverage_case_id, coverage_set_id

),

parts as (

    select
        cases.duty_case_id,
        sets.coverage_set_id,
        coverage.action_id,
        rates.rate,
        rates.rate_kind,
        rates.heading,
        coverage.share,
        coverage.share_exempted,
        coverage.exempt_by,
        coverage.is_partial
    from cases
    inner join sets
        on cases.coverage_case_id = sets.coverage_case_id
    inner join {{ ref('int_tariff_coverage') }} as coverage
        on
            sets.coverage_case_id = coverage.coverage_case_id
            and sets.product_class_id = coverage.product_class_id
    inner join {{ ref('int_tariff_partner_rates') }} as rates
        on
            cases.scenario_id = rates.scenario_id
            and cases.partner_class_id = rates.partner_class_id
            and cases.slice_number = rates.slice_number
            and coverage.action_id = rates.action_id
    where cases.place = 1

),

digests as (

    select
        duty_case_id,
        coverage_set_id,
        {{ digest_of_texts(
            "concat_ws(' ', action_id, " ~ text_of('rate') ~ ", rate_kind, heading, " ~ text_of('share') ~ ", "
            ~ text_of('share_exempted') ~ ", coalesce(exempt_by, '-'), " ~ text_of('is_partial') ~ ")"
        ) }} as digest
    from parts
    group by duty_case_id, coverage_set_id

),

numbered as (

    select
        duty_case_id,
        coverage_set_id,
        cast(dense_rank() over (order by digest) as integer) as duty_id
    from digests

)

select
    numbered.duty_id,
    parts.*
from parts
inner join numbered
    on
        parts.duty_case_id = numbered.duty_case_id
        and parts.coverage_set_id = numbered.coverage_set_id

-- The panel, as small as it can be said: classes of products and of partners, and intervals. Goods that claim
-- a preference may be another case than goods that do not. Where no action adds to the ordinary rate, the
-- duty is 0.
with slices as (

    select * from {{ ref('int_tariff_slices') }}

),

products as (

    select
        product_class_id,
        is_ai_class
    from {{ ref('int_tariff_product_classes') }}
    where is_example

),

cases as (

    select
        cases.scenario_id,
        cases.partner_class_id,
        cases.slice_number,
        cases.coverage_case_id,
        cases.duty_case_id,
        coalesce(claimed.coverage_case_id, cases.coverage_case_id) as claimed_coverage_case_id,
        coalesce(claimed.duty_case_id, cases.duty_case_id) as claimed_duty_case_id
    from {{ ref('int_tariff_cases') }} as cases
    left join {{ ref('int_tariff_cases') }} as claimed
        on
            cases.scenario_id = claimed.scenario_id
            and cases.partner_class_id = claimed.partner_class_id
            and cases.slice_number = claimed.slice_number
            and claimed.is_claimed
    where not cases.is_claimed

),

-- The cases of a class of partners one after another: one row for each run of slices.
runs as (

    select
        *,
        slice_number - row_number() over (
            partition by scenario_id, partner_class_id, duty_case_id, claimed_duty_case_id
            order by slice_number
        ) as run_number
    from cases

),

spans as (

    select
        cast(dense_rank() over (order by scenario_id, partner_class_id) as integer) as series_number,
        scenario_id,
        partner_class_id,
        duty_case_id,
        claimed_duty_case_id,
        min(coverage_case_id) as coverage_case_id,
        min(claimed_coverage_case_id) as claimed_coverage_case_id,
        min(slice_number) as first_slice
    from runs
    group by scenario_id, partner_class_id, duty_case_id, claimed_duty_case_id, run_number

),

series as (

    select distinct
        series_number,
        scenario_id,
        partner_class_id
    from spans

),

sets as (

    select * from {{ ref('int_tariff_coverage_sets') }}

),

duties as (

    select distinct
        duty_case_id,
        coverage_set_id,
        duty_id
    from {{ ref('int_tariff_duty_sets') }}

),

-- A million rows of whole numbers; names come back at the end.
charged as (

    select
        spans.series_number,
        products.product_class_id,
        spans.first_slice,
        coalesce(duties.duty_id, 0) as duty_id,
        coalesce(claimed_duties.duty_id, 0) as claimed_duty_id
    from spans
    inner join products
        on
            spans.scenario_id = 'law'
            or products.is_ai_class
    left join sets
        on
            spans.coverage_case_id = sets.coverage_case_id
            and products.product_class_id = sets.product_class_id
    left join duties
        on
            spans.duty_case_id = duties.duty_case_id
            and sets.coverage_set_id = duties.coverage_set_id
    left join sets as claimed_sets
        on
            spans.claimed_coverage_case_id = claimed_sets.coverage_case_id
            and products.product_class_id = claimed_sets.product_class_id
    left join duties as claimed_duties
        on
            spans.claimed_duty_case_id = claimed_duties.duty_case_id
            and claimed_sets.coverage_set_id = claimed_duties.coverage_set_id

),

compared as (

    select
        *,
        lag(duty_id) over (partition by series_number, product_class_id order by first_slice) as duty_before,
        lag(claimed_duty_id) over (partition by series_number, product_class_id order by first_slice)
            as claimed_duty_before
    from charged

),

changes as (

    select
        series_number,
        product_class_id,
        duty_id,
        claimed_duty_id,
        duty_before,
        claimed_duty_before,
        first_slice,
        lead(first_slice)
            over (partition by series_number, product_class_id order by first_slice)
            as next_slice
    from compared
    where
        duty_before is null
        or duty_id <> duty_before
        or claimed_duty_id <> claimed_duty_before

)

select
    series.scenario_id,
    changes.product_class_id,
    series.partner_class_id,
    first_slices.valid_from,
    {{ days_after('next_slices.valid_from', -1) }} as valid_to,
    changes.duty_id,
    changes.claimed_duty_id,
    changes.duty_before as previous_duty_id,
    changes.claimed_duty_before as previous_claimed_duty_id
from changes
inner join series
    on changes.series_number = series.series_number
inner join slices as first_slices
    on
        changes.first_slice = first_slices.slice_number
        and first_slices.scenario_id = 'law'
left join slices as next_slices
    on
        changes.next_slice = next_slices.slice_number
        and next_slices.scenario_id = 'law'

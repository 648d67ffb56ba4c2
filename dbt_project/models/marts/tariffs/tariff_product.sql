-- Every import code with its class and its ordinary rate, which is that of its first eight digits. A code of
-- which the schedule says nothing, on all days or on some, is there without a rate on them.
with classes as (

    select * from {{ ref('int_tariff_product_classes') }}

),

horizon as (

    select * from {{ ref('tariff_horizon') }}

),

rates as (

    select * from {{ ref('int_tariff_mfn') }}

),

-- Where an interval ends, and what comes behind it.
ends as (

    select
        hts8,
        {{ days_after('valid_to', 1) }} as valid_from,
        {{ days_after('lead(valid_from) over (partition by hts8 order by valid_from)', -1) }} as valid_to
    from rates

),

without_rate as (

    select
        rates.hts8,
        horizon.panel_from as valid_from,
        {{ days_after('min(rates.valid_from)', -1) }} as valid_to
    from rates
    cross join horizon
    group by rates.hts8, horizon.panel_from
    having min(rates.valid_from) > horizon.panel_from

    union all

    select
        hts8,
        valid_from,
        valid_to
    from ends
    where
        valid_from is not null
        and (valid_to is null or valid_from <= valid_to)

),

intervals as (

    select
        hts8,
        valid_from,
        valid_to,
        general_rate_text,
        mfn_rate,
        mfn_basis,
        column_2_rate,
        special_rate_text
    from rates

    union all

    select
        hts8,
        valid_from,
        valid_to,
        {{ no_text() }} as general_rate_text,
        cast(null as decimal(10, 8)) as mfn_rate,
        {{ no_text() }} as mfn_basis,
        cast(null as decimal(10, 8)) as column_2_rate,
        {{ no_text() }} as special_rate_text
    from without_rate

)

select
    classes.hts10,
    classes.product_class_id,
    classes.is_ai,
    coalesce(intervals.valid_from, horizon.panel_from) as valid_from,
    intervals.valid_to,
    intervals.general_rate_text as mfn_rate_text,
    intervals.mfn_rate,
    coalesce(intervals.mfn_basis, 'unknown') as mfn_basis,
    intervals.column_2_rate,
    intervals.special_rate_text
from classes
cross join horizon
left join intervals
    on left(classes.hts10, 8) = intervals.hts8

{{ config(materialized='table') }}

-- What a whole rate comes to, as far as one figure can say it.
with parts as (

    select * from {{ ref('int_tariff_rate_parts') }}

),

summed as (

    select
        rate_text,
        rate_number,
        max(programmes) as programmes,
        count(*) as part_count,
        min(part_kind) as only_kind,
        -- Free under a condition is free; a percentage of a part of the value is none of the value.
        count(case when applies_to is not null and part_kind <> 'free' then 1 end) as restricted_count,
        count(case when part_kind = 'ad_valorem' then 1 end) as ad_valorem_count,
        count(case when part_kind = 'specific' then 1 end) as specific_count,
        count(case when part_kind = 'applicable_duty' then 1 end) as applicable_count,
        count(case when part_kind = 'text' then 1 end) as text_count,
        sum(ad_valorem_rate) as ad_valorem_rate,
        sum(specific_amount_usd) as specific_amount_usd,
        min(specific_unit) as specific_unit,
        count(distinct specific_unit) as unit_count
    from parts
    group by rate_text, rate_number

),

named as (

    select
        *,
        case
            when text_count > 0 then 'text'
            when applicable_count > 0 then 'additional'
            when part_count = 1 then only_kind
            when ad_valorem_count + specific_count = part_count then 'compound'
            else 'rule'
        end as rate_kind
    from summed

),

figures as (

    select
        *,
        restricted_count = 0 and rate_kind in ('ad_valorem', 'specific', 'compound') as is_whole,
        restricted_count = 0 and rate_kind = 'additional' as is_addition
    from named

)

select
    rate_text,
    rate_number,
    programmes,
    rate_kind,
    part_count,
    restricted_count > 0 as is_restricted,
    case
        when rate_kind = 'free' then 0
        when is_whole then coalesce(ad_valorem_rate, 0)
    end as ad_valorem_rate,
    case when is_whole and unit_count = 1 then specific_amount_usd end as specific_amount_usd,
    case when is_whole and unit_count = 1 then specific_unit end as specific_unit,
    specific_count > 0 as has_specific,
    case when is_addition then coalesce(ad_valorem_rate, 0) end as additional_rate
from figures
order by rate_text, rate_number

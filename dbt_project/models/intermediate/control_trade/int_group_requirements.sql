-- The strictest requirement of the entries of a group that hold on the last day of a period.
with entries as (

    select distinct
        eccn_group,
        eccn,
        valid_from,
        valid_to
    from {{ ref('eccn_product_map') }}
    where hs_prefix is not null

    union

    select distinct
        'any' as eccn_group,
        eccn,
        valid_from,
        valid_to
    from {{ ref('eccn_product_map') }}
    where
        hs_prefix is not null
        and eccn_group <> 'anti_terrorism_only'

),

periods as (

    select distinct
        flow,
        period_grain,
        period_start,
        partner_code,
        {{ last_day_of_period('period_grain', 'period_start') }} as last_day
    from {{ ref('int_controlled_goods') }}
    where flow = 'export'

),

requirements as (

    select * from {{ ref('licence_requirement') }}

),

placed as (

    select
        entries.eccn_group,
        periods.flow,
        periods.period_grain,
        periods.period_start,
        periods.partner_code,
        requirements.review_policy,
        requirements.review_exception,
        case requirements.requirement
            when 'required' then 4
            when 'required_for_part' then 3
            when 'not_required' then 1
            else 2
        end as strictness,
        case requirements.review_policy
            when 'presumption_of_denial' then 3
            when 'case_by_case' then 2
            when 'presumption_of_approval' then 1
            else 0
        end as review_strictness
    from periods
    inner join entries
        on {{ is_valid_on('periods.last_day', 'entries') }}
    left join requirements
        on
            periods.partner_code = requirements.partner_code
            and entries.eccn = requirements.eccn
            and {{ is_valid_on('periods.last_day', 'requirements') }}

)

select
    eccn_group,
    flow,
    period_grain,
    period_start,
    partner_code,
    case max(strictness)
        when 4 then 'required'
        when 3 then 'required_for_part'
        when 2 then 'not_known'
        else 'not_required'
    end as licence_requirement,
    case max(case when strictness >= 3 then review_strictness end)
        when 3 then 'presumption_of_denial'
        when 2 then 'case_by_case'
        when 1 then 'presumption_of_approval'
    end as review_policy,
    max(review_exception) as review_exception
from placed
group by 1, 2, 3, 4, 5

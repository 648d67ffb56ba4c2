-- Returns partners with money in a period for which the source was not asked, or did not answer: a figure
-- without coverage would be shown as part of a whole that is not there.
{{ config(meta={'dagster': {'ref': {'name': 'source_coverage'}}}) }}

with goods as (

    select distinct
        flow,
        period_grain,
        period_start,
        partner_code
    from {{ ref('int_goods_summed_by_partner') }}

),

covered as (

    select * from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and status = 'covered'

)

select goods.*
from goods
left join covered
    on
        goods.flow = covered.flow
        and goods.period_grain = covered.period_grain
        and goods.period_start = covered.period_start
        and goods.partner_code = covered.partner_code
where covered.partner_code is null

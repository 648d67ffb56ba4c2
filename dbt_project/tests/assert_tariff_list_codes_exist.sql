-- Returns prefixes of product lists that no import code and no line of a loaded revision begins with. A few
-- belong to editions that are not loaded; a mistyped one looks the same, so that each is shown.
{{ config(
    error_if='> 100',
    warn_if='> 0',
    meta={'dagster': {'ref': {'name': 'tariff_schedule'}}}
) }}

with codes as (

    select hts10 as code from {{ ref('int_tariff_products') }}
    union distinct
    select hts_code as code from {{ ref('tariff_schedule') }}

),

schedule as (

    select count(*) as line_count from {{ ref('tariff_schedule') }}

),

beginnings as (

    select distinct left(codes.code, lengths.digits) as hs_prefix
    from codes
    cross join (values (2), (4), (6), (8), (10)) as lengths (digits)

)

select
    members.list_id,
    members.hs_prefix
from {{ ref('tariff_product_list_member') }} as members
-- Without any schedule nothing can be said.
inner join schedule
    on schedule.line_count > 0
left join beginnings
    on members.hs_prefix = beginnings.hs_prefix
where beginnings.hs_prefix is null

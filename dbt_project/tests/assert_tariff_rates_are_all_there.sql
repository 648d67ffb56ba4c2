-- Returns rates of the schedule that were not taken apart.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_schedule'}}}) }}

with texts as (

    select general_rate_text as rate_text from {{ ref('tariff_schedule') }}
    union distinct
    select special_rate_text from {{ ref('tariff_schedule') }}
    union distinct
    select other_rate_text from {{ ref('tariff_schedule') }}
    union distinct
    select additional_rate_text from {{ ref('tariff_schedule') }}

),

rates as (

    select distinct rate_text from {{ ref('int_tariff_rates') }}

)

select texts.rate_text
from texts
left join rates
    on texts.rate_text = rates.rate_text
where
    texts.rate_text is not null
    and rates.rate_text is null

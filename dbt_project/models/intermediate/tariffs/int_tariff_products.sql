-- Every import code that the schedule, or the trade of a loaded period, knows. Chapter 99 holds no goods.
select commodity_code as hts10 from {{ ref('dim_commodity') }}
where
    commodity_system = 'hts10'
    and commodity_code < '99'
union distinct
select hts_code as hts10 from {{ ref('tariff_schedule') }}
where
    hts_digits = 10
    and hts_code < '99'

-- Fills the tables of the replay server (tests/replay/figures.sql) from the files below the variable
-- `figures`. Nothing is estimated: what no file gives stays null. `composed_from` names the files behind a
-- row, so that a check whose two sides rest on one file can say that they are not independent.

-- The files ---------------------------------------------------------------------------------------------

create temp view imports_2024 as
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_hs10_country_2024.parquet');

create temp view imports_eu_2024 as
from read_parquet(
    getvariable('figures') || '/us_goods_trade/imports_hs10_european_union_aggregate_2024.parquet'
);

-- General imports as the API returned them, world and groups included.
create temp view general_imports_hs2 as
select I_COMMODITY as chapter, CTY_CODE as partner_code, CTY_NAME as partner_name, GEN_VAL_MO::bigint as gen_val
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_hs2_country_monthly_2023_2024.parquet')
where YEAR = '2024';

create temp view totals_2024 as
select country_code::varchar as partner_code, value::bigint as gen_val
from read_parquet(getvariable('figures') || '/us_goods_trade/goods_totals_by_country_annual_2015_2025.parquet')
where date = '2024' and metric_code = 'imports_total';

-- All products of a partner; the other rows of the file are its parts.
create temp view consumption_totals as
select CTY_NAME as partner_name, strftime(time, '%Y-%m') as period, imports::bigint as con_val, duty::bigint as cal_dut
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_naics3_30_partners_monthly.parquet')
where NAICS = '00';

create temp view consumption_world as
select sum(CON_VAL_MO::bigint) as con_val, sum(CAL_DUT_MO::bigint) as cal_dut
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_naics6_world_monthly_2020_2025.parquet')
where time like '2024-%';

create temp view imports_2025 as
select month[:7] as period, cty_code as partner_code, hs10 as commodity_code, con_val_usd, usmca_val_usd
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_hs10_canada_mexico_2025_h1_monthly.parquet');

create temp view general_imports_2025 as
select
    month[:7] as period,
    case country when 'Canada' then '1220' when 'Mexico' then '2010' end as partner_code,
    hs_code as chapter,
    gen_val_usd::bigint as gen_val
from read_parquet(getvariable('figures') || '/us_goods_trade/imports_hs2_hs4_hs6_monthly_2024_2026.parquet')
where hs_level = 2 and country in ('Canada', 'Mexico') and month between '2025-01-01' and '2025-06-01';

create temp view exports_hs10 as
select month as period, cty_code as partner_code, schedule_b10 as commodity_code, short_desc, all_val_usd
from read_parquet(
    getvariable('figures') || '/us_goods_trade/exports_hs10_ireland_switzerland_vietnam_monthly.parquet'
)
where month between '2024-01' and '2025-06';

create temp view exports_hs2 as
select
    strftime(time, '%Y-%m') as period,
    case CTY_NAME when 'IRELAND' then '4190' when 'SWITZERLAND' then '4419' when 'VIETNAM' then '5520' end
        as partner_code,
    E_COMMODITY as chapter,
    exports::bigint as all_val
from read_parquet(getvariable('figures') || '/us_goods_trade/exports_hs2_30_partners_monthly.parquet')
where CTY_NAME in ('IRELAND', 'SWITZERLAND', 'VIETNAM') and time between '2024-01-01' and '2025-06-30';

-- Names as Census prints them in its answers.
create temp table partner_names as
select partner_code, any_value(partner_name) as partner_name from general_imports_hs2 group by all;

-- Imports of 2024 ---------------------------------------------------------------------------------------

insert into trade by name
select
    'imports' as flow, '2024-12' as period, 'year' as grain, 'HS10' as level,
    cty_code as partner_code, hs10 as commodity_code, con_val_usd as con_val, cal_dut_usd as cal_dut,
    'imports_hs10_country_2024.parquet' as composed_from
from imports_2024
union all by name
select
    'imports' as flow, '2024-12' as period, 'year' as grain, 'HS10' as level,
    cty_code as partner_code, hs10 as commodity_code, con_val_usd as con_val, cal_dut_usd as cal_dut,
    'imports_hs10_european_union_aggregate_2024.parquet' as composed_from
from imports_eu_2024;

-- Consumption by chapter is the sum of its ten-digit codes. Chapters 98 and 99 are null where the file lacks
-- them, and so is the world row: the file is complete for no more than the chapters before them.
insert into trade by name
with consumption as (
    select
        partner_code, commodity_code[:2] as chapter, sum(con_val)::bigint as con_val,
        sum(cal_dut)::bigint as cal_dut, any_value(composed_from) as composed_from
    from trade
    where flow = 'imports' and period = '2024-12' and level = 'HS10'
    group by all
),

general_imports as (
    select partner_code, chapter, sum(gen_val)::bigint as gen_val from general_imports_hs2 group by all
)

select
    'imports' as flow, '2024-12' as period, 'year' as grain, 'HS2' as level,
    partner_code, chapter as commodity_code, gen_val, con_val, cal_dut,
    concat_ws(
        '; ', consumption.composed_from,
        case when gen_val is not null then 'imports_hs2_country_monthly_2023_2024.parquet' end
    ) as composed_from
from general_imports
full join consumption using (partner_code, chapter);

-- Consumption of all goods is known for the world, the EU, USMCA and thirty countries.
insert into trade by name
with general_imports as (
    select partner_code, gen_val, 'goods_totals_by_country_annual_2015_2025.parquet' as composed_from
    from totals_2024
    union all
    select partner_code, sum(gen_val)::bigint, 'imports_hs2_country_monthly_2023_2024.parquet'
    from general_imports_hs2
    where partner_code = '-' or partner_code like '0%' or partner_code like '%X%'
    group by partner_code
),

consumption as (
    select
        partner_code, sum(con_val)::bigint as con_val, sum(cal_dut)::bigint as cal_dut,
        'imports_naics3_30_partners_monthly.parquet' as composed_from
    from consumption_totals
    inner join partner_names using (partner_name)
    where period like '2024-%' and partner_code <> '-'
    group by partner_code
    union all
    select '-', con_val::bigint, cal_dut::bigint, 'imports_naics6_world_monthly_2020_2025.parquet'
    from consumption_world
)

select
    'imports' as flow, '2024-12' as period, 'year' as grain, '-' as level, partner_code, gen_val, con_val, cal_dut,
    concat_ws('; ', general_imports.composed_from, consumption.composed_from) as composed_from
from general_imports
left join consumption using (partner_code);

-- Imports of Canada and Mexico, January to June 2025 ----------------------------------------------------

insert into trade by name
select
    'imports' as flow, period, 'month' as grain, 'HS10' as level, partner_code, commodity_code,
    con_val_usd as con_val, 'imports_hs10_canada_mexico_2025_h1_monthly.parquet' as composed_from
from imports_2025;

-- What was claimed under USMCA stands for rate provision 18; Census prints no row where it is zero.
insert into trade by name
select
    'imports' as flow, period, 'month' as grain, 'HS10' as level, partner_code, commodity_code, '18' as kind,
    usmca_val_usd as con_val,
    'imports_hs10_canada_mexico_2025_h1_monthly.parquet; value claimed under USMCA for rate provision 18'
        as composed_from
from imports_2025
where usmca_val_usd > 0;

-- The ten-digit file has chapter 98 and lacks 99, whose consumption is therefore null.
insert into trade by name
with consumption as (
    select period, partner_code, commodity_code[:2] as chapter, sum(con_val_usd)::bigint as con_val
    from imports_2025
    group by all
)

select
    'imports' as flow, period, 'month' as grain, 'HS2' as level, partner_code, chapter as commodity_code,
    gen_val, con_val,
    concat_ws(
        '; ', case when con_val is not null then 'imports_hs10_canada_mexico_2025_h1_monthly.parquet' end,
        case when gen_val is not null then 'imports_hs2_hs4_hs6_monthly_2024_2026.parquet' end
    ) as composed_from
from general_imports_2025
full join consumption using (period, partner_code, chapter);

insert into trade by name
with general_imports as (
    select period, partner_code, sum(gen_val)::bigint as gen_val from general_imports_2025 group by all
),

consumption as (
    select period, partner_code, con_val, cal_dut
    from consumption_totals
    inner join partner_names using (partner_name)
)

select
    'imports' as flow, period, 'month' as grain, '-' as level, partner_code, gen_val, con_val, cal_dut,
    'imports_hs2_hs4_hs6_monthly_2024_2026.parquet; imports_naics3_30_partners_monthly.parquet' as composed_from
from general_imports
inner join consumption using (period, partner_code);

-- Exports to Ireland, Switzerland and Viet Nam ----------------------------------------------------------
-- Total exports only: the split into domestic and foreign is in no file. The chapters and the totals are of
-- another vintage than the ten-digit codes.

insert into trade by name
select
    'exports' as flow, period, 'month' as grain, 'HS10' as level, partner_code, commodity_code,
    all_val_usd as all_val, 'exports_hs10_ireland_switzerland_vietnam_monthly.parquet' as composed_from
from exports_hs10
union all by name
select
    'exports' as flow, period, 'month' as grain, if(chapter = '00', '-', 'HS2') as level, partner_code,
    if(chapter = '00', '-', chapter) as commodity_code, all_val,
    'exports_hs2_30_partners_monthly.parquet' as composed_from
from exports_hs2;

insert into trade by name
select
    flow, '2024-12' as period, 'year' as grain, level, partner_code, commodity_code,
    sum(all_val)::bigint as all_val, any_value(composed_from) as composed_from
from trade
where flow = 'exports' and grain = 'month' and period like '2024-%'
group by all;

update trade set partner_name = partner_names.partner_name
from partner_names
where partner_names.partner_code = trade.partner_code;

-- Commodities -------------------------------------------------------------------------------------------

-- The descriptions run to 2026, units and the other classifications end with 2022: a code that came later
-- has none. Numbers in that file have lost their leading zeros, and one description its dash.
insert into commodities by name
with descriptions as (
    select hs10, replace(description, chr(65533), '-') as description
    from read_csv(getvariable('figures') || '/reference/import_hs10_descriptions.csv', all_varchar = true)
),

classified as (
    from read_parquet(getvariable('figures') || '/reference/census_import_commodities_2022.parquet')
),

industries as (
    select HS10 as hs10, any_value(naics) as naics
    from read_parquet(getvariable('figures') || '/reference/hs10_naics.parquet')
    group by all
)

select
    'imports' as flow, 2026 as edition, hs10 as commodity_code,
    coalesce(short_desc, description[:50]) as short_description, description as long_description,
    quantity_1 as unit_1, quantity_2 as unit_2, sitc, lpad(end_use, 5, '0') as end_use, usda,
    coalesce(classified.naics, industries.naics) as naics, lpad(hitech, 2, '0') as hitech,
    'census_import_commodities_2022.parquet; hs10_naics.parquet; import_hs10_descriptions.csv' as composed_from
from descriptions
left join classified using (hs10)
left join industries using (hs10);

-- The list of 2019, and the codes traded since with the short description that came with the trade.
insert into commodities by name
with listed as (
    select line
    from read_csv(
        getvariable('figures') || '/reference/schedule_b_2019_exp_code.txt',
        columns = {'line': 'varchar'}, header = false, delim = '\0', quote = '', escape = ''
    )
),

fields as (
    select
        line[1:10] as commodity_code, rtrim(line[15:64]) as short_description, rtrim(line[70:219]) as long_description,
        rtrim(line[225:227]) as unit_1, rtrim(line[233:235]) as unit_2, rtrim(line[241:245]) as sitc,
        rtrim(line[251:255]) as end_use, line[261:261] as usda, rtrim(line[266:271]) as naics,
        line[277:278] as hitech
    from listed
),

traded as (
    select commodity_code, any_value(short_desc) as short_description
    from exports_hs10
    where commodity_code not in (select commodity_code from fields)
    group by all
)

select
    'exports' as flow, 2026 as edition, *,
    'exports_hs10_ireland_switzerland_vietnam_monthly.parquet; schedule_b_2019_exp_code.txt' as composed_from
from (
    from fields
    union all by name
    select commodity_code, short_description, short_description as long_description from traded
);

-- Countries ---------------------------------------------------------------------------------------------

-- By code where the map has it, else by name, else by hand: `nullstr` keeps Namibia's NA a text. GZ, WE and KV
-- are Census's own.
insert into countries by name
with census as (
    select Code as partner_code, Name as partner_name
    from read_csv(getvariable('figures') || '/reference/census_country_codes.csv', all_varchar = true, nullstr = '\N')
),

mapped as (
    select cty_code as partner_code, iso3
    from read_csv(getvariable('figures') || '/reference/census_to_iso3.csv', all_varchar = true, nullstr = '\N')
),

iso as (
    select
        "ISO3166-1-Alpha-3" as iso3, "ISO3166-1-Alpha-2" as iso2,
        [lower("CLDR display name"), lower("UNTERM English Short"), lower(official_name_en)] as names
    from read_csv(getvariable('figures') || '/reference/country-codes.csv', all_varchar = true, nullstr = '\N')
),

by_hand as (
    from (values
        ('2777', 'CW'), ('3720', 'FK'), ('4031', 'SJ'), ('4752', 'VA'), ('4803', 'KV'), ('5082', 'GZ'),
        ('5083', 'WE'), ('6024', 'CX'), ('6225', 'PN'), ('6413', 'WF'), ('6820', 'FM'), ('7660', 'CD'),
        ('7904', 'RE'), ('7905', 'TF'), ('9110', 'VI')
    ) as given (partner_code, iso2)
)

select
    partner_code, partner_name,
    coalesce(
        by_hand.iso2, iso.iso2,
        (
            select min(named.iso2)
            from iso as named
            where
                list_contains(named.names, lower(partner_name))
                or list_contains(named.names, lower(replace(partner_name, 'Saint ', 'St. ')))
        )
    ) as iso2,
    'census_country_codes.csv; census_to_iso3.csv; country-codes.csv' as composed_from
from census
left join mapped using (partner_code)
left join iso using (iso3)
left join by_hand using (partner_code);

-- The tariff schedule, two revisions as the agency serves them -------------------------------------------

-- The column effective_date of the file is the day of the release.
insert into tariff_releases (release_name, released_on, composed_from)
select case revision when 'basic' then '2025HTSBasic' else '2026HTSRev4' end, effective_date::date,
    'hts_revision_dates'
from read_csv(getvariable('figures') || '/tariffs/hts_revision_dates.csv', header = true, all_varchar = true)
where revision in ('basic', '2026_rev_4');

insert into tariff_schedule (release_name, line_number, line, composed_from)
select '2025HTSBasic', row_number() over (), json(json), 'hts_2025_basic'
from read_json_objects(getvariable('figures') || '/tariffs/hts/hts_2025_basic.json.gz', format = 'array');

insert into tariff_schedule (release_name, line_number, line, composed_from)
select '2026HTSRev4', row_number() over (), json(json), 'hts_2026_rev_4'
from read_json_objects(getvariable('figures') || '/tariffs/hts/hts_2026_rev_4.json.gz', format = 'array');

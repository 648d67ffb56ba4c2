-- What the replay server knows. Money is whole US dollars; null means that the figure is not served.

create table trade (
    flow varchar not null check (flow in ('imports', 'exports')),
    period varchar not null check (period similar to '\d{4}-\d{2}'),  -- a year is kept as its December
    grain varchar not null check (grain in ('month', 'year')),        -- answers *_MO or *_YR
    level varchar not null default '-',                               -- '-' all goods, else HS2 … HS10
    partner_code varchar not null,                                    -- '-' is the world row
    partner_name varchar,
    commodity_code varchar not null default '-',
    kind varchar not null default '-',           -- rate provision (imports) or domestic/foreign (exports)
    gen_val bigint,
    con_val bigint,
    dut_val bigint,
    cal_dut bigint,
    con_cha bigint,
    con_qy1 bigint,
    con_qy1_flag varchar,
    con_qy2 bigint,
    con_qy2_flag varchar,
    all_val bigint,
    qty_1 bigint,
    qty_1_flag varchar,
    qty_2 bigint,
    qty_2_flag varchar,
    unit_qy1 varchar,
    unit_qy2 varchar,
    composed_from varchar                        -- names joined by '; ', null for planted test figures
);

create table commodities (
    flow varchar not null check (flow in ('imports', 'exports')),
    edition integer not null,
    commodity_code varchar not null,
    short_description varchar,
    long_description varchar,
    unit_1 varchar,
    unit_2 varchar,
    sitc varchar,
    end_use varchar,
    usda varchar,
    naics varchar,
    hitech varchar,
    composed_from varchar
);

create table countries (
    partner_code varchar not null,
    partner_name varchar not null,
    iso2 varchar,
    composed_from varchar
);

-- Releases of the tariff schedule; `exportList` serves the one that is current, whatever is asked.
create table tariff_releases (
    release_name varchar not null,               -- as the service writes it: 2026HTSRev9
    released_on date not null,
    is_current boolean not null default false,
    composed_from varchar
);

create table tariff_schedule (
    release_name varchar not null,
    line_number integer not null,
    line json not null,                          -- as the service writes it
    composed_from varchar
);

create table documents (
    document json not null,                      -- as the service writes it
    publication_date date not null,
    document_type varchar not null,              -- RULE, PRORULE, NOTICE or PRESDOCU
    agencies varchar[] not null,                 -- their slugs
    words varchar not null,                      -- what a search for a term looks through
    composed_from varchar
);

create table screened_parties (
    party json not null,                         -- the columns of the file that have a value
    composed_from varchar
);

-- Parts of title 15 as amended on a day; in between, the text of the day before is the law.
create table regulations (
    part varchar not null,
    amended_on date not null,
    is_amendment boolean not null default true,  -- false for a text of which only the day of reading is known
    xml varchar not null,                        -- as the service writes it
    composed_from varchar
);

create table partner_trade (
    record json not null                         -- a row as UN Comtrade writes it
);

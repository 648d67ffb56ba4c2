{{ config(materialized='table') }}

-- What a rule can name, by partner: country groups, agreements, the country itself, everybody. A destination
-- that counts as another one is in the groups of that one for as long as it does; what counts as the reporter
-- is no destination.
with countries as (

    select
        partner_code,
        iso2
    from {{ ref('partner') }}
    where partner_kind = 'country'

),

partners as (

    select countries.*
    from countries
    where
        countries.partner_code <> '{{ var("reporter_code") }}'
        and not exists (
            select 1
            from {{ ref('ear_destination') }} as destinations
            inner join countries as stand_ins
                on destinations.counts_as_iso2 = stand_ins.iso2
            where
                destinations.iso2 = countries.iso2
                and stand_ins.partner_code = '{{ var("reporter_code") }}'
        )

),

counted as (

    select
        partners.partner_code,
        stand_ins.partner_code as counts_as_code,
        stand_ins.iso2 as counts_as_iso2,
        destinations.valid_from,
        destinations.valid_to
    from {{ ref('ear_destination') }} as destinations
    inner join partners
        on destinations.iso2 = partners.iso2
    inner join partners as stand_ins
        on destinations.counts_as_iso2 = stand_ins.iso2

),

own as (

    select
        partner_code,
        'country_group' as member_kind,
        country_group as member,
        valid_from,
        valid_to,
        valid_from_known
    from {{ ref('country_group_member') }}
    where partner_code in (select partners.partner_code from partners)

    union all

    select
        partner_code,
        'country' as member_kind,
        iso2 as member,
        cast('1900-01-01' as date) as valid_from,
        cast(null as date) as valid_to,
        true as valid_from_known
    from partners
    where iso2 is not null

)

select *
from own

union all

select
    counted.partner_code,
    own.member_kind,
    own.member,
    greatest(own.valid_from, counted.valid_from) as valid_from,
    least(own.valid_to, counted.valid_to) as valid_to,
    own.valid_from_known
from counted
inner join own
    on
        counted.counts_as_code = own.partner_code
        and own.valid_from <= coalesce(counted.valid_to, cast('9999-12-31' as date))
        and counted.valid_from <= coalesce(own.valid_to, cast('9999-12-31' as date))

union all

select
    partners.partner_code,
    'agreement' as member_kind,
    members.agreement as member,
    members.valid_from,
    members.valid_to,
    members.valid_from_known
from {{ ref('agreement_member') }} as members
inner join partners
    on members.iso2 = partners.iso2

union all

select
    partner_code,
    'all' as member_kind,
    '*' as member,
    cast('1900-01-01' as date) as valid_from,
    cast(null as date) as valid_to,
    true as valid_from_known
from partners

{{ config(materialized='table') }}

-- Whether an entry needs a licence to a partner, while it is there: the dated rules about destinations go
-- before the country chart, which is known from the first day on which it was read.
with entries as (

    select
        eccn,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from {{ ref('eccn_product_map') }}
    group by eccn

),

members as (

    select * from {{ ref('int_destination_members_dated') }}

),

named as (

    select
        rule_id,
        priority,
        member_kind,
        member,
        requirement,
        review_policy,
        review_exception,
        valid_from,
        valid_to,
        evidence,
        source,
        {{ each_part_of("eccns", " ") }} as eccn
    from {{ ref('licence_rule') }}

),

ruled as (

    select
        entries.eccn,
        members.partner_code,
        named.priority,
        named.requirement,
        named.review_policy,
        named.review_exception,
        'rule' as basis,
        named.rule_id as basis_text,
        named.source,
        greatest(entries.valid_from, named.valid_from, members.valid_from) as valid_from,
        least(entries.valid_to, named.valid_to, members.valid_to) as valid_to,
        members.valid_from_known
    from named
    inner join entries
        on
            named.eccn in (entries.eccn, '*')
            and named.valid_from <= coalesce(entries.valid_to, cast('9999-12-31' as date))
            and entries.valid_from <= coalesce(named.valid_to, cast('9999-12-31' as date))
    inner join members
        on
            named.member_kind = members.member_kind
            and named.member = members.member
            and named.valid_from <= coalesce(members.valid_to, cast('9999-12-31' as date))
            and members.valid_from <= coalesce(entries.valid_to, cast('9999-12-31' as date))
            and members.valid_from <= coalesce(named.valid_to, cast('9999-12-31' as date))
            and entries.valid_from <= coalesce(members.valid_to, cast('9999-12-31' as date))

),

cells as (

    select
        chart.chart_column,
        members.partner_code,
        chart.is_controlled,
        greatest(chart.valid_from, members.valid_from) as valid_from,
        least(chart.valid_to, members.valid_to) as valid_to,
        chart.valid_from_known
    from {{ ref('country_chart_cell') }} as chart
    inner join {{ ref('partner') }} as partners
        on chart.partner_code = partners.partner_code
    inner join members
        on
            members.member_kind = 'country'
            and partners.iso2 = members.member
            and chart.valid_from <= coalesce(members.valid_to, cast('9999-12-31' as date))
            and members.valid_from <= coalesce(chart.valid_to, cast('9999-12-31' as date))

),

-- The controls of an entry, for as long as it stays as it is.
controls as (

    select
        listed.eccn,
        listed.valid_from,
        listed.valid_to,
        listed.valid_from_known,
        stated.control_text,
        stated.requirement_text,
        stated.chart_column
    from {{ ref('control_list_entry') }} as listed
    inner join {{ ref('stg_ecfr__eccn_controls') }} as stated
        on
            listed.first_seen_on = stated.snapshot_date
            and listed.eccn = stated.eccn

),

-- A paragraph .z is under what applies to its entire entry, and the rules say the rest; another paragraph is
-- under the controls of its entry.
charted as (

    select
        entries.eccn,
        cells.partner_code,
        case
            when cells.is_controlled is null then 53
            when not cells.is_controlled then 95
            when lower(controls.control_text) like '%entire entry%' then 50
            else 51
        end as priority,
        case
            when cells.is_controlled is null then 'not_known'
            when not cells.is_controlled then 'not_required'
            when lower(controls.control_text) like '%entire entry%' then 'required'
            else 'required_for_part'
        end as requirement,
        {{ no_text() }} as review_policy,
        {{ no_text() }} as review_exception,
        'country_chart' as basis,
        cells.chart_column as basis_text,
        '15 CFR part 774, supplement no. 1, and part 738, supplement no. 1' as source,
        greatest(controls.valid_from, cells.valid_from) as valid_from,
        least(controls.valid_to, cells.valid_to) as valid_to,
        controls.valid_from_known and cells.valid_from_known as valid_from_known
    from entries
    inner join controls
        on left(entries.eccn, 5) = controls.eccn
    inner join cells
        on
            controls.chart_column = cells.chart_column
            and controls.valid_from <= coalesce(cells.valid_to, cast('9999-12-31' as date))
            and cells.valid_from <= coalesce(controls.valid_to, cast('9999-12-31' as date))
    where
        entries.eccn <> '3A090.c'
        and (
            entries.eccn not like '%.z'
            or (cells.is_controlled and lower(controls.control_text) like '%entire entry%')
        )

),

-- What an entry says of destinations in words is not read: where no rule knows it nothing is known, and the
-- chart alone does not make it free.
worded as (

    select
        entries.eccn,
        members.partner_code,
        94 as priority,
        'not_known' as requirement,
        {{ no_text() }} as review_policy,
        {{ no_text() }} as review_exception,
        'entry' as basis,
        controls.control_text as basis_text,
        '15 CFR part 774, supplement no. 1' as source,
        controls.valid_from,
        controls.valid_to,
        controls.valid_from_known
    from entries
    inner join controls
        on entries.eccn = controls.eccn
    inner join members
        on members.member_kind = 'all'
    where
        controls.chart_column is null
        and controls.control_text not like '%.z%'
        and controls.requirement_text not like 'Refer to%'

),

-- One candidate for each outcome: several columns of the chart, or several sentences, can say the same.
candidates as (

    select * from ruled

    union all

    select
        eccn,
        partner_code,
        priority,
        requirement,
        review_policy,
        review_exception,
        basis,
        min(basis_text) as basis_text,
        source,
        valid_from,
        valid_to,
        valid_from_known
    from (
        select * from charted
        union all
        select * from worded
    ) as outcomes
    group by all

)

{{ intervals_by_priority('candidates', ['eccn', 'partner_code'],
    ['requirement', 'review_policy', 'review_exception', 'basis', 'basis_text', 'source', 'valid_from_known']) }}

-- Which other headings, most of them of chapters 98 and 99, the footnotes of a line name, and for how long.
with revisions as (

    select * from {{ ref('tariff_revision') }}

),

footnotes as (

    select
        revision,
        line_number,
        coalesce(line_columns, '') as line_columns,
        {{ each_part_of('referenced_codes', ',') }} as reference
    from {{ ref('stg_usitc__tariff_footnotes') }}
    where referenced_codes is not null

),

lines as (

    select
        revision,
        line_number,
        hts_number
    from {{ ref('stg_usitc__tariff_lines') }}
    where hts_number is not null

),

named as (

    select distinct
        lines.hts_number,
        footnotes.line_columns,
        footnotes.reference,
        revisions.is_carried_forward,
        revisions.sequence_number
    from footnotes
    inner join lines
        on
            footnotes.revision = lines.revision
            and footnotes.line_number = lines.line_number
    inner join revisions
        on footnotes.revision = revisions.used_revision

),

in_force as (

    select
        *,
        sequence_number - row_number() over (
            partition by hts_number, line_columns, reference, is_carried_forward
            order by sequence_number
        ) as island
    from named

),

intervals as (

    select
        hts_number,
        line_columns,
        reference,
        is_carried_forward,
        min(sequence_number) as first_sequence_number,
        max(sequence_number) as last_sequence_number
    from in_force
    group by hts_number, line_columns, reference, is_carried_forward, island

)

select
    intervals.hts_number as hts_prefix,
    first_revisions.valid_from,
    last_revisions.valid_to,
    intervals.line_columns,
    split_part(intervals.reference, '-', 1) as first_code,
    case
        when intervals.reference like '%-%' then split_part(intervals.reference, '-', 2)
        else intervals.reference
    end as last_code,
    intervals.is_carried_forward
from intervals
inner join revisions as first_revisions
    on intervals.first_sequence_number = first_revisions.sequence_number
inner join revisions as last_revisions
    on intervals.last_sequence_number = last_revisions.sequence_number
order by intervals.hts_number, intervals.line_columns, intervals.reference, first_revisions.valid_from

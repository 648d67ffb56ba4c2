-- The lines of each revision with the rates that hold there: their own, or those of the line above them.
with lines as (

    select * from {{ ref('stg_usitc__tariff_lines') }}

),

-- Not from `lines`: what is read twice by one name is kept in memory, with the words of a million lines.
rate_lines as (

    select
        revision,
        line_number,
        hts_number,
        general_rate_text,
        special_rate_text,
        other_rate_text,
        additional_rate_text
    from {{ ref('stg_usitc__tariff_lines') }}
    where general_rate_text is not null

)

select
    lines.revision,
    lines.line_number,
    lines.hts_number,
    lines.hts_digits,
    lines.indent,
    lines.parent_line_number,
    lines.description,
    lines.description_path,
    lines.unit_1,
    lines.unit_2,
    rate_lines.hts_number as rate_code,
    rate_lines.general_rate_text,
    -- A line may have a column 2 rate of its own and inherit the general one.
    coalesce(lines.special_rate_text, rate_lines.special_rate_text) as special_rate_text,
    coalesce(lines.other_rate_text, rate_lines.other_rate_text) as other_rate_text,
    coalesce(lines.additional_rate_text, rate_lines.additional_rate_text) as additional_rate_text,
    rate_lines.line_number <> lines.line_number as is_inherited
from lines
left join rate_lines
    on
        lines.revision = rate_lines.revision
        and lines.rate_line_number = rate_lines.line_number

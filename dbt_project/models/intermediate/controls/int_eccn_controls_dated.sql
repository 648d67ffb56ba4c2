-- The controls of an entry, for as long as the entry stays as it is.
select
    entries.eccn,
    controls.control_number,
    entries.valid_from,
    entries.valid_to,
    entries.valid_from_known,
    controls.reason_code,
    controls.control_text,
    controls.requirement_text,
    controls.chart_column,
    case
        when controls.chart_column is not null then 'country_chart'
        when lower(controls.requirement_text) like '%worldwide%' then 'worldwide'
        when
            lower(controls.requirement_text) like '%country group%'
            or lower(controls.requirement_text) like 'to or within%'
            then 'destinations'
        else 'other'
    end as requirement_kind
from {{ ref('int_eccns_dated') }} as entries
inner join {{ ref('stg_ecfr__eccn_controls') }} as controls
    on
        entries.first_seen_on = controls.snapshot_date
        and entries.eccn = controls.eccn

-- The parts of a duty by authority. A floor adds what the ordinary rate lacks to it, so that its rate and its
-- share of the value are kept, and the panel reckons with the ordinary rate of the code. Duty 0 is that of no
-- action.
with parts as (

    select * from {{ ref('tariff_duty_part') }}

),

duties as (

    select distinct duty_id from parts
    union all
    select 0 as duty_id

)

select
    duties.duty_id,
    {% for authority in var('tariff_authorities') %}
        cast(coalesce(sum(case
            when
                parts.authority = '{{ authority }}' and parts.rate_kind = 'added'
                then parts.rate * parts.share
        end), 0) as double) as {{ authority }}_rate,
    {% endfor %}
    {% for authority in var('tariff_authorities_with_floors') %}
        cast(coalesce(max(case
            when parts.authority = '{{ authority }}' and parts.rate_kind = 'floor' then parts.rate
        end), 0) as double) as {{ authority }}_floor_rate,
        cast(coalesce(sum(case
            when parts.authority = '{{ authority }}' and parts.rate_kind = 'floor' then parts.share
        end), 0) as double) as {{ authority }}_floor_share,
        cast(coalesce(sum(case
            when parts.authority = '{{ authority }}' and parts.rate_kind = 'floor' then parts.share_exempted
        end), 0) as double) as {{ authority }}_exempted_floor_share,
    {% endfor %}
    cast(coalesce(sum(case
        when parts.rate_kind = 'added' then parts.rate * parts.share_exempted
    end), 0) as double) as exempted_rate,
    {{ distinct_texts_in_one('parts.exempt_by') }} as exempt_by,
    coalesce(bool_or(parts.is_partial), false) as is_partial,
    {{ texts_in_one("case when parts.share > 0 then parts.action_id end") }} as action_ids
from duties
left join parts
    on duties.duty_id = parts.duty_id
group by duties.duty_id

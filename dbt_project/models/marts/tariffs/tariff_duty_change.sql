-- What sets a duty apart from the one before it, in words.
with pairs as (

    select distinct
        previous_duty_id,
        duty_id
    from {{ ref('tariff_panel') }}
    where
        previous_duty_id is not null
        and previous_duty_id <> duty_id

    union distinct

    select distinct
        previous_claimed_duty_id as previous_duty_id,
        claimed_duty_id as duty_id
    from {{ ref('tariff_panel') }}
    where
        previous_claimed_duty_id is not null
        and previous_claimed_duty_id <> claimed_duty_id

),

parts as (

    select
        *,
        concat(
            case when rate_kind = 'floor' then 'a floor of ' else '' end,
            {{ percent('rate') }},
            case when share < 1 then concat(' on ', {{ percent('share') }}, ' of the value') else '' end
        ) as said
    from {{ ref('tariff_duty_part') }}

),

sides as (

    select
        pairs.previous_duty_id,
        pairs.duty_id,
        parts.action_id,
        'before' as side,
        parts.title,
        parts.heading,
        parts.share,
        parts.exempt_by,
        parts.said
    from pairs
    inner join parts
        on pairs.previous_duty_id = parts.duty_id

    union all

    select
        pairs.previous_duty_id,
        pairs.duty_id,
        parts.action_id,
        'after' as side,
        parts.title,
        parts.heading,
        parts.share,
        parts.exempt_by,
        parts.said
    from pairs
    inner join parts
        on pairs.duty_id = parts.duty_id

),

compared as (

    select
        previous_duty_id,
        duty_id,
        action_id,
        max(title) as title,
        max(case when side = 'before' and share > 0 then said end) as said_before,
        max(case when side = 'after' and share > 0 then said end) as said_after,
        max(case when side = 'before' then heading end) as heading_before,
        max(case when side = 'after' then heading end) as heading_after,
        max(case when side = 'after' then exempt_by end) as exempt_by
    from sides
    group by previous_duty_id, duty_id, action_id

),

worded as (

    select
        previous_duty_id,
        duty_id,
        action_id,
        case
            when said_before is null and said_after is null then null
            when said_before is null then concat(title, ' begins: ', said_after, ' (', heading_after, ')')
            when said_after is null and exempt_by is not null
                then concat(title, ' exempts it: ', exempt_by, ' (', heading_after, ')')
            when said_after is null then concat(title, ' no longer applies (', heading_before, ')')
            when said_before <> said_after
                then concat(title, ': ', said_after, ' instead of ', said_before, ' (', heading_after, ')')
        end as words
    from compared

)

select
    previous_duty_id,
    duty_id,
    {{ texts_in_one('case when words is not null then action_id end') }} as action_ids,
    {{ texts_in_one('words') }} as change_text
from worded
group by previous_duty_id, duty_id

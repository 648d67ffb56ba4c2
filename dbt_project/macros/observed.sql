{#
    From what was there on some days to intervals. `observed` is a CTE with the key, `digest` (what else is to stay
    the same), `snapshot_date` and `stated_on` (a day from which the entry says that it has effect, or null); `days`
    is one of int_control_days, of one dataset.

    An interval begins with the first day on which something was seen. Where the day is the first of all, it may have
    begun earlier: then, and where days are missing before it, valid_from_known is false, unless the entry itself or
    the only amendment in between names the day. It ends on the day before the next day on which it was not seen.
    Both ends are included, and an open end is null.
#}

{% macro observed_intervals(observed, days, key) %}
    select
        {{ key | join(", ") }},
        first_seen_on,
        last_seen_on,
        valid_from,
        valid_from_known,
        least(
            {{ days_after("gone_on", -1) }},
            {{ days_after("lead(valid_from) over (partition by " ~ key | join(", ") ~ " order by valid_from)", -1) }}
        ) as valid_to
    from (
        select
            {% for column in key %}islands.{{ column }}, {% endfor %}
            islands.first_seen_on,
            islands.last_seen_on,
            case
                when
                    islands.stated_on <= islands.first_seen_on
                    and (first_days.previous_on is null or islands.stated_on > first_days.previous_on)
                    then islands.stated_on
                else first_days.changed_on
            end as valid_from,
            first_days.change_day_known
            or coalesce(
                islands.stated_on <= islands.first_seen_on
                and (first_days.previous_on is null or islands.stated_on > first_days.previous_on),
                false
            ) as valid_from_known,
            last_days.next_changed_on as gone_on
        from (
            select
                {{ key | join(", ") }},
                min(snapshot_date) as first_seen_on,
                max(snapshot_date) as last_seen_on,
                min(stated_on) as stated_on
            from (
                select
                    {% for column in key %}{{ observed }}.{{ column }}, {% endfor %}
                    {{ observed }}.digest,
                    {{ observed }}.stated_on,
                    {{ observed }}.snapshot_date,
                    {{ days }}.day_number - row_number() over (
                        partition by {% for column in key %}{{ observed }}.{{ column }}, {% endfor %}{{ observed }}.digest
                        order by {{ days }}.day_number
                    ) as island
                from {{ observed }}
                inner join {{ days }}
                    on {{ observed }}.snapshot_date = {{ days }}.snapshot_date
            ) as numbered
            group by {{ key | join(", ") }}, digest, island
        ) as islands
        inner join {{ days }} as first_days
            on islands.first_seen_on = first_days.snapshot_date
        inner join {{ days }} as last_days
            on islands.last_seen_on = last_days.snapshot_date
    ) as placed
{% endmacro %}

-- Returns rows of the panel that leave a gap to the next one of their key, overlap with it, or do not reach
-- from the first day of the panel to its open end: every code and partner has one rate on every day.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_panel'}}}) }}

with intervals as (

    select
        'tariff_panel' as table_name,
        concat_ws(' ', scenario_id, {{ text_of('product_class_id') }}, {{ text_of('partner_class_id') }})
            as row_key,
        scenario_id = 'law' as is_from_the_beginning,
        valid_from,
        valid_to
    from {{ ref('tariff_panel') }}

    union all

    select
        'tariff_claim' as table_name,
        concat_ws(' ', hts10, partner_code) as row_key,
        true as is_from_the_beginning,
        valid_from,
        valid_to
    from {{ ref('tariff_claim') }}

    union all

    -- A new subheading begins with the revision that brings it.
    select
        'tariff_product' as table_name,
        hts10 as row_key,
        false as is_from_the_beginning,
        valid_from,
        valid_to
    from {{ ref('tariff_product') }}

),

in_order as (

    select
        intervals.*,
        lag(intervals.valid_to)
            over (partition by intervals.table_name, intervals.row_key order by intervals.valid_from)
            as previous_valid_to,
        lead(intervals.valid_from)
            over (partition by intervals.table_name, intervals.row_key order by intervals.valid_from)
            as next_valid_from,
        row_number()
            over (partition by intervals.table_name, intervals.row_key order by intervals.valid_from)
            as place
    from intervals

)

select
    in_order.table_name,
    in_order.row_key,
    in_order.valid_from,
    in_order.valid_to,
    in_order.next_valid_from
from in_order
cross join {{ ref('tariff_horizon') }} as horizon
where
    in_order.valid_to < in_order.valid_from
    or (in_order.next_valid_from is not null and in_order.valid_to is null)
    or in_order.next_valid_from <> {{ days_after('in_order.valid_to', 1) }}
    or (
        in_order.next_valid_from is null
        and in_order.valid_to is not null
        and in_order.table_name <> 'tariff_product'
    )
    or (in_order.place = 1 and in_order.is_from_the_beginning and in_order.valid_from <> horizon.panel_from)

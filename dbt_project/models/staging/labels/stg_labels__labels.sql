select
    cast(null as varchar) as label_set_id,
    cast(null as varchar) as commodity_system,
    cast(null as varchar) as commodity_code,
    cast(null as varchar) as description,
    cast(null as varchar) as relevance,
    cast(null as integer) as confidence,
    cast(null as varchar) as category,
    cast(null as varchar) as specific_use,
    cast(null as varchar) as reasoning,
    cast(null as bigint) as row_number,
    cast(null as timestamp) as vintage_at
where false

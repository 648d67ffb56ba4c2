with landed as (

    select * from {{ landing('labels', [
        source('labels', 'waugh_labels'),
        source('labels', 'waugh_export_labels'),
        source('labels', 'wto_list'),
        source('labels', 'user_labels'),
        source('labels', 'llm_labels'),
    ]) }}

),

renamed as (

    select
        label_set_id,
        commodity_system,
        commodity_code,
        description,
        relevance,
        confidence,
        category,
        specific_use,
        reasoning,
        row_number,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

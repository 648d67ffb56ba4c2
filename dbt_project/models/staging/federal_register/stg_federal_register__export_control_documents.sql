with landed as (

    select * from {{ landing('documents', [
        source('federal_register', 'export_control_documents'),
    ]) }}

),

renamed as (

    select
        document_number,
        publication_date,
        type as document_type,
        subtype as document_subtype,
        title,
        abstract,
        agencies,
        html_url,
        pdf_url,
        citation,
        effective_on,
        signing_date,
        executive_order_number,
        docket_ids,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

select
    document_number,
    publication_date,
    document_type,
    document_subtype,
    title,
    abstract,
    agencies,
    effective_on,
    signing_date,
    citation,
    executive_order_number,
    docket_ids,
    html_url,
    pdf_url,
    vintage_at
from {{ ref('stg_federal_register__export_control_documents') }}
order by document_number

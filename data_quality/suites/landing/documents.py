"""Documents of the Federal Register."""

from data_quality.suites import Suite, rule
from data_quality.suites.landing.common import NO_BAD_VALUES, keys_unique, not_empty, schema, size

_COLUMNS = {
    "edition": "VARCHAR",
    "document_number": "VARCHAR",
    "publication_date": "DATE",
    **dict.fromkeys(
        ("type", "subtype", "title", "abstract", "agencies", "html_url", "pdf_url", "citation"), "VARCHAR"
    ),
    "effective_on": "DATE",
    "signing_date": "DATE",
    "executive_order_number": "VARCHAR",
    "docket_ids": "VARCHAR",
}

DOCUMENTS = rule(
    "documents_whole",
    guards="Every document has its title, its address and its day, which is of the year that was asked for.",
    problem="{rows_failing} documents lack one of these or are of another year",
    advice="look at the search and at the reader (sources/federal_register.py)",
    tables=("documents",),
    failing="""
        select document_number, publication_date, title, html_url from documents
        where title is null or html_url is null or publication_date is null or type is null
            or year(publication_date)::varchar is distinct from getvariable('partition')
        order by document_number
    """,
)

SUITES = {
    "documents": Suite(
        "landing_documents",
        (
            schema({"documents": _COLUMNS}),
            not_empty("documents"),
            NO_BAD_VALUES,
            keys_unique({"documents": ("document_number",)}),
            DOCUMENTS,
            size(("documents",), with_value=False),
        ),
        ("partition",),
    ),
}

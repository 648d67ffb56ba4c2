with landed as (

    select * from {{ landing('entity_list_entries', [
        source('ecfr', 'entity_list'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        country_name,
        party_text,
        license_requirement,
        license_policy,
        citation,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

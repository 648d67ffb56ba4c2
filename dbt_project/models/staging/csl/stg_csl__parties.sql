with landed as (

    select * from {{ landing('screened_parties', [
        source('csl', 'screening_list'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        list_code,
        list_name,
        entity_number,
        party_type,
        party_name,
        alt_names,
        countries,
        programs,
        federal_register_notice,
        license_requirement,
        license_policy,
        start_date,
        end_date,
        source_list_url,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

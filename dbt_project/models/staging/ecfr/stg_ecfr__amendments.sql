with landed as (

    select * from {{ landing('regulation_amendments', [
        source('ecfr', 'control_list'),
        source('ecfr', 'country_chart'),
        source('ecfr', 'country_groups'),
        source('ecfr', 'entity_list'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        part,
        amendment_date,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

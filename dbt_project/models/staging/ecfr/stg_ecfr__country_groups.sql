with landed as (

    select * from {{ landing('group_members', [
        source('ecfr', 'country_groups'),
    ]) }}

),

renamed as (

    select
        snapshot_date,
        row_number,
        country_name,
        country_group,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

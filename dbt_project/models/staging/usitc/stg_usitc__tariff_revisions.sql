with landed as (

    select * from {{ landing('tariff_revisions', [
        source('usitc', 'tariff_schedule'),
    ]) }}

),

renamed as (

    select
        revision,
        release_name,
        released_on,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

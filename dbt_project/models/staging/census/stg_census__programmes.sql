with landed as (

    select * from {{ landing('programmes', [
        source('census', 'import_programmes_monthly'),
        source('census', 'import_programmes_annual'),
    ]) }}

),

renamed as (

    select
        flow,
        period_grain,
        period_start,
        partner_code,
        commodity_system,
        commodity_code,
        rate_provision_code,
        value_usd,
        duty_usd,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

with landed as (

    select
        *,
        false as is_prepared
    from {{ landing('partner_trade', [
        source('comtrade', 'partner_trade'),
    ]) }}

    union all

    select
        *,
        true as is_prepared
    from {{ landing('partner_trade', [
        source('comtrade', 'partner_trade_table'),
    ]) }}

),

renamed as (

    select
        trade_year,
        trade_flow,
        reporter,
        partner,
        hs6,
        valuation,
        value_usd,
        is_prepared,
        vintage_at,
        landing_path
    from landed

)

select * from renamed

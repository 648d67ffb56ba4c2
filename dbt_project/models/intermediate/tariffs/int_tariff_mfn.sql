{{ config(materialized='table') }}

-- The ordinary rate of a subheading of eight digits (column 1 general), for as long as it does not change;
-- all lines of ten digits in it share it. A revision that is known and not landed may have changed it.
with lines as (

    select distinct
        revision,
        left(hts_number, 8) as hts8,
        general_rate_text,
        special_rate_text,
        other_rate_text
    from {{ ref('int_tariff_lines') }}
    where
        hts_digits >= 8
        and hts_number < '99'

),

-- Revisions that a landed one stands for are one interval with it.
revisions as (

    select
        used_revision,
        min(sequence_number) as sequence_number,
        min(valid_from) as valid_from
    from {{ ref('tariff_revision') }}
    group by used_revision

),

in_order as (

    select
        *,
        row_number() over (order by sequence_number) as place,
        lead(valid_from) over (order by sequence_number) as next_valid_from
    from revisions

),

placed as (

    select
        lines.*,
        in_order.place,
        in_order.place - row_number() over (
            partition by lines.hts8, lines.general_rate_text, lines.special_rate_text, lines.other_rate_text
            order by in_order.place
        ) as island
    from lines
    inner join in_order
        on lines.revision = in_order.used_revision

),

intervals as (

    select
        placed.hts8,
        placed.general_rate_text,
        placed.special_rate_text,
        placed.other_rate_text,
        min(in_order.valid_from) as valid_from,
        max(placed.place) as last_place
    from placed
    inner join in_order
        on placed.place = in_order.place
    group by
        placed.hts8, placed.general_rate_text, placed.special_rate_text, placed.other_rate_text, placed.island

),

rates as (

    select * from {{ ref('int_tariff_rates') }}
    where rate_number = 1

),

others as (

    select partner_code from {{ ref('tariff_programme_partner') }}
    union distinct
    select partner_scope as partner_code from {{ ref('tariff_action_rate') }}
    where action_id like 's301_list%'

),

-- What a duty on the quantity came to, as a share of the value: what partners without a preference paid on
-- it. China pays more than the schedule says.
equivalents as (

    select
        left(goods.commodity_code, 8) as hts8,
        sum(goods.duty_usd) as duty_usd,
        sum(goods.value_usd) as value_usd
    from {{ ref('goods_trade_annual') }} as goods
    inner join {{ ref('tariff_horizon') }} as horizon
        on goods.period_start = make_date(horizon.weight_year, 1, 1)
    left join others
        on goods.partner_code = others.partner_code
    where
        goods.flow = 'import'
        and goods.duty_usd is not null
        and others.partner_code is null
    group by 1

)

select
    intervals.hts8,
    intervals.valid_from,
    {{ days_after('in_order.next_valid_from', -1) }} as valid_to,
    intervals.general_rate_text,
    intervals.special_rate_text,
    intervals.other_rate_text,
    general_rates.rate_kind as mfn_rate_kind,
    case
        when
            general_rates.rate_kind in ('free', 'ad_valorem') and not general_rates.is_restricted
            then 'schedule'
        when equivalents.value_usd > 0 then 'equivalent'
        else 'unknown'
    end as mfn_basis,
    cast(case
        when general_rates.rate_kind in ('free', 'ad_valorem') and not general_rates.is_restricted
            then general_rates.ad_valorem_rate
        else {{ ratio('equivalents.duty_usd', 'equivalents.value_usd') }}
    end as decimal(10, 8)) as mfn_rate,
    cast(
        case when other_rates.rate_kind in ('free', 'ad_valorem') then other_rates.ad_valorem_rate end
        as decimal(10, 8)
    ) as column_2_rate
from intervals
inner join in_order
    on intervals.last_place = in_order.place
left join rates as general_rates
    on intervals.general_rate_text = general_rates.rate_text
left join rates as other_rates
    on intervals.other_rate_text = other_rates.rate_text
left join equivalents
    on intervals.hts8 = equivalents.hts8

{{ config(materialized='view') }}

-- Changes of the law and of the schedule alone: what share claims a preference is that of the day after on
-- both sides.
with moved as (

    select
        panel.product_class_id,
        panel.partner_class_id,
        panel.valid_from as changed_on,
        panel.previous_duty_id,
        panel.duty_id,
        panel.previous_claimed_duty_id,
        panel.claimed_duty_id,
        coalesce(unclaimed.action_ids, claimed.action_ids) as action_ids,
        coalesce(unclaimed.change_text, concat('For goods that claim a preference: ', claimed.change_text))
            as change_text
    from {{ ref('tariff_panel') }} as panel
    left join {{ ref('tariff_duty_change') }} as unclaimed
        on
            panel.previous_duty_id = unclaimed.previous_duty_id
            and panel.duty_id = unclaimed.duty_id
    left join {{ ref('tariff_duty_change') }} as claimed
        on
            panel.previous_claimed_duty_id = claimed.previous_duty_id
            and panel.claimed_duty_id = claimed.duty_id
    where
        panel.scenario_id = 'law'
        and panel.previous_duty_id is not null

),

products as (

    select
        *,
        lag(mfn_rate) over of_code as previous_mfn_rate,
        lag(special_rate_text) over of_code as previous_special_rate_text
    from {{ ref('tariff_product') }}
    window of_code as (partition by hts10 order by valid_from)

),

products_with_changes as (

    select
        *,
        case
            when previous_mfn_rate <> mfn_rate then concat('Ordinary rate of the schedule: ', mfn_rate_text)
            when
                previous_mfn_rate = mfn_rate
                and coalesce(previous_special_rate_text, '') <> coalesce(special_rate_text, '')
                then concat('Special rates of the schedule: ', coalesce(special_rate_text, 'none'))
        end as schedule_text
    from products

),

-- Law and schedule may change on one day.
moved_products as (

    select
        moved.*,
        products.hts10,
        products.is_ai,
        products.column_2_rate,
        products.mfn_rate,
        products.special_rate_text,
        products.previous_mfn_rate,
        products.previous_special_rate_text,
        products.schedule_text,
        products.valid_from = moved.changed_on as is_first_day
    from moved
    inner join products_with_changes as products
        on
            moved.product_class_id = products.product_class_id
            and {{ is_valid_on('moved.changed_on', 'products') }}

),

cases as (

    select
        moved.hts10,
        moved.is_ai,
        partners.partner_code,
        partners.is_column_2,
        moved.changed_on,
        moved.previous_duty_id,
        moved.duty_id,
        moved.previous_claimed_duty_id,
        moved.claimed_duty_id,
        concat_ws(
            '; ',
            moved.action_ids,
            case when moved.is_first_day and moved.schedule_text is not null then 'schedule' end
        ) as action_ids,
        concat_ws('; ', moved.change_text, case when moved.is_first_day then moved.schedule_text end)
            as change_text,
        case when moved.is_first_day then moved.previous_mfn_rate else moved.mfn_rate end
            as previous_mfn_rate,
        moved.mfn_rate,
        moved.column_2_rate,
        case when moved.is_first_day then moved.previous_special_rate_text else moved.special_rate_text end
            as previous_special_rate_text,
        moved.special_rate_text
    from moved_products as moved
    inner join {{ ref('tariff_partner') }} as partners
        on moved.partner_class_id = partners.partner_class_id

    union all

    select
        products.hts10,
        products.is_ai,
        partners.partner_code,
        partners.is_column_2,
        products.valid_from as changed_on,
        panel.duty_id as previous_duty_id,
        panel.duty_id,
        panel.claimed_duty_id as previous_claimed_duty_id,
        panel.claimed_duty_id,
        'schedule' as action_ids,
        products.schedule_text as change_text,
        products.previous_mfn_rate,
        products.mfn_rate,
        products.column_2_rate,
        products.previous_special_rate_text,
        products.special_rate_text
    from {{ ref('tariff_panel') }} as panel
    inner join {{ ref('tariff_partner') }} as partners
        on panel.partner_class_id = partners.partner_class_id
    inner join products_with_changes as products
        on
            panel.product_class_id = products.product_class_id
            and panel.scenario_id = 'law'
            and panel.valid_from < products.valid_from
            and (panel.valid_to is null or panel.valid_to >= products.valid_from)
    where products.schedule_text is not null

),

rated as (

    select
        cases.*,
        coalesce(claims.claimed_share, 0) as claimed_share,
        case when cases.is_column_2 then cases.column_2_rate else cases.previous_mfn_rate end
            as ordinary_before,
        case when cases.is_column_2 then cases.column_2_rate else cases.mfn_rate end as ordinary_after,
        coalesce(
            preferences_before.preference_rate,
            case when cases.is_column_2 then cases.column_2_rate else cases.previous_mfn_rate end
        ) as preferential_before,
        coalesce(
            preferences.preference_rate,
            case when cases.is_column_2 then cases.column_2_rate else cases.mfn_rate end
        ) as preferential_after
    from cases
    left join {{ ref('tariff_claim') }} as claims
        on
            cases.hts10 = claims.hts10
            and cases.partner_code = claims.partner_code
            and cases.changed_on >= claims.valid_from
            and coalesce(claims.valid_to, date '9999-12-31') >= cases.changed_on
    left join {{ ref('tariff_preference') }} as preferences_before
        on
            cases.previous_special_rate_text = preferences_before.special_rate_text
            and cases.partner_code = preferences_before.partner_code
    left join {{ ref('tariff_preference') }} as preferences
        on
            cases.special_rate_text = preferences.special_rate_text
            and cases.partner_code = preferences.partner_code

),

totals as (

    select
        rated.hts10,
        rated.partner_code,
        rated.changed_on,
        rated.is_ai,
        rated.action_ids,
        rated.change_text,
        (1 - rated.claimed_share) * ({{ whole_rate('duties_before', 'rated.ordinary_before') }})
        + rated.claimed_share
        * ({{ whole_rate('claimed_before', 'rated.preferential_before') }}) as rate_before,
        (1 - rated.claimed_share) * ({{ whole_rate('duties_after', 'rated.ordinary_after') }})
        + rated.claimed_share * ({{ whole_rate('claimed_after', 'rated.preferential_after') }}) as rate_after
    from rated
    inner join {{ ref('tariff_duty') }} as duties_before
        on rated.previous_duty_id = duties_before.duty_id
    inner join {{ ref('tariff_duty') }} as claimed_before
        on rated.previous_claimed_duty_id = claimed_before.duty_id
    inner join {{ ref('tariff_duty') }} as duties_after
        on rated.duty_id = duties_after.duty_id
    inner join {{ ref('tariff_duty') }} as claimed_after
        on rated.claimed_duty_id = claimed_after.duty_id

)

select
    totals.hts10,
    totals.partner_code,
    totals.changed_on,
    totals.is_ai,
    totals.rate_before,
    totals.rate_after,
    totals.action_ids,
    concat(
        coalesce(commodities.short_description, totals.hts10), ' from ', partners.partner_name, ': ',
        {{ percent('totals.rate_before') }},
        ' to ',
        {{ percent('totals.rate_after') }},
        '. ',
        totals.change_text
    ) as change_text
from totals
left join {{ ref('dim_commodity') }} as commodities
    on
        totals.hts10 = commodities.commodity_code
        and commodities.commodity_system = 'hts10'
left join {{ ref('dim_partner') }} as partners
    on totals.partner_code = partners.partner_code
where abs(totals.rate_after - totals.rate_before) > 0.000001

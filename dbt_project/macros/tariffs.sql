{#- What a duty of an authority comes to for goods of an ordinary rate, a fraction of the value. -#}
{% macro rate_of_authority(authority, duty, ordinary_rate) %}
    {%- if authority in var('tariff_authorities_with_floors') -%}
        {{ duty }}.{{ authority }}_rate + {{ duty }}.{{ authority }}_floor_share * greatest({{ duty }}.{{ authority }}_floor_rate - {{ ordinary_rate }}, 0)
    {%- else -%}
        {{ duty }}.{{ authority }}_rate
    {%- endif -%}
{% endmacro %}

{#- What the exemptions of all authorities spare such goods. -#}
{% macro rate_exempted(duty, ordinary_rate) %}
    {{- duty }}.exempted_rate
    {%- for authority in var('tariff_authorities_with_floors') %}
        + {{ duty }}.{{ authority }}_exempted_floor_share * greatest({{ duty }}.{{ authority }}_floor_rate - {{ ordinary_rate }}, 0)
    {%- endfor -%}
{% endmacro %}

{#- The rows of a table that hold on a day; all of them without a day. -#}
{% macro where_valid_on(on_day, table) %}
    {%- if on_day is not none -%}
        where {{ is_valid_on(on_day, table) }}
    {%- endif -%}
{% endmacro %}

{#-
    The panel of statutory rates, spread out: one row per code, partner and interval. With on_day (an SQL
    expression), what holds on that day; each table is cut to the day before they are joined. With scenario (an SQL
    expression too), what would hold under it; with products (a query of codes), for these alone.
-#}
{% macro statutory_rates(on_day=none, scenario="'law'", products=none) %}
with products as (

    select * from {{ ref('tariff_product') }} as product
    {{ where_valid_on(on_day, 'product') or 'where true' }}
    {%- if products is not none %}
        and product.hts10 in ({{ products }})
    {%- endif %}

),

panel as (

    select * from {{ ref('tariff_panel') }} as panel
    {{ where_valid_on(on_day, 'panel') or 'where true' }}
        and panel.scenario_id = {{ scenario }}

),

claims as (

    select * from {{ ref('tariff_claim') }} as claim
    {{ where_valid_on(on_day, 'claim') }}

),

intervals as (

    select
        products.hts10,
        products.is_ai,
        partners.partner_code,
        greatest(products.valid_from, panel.valid_from, coalesce(claims.valid_from, panel.valid_from)) as valid_from,
        nullif(
            least(
                coalesce(products.valid_to, date '9999-12-31'),
                coalesce(panel.valid_to, date '9999-12-31'),
                coalesce(claims.valid_to, date '9999-12-31')
            ),
            date '9999-12-31'
        ) as valid_to,
        products.mfn_basis,
        case when partners.is_column_2 then products.column_2_rate else products.mfn_rate end as ordinary_rate,
        preferences.programme,
        preferences.preference_rate,
        coalesce(claims.claimed_share, 0) as claimed_share,
        panel.duty_id,
        panel.claimed_duty_id
    from panel
    inner join {{ ref('tariff_partner') }} as partners
        on panel.partner_class_id = partners.partner_class_id
    inner join products
        on
            panel.product_class_id = products.product_class_id
            and panel.valid_from <= coalesce(products.valid_to, date '9999-12-31')
            and coalesce(panel.valid_to, date '9999-12-31') >= products.valid_from
    left join {{ ref('tariff_preference') }} as preferences
        on
            products.special_rate_text = preferences.special_rate_text
            and partners.partner_code = preferences.partner_code
    left join claims
        on
            products.hts10 = claims.hts10
            and partners.partner_code = claims.partner_code
            and claims.valid_from
            <= least(coalesce(products.valid_to, date '9999-12-31'), coalesce(panel.valid_to, date '9999-12-31'))
            and coalesce(claims.valid_to, date '9999-12-31') >= greatest(products.valid_from, panel.valid_from)

),

-- Goods that claim their preference, and goods that do not.
charged as (

    select
        intervals.*,
        coalesce(intervals.preference_rate, intervals.ordinary_rate) as preferential_rate,
        {%- for authority in var('tariff_authorities') %}
        (1 - intervals.claimed_share) * ({{ rate_of_authority(authority, 'duties', 'intervals.ordinary_rate') }})
        + intervals.claimed_share * (
            {{ rate_of_authority(authority, 'claimed_duties', 'coalesce(intervals.preference_rate, intervals.ordinary_rate)') }}
        ) as {{ authority }}_rate,
        {%- endfor %}
        (1 - intervals.claimed_share) * ({{ rate_exempted('duties', 'intervals.ordinary_rate') }})
        + intervals.claimed_share * (
            {{ rate_exempted('claimed_duties', 'coalesce(intervals.preference_rate, intervals.ordinary_rate)') }}
        ) as exempted_rate,
        duties.exempt_by,
        duties.is_partial,
        duties.action_ids
    from intervals
    inner join {{ ref('tariff_duty') }} as duties
        on intervals.duty_id = duties.duty_id
    inner join {{ ref('tariff_duty') }} as claimed_duties
        on intervals.claimed_duty_id = claimed_duties.duty_id

)

select
    hts10,
    partner_code,
    valid_from,
    valid_to,
    is_ai,
    ordinary_rate as mfn_rate,
    mfn_basis,
    programme,
    preference_rate,
    claimed_share,
    (1 - claimed_share) * ordinary_rate + claimed_share * preferential_rate as base_rate,
    {%- for authority in var('tariff_authorities') %}
    {{ authority }}_rate,
    {%- endfor %}
    (1 - claimed_share) * ordinary_rate + claimed_share * preferential_rate
    {%- for authority in var('tariff_authorities') %}
    + {{ authority }}_rate
    {%- endfor %} as total_rate,
    exempted_rate,
    exempt_by is not null as is_exempt,
    exempt_by,
    is_partial,
    action_ids,
    exists (
        select 1
        from {{ ref('tariff_revision') }} as revisions
        where
            revisions.is_carried_forward
            {%- if on_day is not none %}
            and {{ is_valid_on(on_day, 'revisions') }}
            {%- else %}
            and revisions.valid_from <= coalesce(charged.valid_to, date '9999-12-31')
            and coalesce(revisions.valid_to, date '9999-12-31') >= charged.valid_from
            {%- endif %}
    ) as is_carried_forward
from charged
{% endmacro %}

{#- Sums of changes up to each row: what holds from its day on. -#}
{% macro running_tariff_sums(partition, order='on_day') %}
    {%- for sum in var('tariff_sums') %}
    cast(sum({{ sum }}) over (partition by {{ partition }} order by {{ order }}) as bigint) as {{ sum }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{% macro summed_tariff_sums(relation) %}
    {%- for sum in var('tariff_sums') %}
    cast(sum({{ relation }}.{{ sum }}) as bigint) as {{ sum }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Sums of duty as rates: fractions of the value of which the ordinary rate is known, null where there is none. -#}
{% macro rates_of_tariff_sums(relation) %}
    {{ relation }}.weight_usd,
    {{ ratio(relation ~ '.covered_weight_usd', relation ~ '.weight_usd') }} as coverage_share,
    {{ ratio(relation ~ '.base_duty_usd', relation ~ '.covered_weight_usd') }} as base_rate,
    {%- set duties = [relation ~ '.base_duty_usd'] %}
    {%- for authority in var('tariff_authorities') %}
    {{ ratio(relation ~ '.' ~ authority ~ '_duty_usd', relation ~ '.covered_weight_usd') }} as {{ authority }}_rate,
    {%- do duties.append(relation ~ '.' ~ authority ~ '_duty_usd') %}
    {%- endfor %}
    {{ ratio('(' ~ duties | join(' + ') ~ ')', relation ~ '.covered_weight_usd') }} as total_rate,
    {{ ratio(relation ~ '.exempted_duty_usd', relation ~ '.covered_weight_usd') }} as exempted_rate,
    {{ relation }}.exempted_duty_usd
{% endmacro %}

{#- Ordinary rate and all duties on top of it. -#}
{% macro whole_rate(duty, ordinary_rate) %}
    {{- ordinary_rate }}
    {%- for authority in var('tariff_authorities') %}
        + {{ rate_of_authority(authority, duty, ordinary_rate) }}
    {%- endfor -%}
{% endmacro %}

{#- The sums of a relation whose rows add (sign 1) or take away (sign -1). -#}
{% macro signed_tariff_sums() %}
    {%- for sum in var('tariff_sums') %}
    cast(sum(sign * {{ sum }}) as bigint) as {{ sum }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Ordinary duty and all duties on top of it. -#}
{% macro whole_duty(relation) %}
    {{- relation }}.base_duty_usd
    {%- for authority in var('tariff_authorities') %}
        + {{ relation }}.{{ authority }}_duty_usd
    {%- endfor -%}
{% endmacro %}

{#-
    A query: imports (period_start, partner_code, commodity_system, commodity_code, value_usd, and the days
    valid_from to valid_to that they stand for) by set of products and by what decides their duty. Goods that claim
    their preference are a flow of their own, as they have another ordinary rate and may be another case to the law.
-#}
{% macro imports_by_duty(imports) %}
with in_intervals as (

    select
        imports.period_start,
        imports.partner_code,
        sets.product_set_id,
        imports.value_usd,
        products.product_class_id,
        partners.partner_class_id,
        cast(coalesce(claims.claimed_share, 0) as double) as claimed_share,
        case when partners.is_column_2 then products.column_2_rate else products.mfn_rate end
            as ordinary_rate,
        preferences.preference_rate,
        greatest(imports.valid_from, products.valid_from, coalesce(claims.valid_from, products.valid_from))
            as valid_from,
        nullif(
            least(
                coalesce(imports.valid_to, date '9999-12-31'),
                coalesce(products.valid_to, date '9999-12-31'),
                coalesce(claims.valid_to, date '9999-12-31')
            ),
            date '9999-12-31'
        ) as valid_to
    from {{ imports }} as imports
    inner join {{ ref('int_product_sets') }} as sets
        on
            imports.commodity_system = sets.commodity_system
            and imports.commodity_code = sets.commodity_code
            and {{ is_valid_on('imports.period_start', 'sets') }}
    inner join {{ ref('tariff_product') }} as products
        on
            imports.commodity_code = products.hts10
            and products.valid_from <= coalesce(imports.valid_to, date '9999-12-31')
            and coalesce(products.valid_to, date '9999-12-31') >= imports.valid_from
    inner join {{ ref('tariff_partner') }} as partners
        on imports.partner_code = partners.partner_code
    left join {{ ref('tariff_preference') }} as preferences
        on
            products.special_rate_text = preferences.special_rate_text
            and imports.partner_code = preferences.partner_code
    left join {{ ref('tariff_claim') }} as claims
        on
            imports.commodity_code = claims.hts10
            and imports.partner_code = claims.partner_code
            and claims.valid_from
            <= least(
                coalesce(imports.valid_to, date '9999-12-31'), coalesce(products.valid_to, date '9999-12-31')
            )
            and coalesce(claims.valid_to, date '9999-12-31')
            >= greatest(imports.valid_from, products.valid_from)

),

split as (

    select
        *,
        false as is_claimed,
        ordinary_rate as base_rate,
        value_usd - cast(round(value_usd * claimed_share) as bigint) as weight_usd
    from in_intervals

    union all

    select
        *,
        true as is_claimed,
        coalesce(preference_rate, ordinary_rate) as base_rate,
        cast(round(value_usd * claimed_share) as bigint) as weight_usd
    from in_intervals
    where claimed_share > 0

)

select
    period_start,
    partner_code,
    product_set_id,
    product_class_id,
    partner_class_id,
    is_claimed,
    ordinary_rate,
    base_rate,
    valid_from,
    valid_to,
    cast(sum(weight_usd) as bigint) as weight_usd
from split
where weight_usd > 0
group by
    period_start, partner_code, product_set_id, product_class_id, partner_class_id, is_claimed,
    ordinary_rate, base_rate, valid_from, valid_to
{% endmacro %}

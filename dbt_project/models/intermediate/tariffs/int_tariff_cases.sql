{{ config(materialized='table') }}

-- Most partners, on most days, are one and the same case to the law: the same actions in the same order, with
-- the same exceptions. coverage_case_id says which share of a product each action covers; duty_case_id says
-- at which rates, too. A few hundred cases are reckoned through instead of two hundred partners on each day.
with slices as (

    select * from {{ ref('int_tariff_slices') }}

),

-- A list, a share or a rule is another one after each day on which a row of it begins or ends.
changing as (

    {% for kind, seed, name in [
        ('list', 'tariff_product_list_member', 'list_id'),
        ('share', 'tariff_parameter', 'parameter_id'),
        ('rule', 'tariff_stacking_rule', 'other_class'),
    ] %}
        select
            '{{ kind }}' as kind,
            {{ name }} as name,
            valid_from as changes_on
        from {{ ref(seed) }}
        union distinct
        select
            '{{ kind }}' as kind,
            {{ name }} as name,
            {{ days_after('valid_to', 1) }} as changes_on
        from {{ ref(seed) }}
        where valid_to is not null
        union distinct
    {% endfor %}
    select
        'panel' as kind,
        'panel' as name,
        panel_from as changes_on
    from {{ ref('tariff_horizon') }}

),

versions as (

    select
        changing.kind,
        changing.name,
        slices.slice_number,
        max(changing.changes_on) as changed_on
    from changing
    inner join slices
        on
            slices.scenario_id = 'law'
            and changing.changes_on <= slices.valid_from
    group by changing.kind, changing.name, slices.slice_number

),

claims as (

    select distinct
        partner_class_id,
        false as is_claimed
    from {{ ref('int_tariff_partner_classes') }}
    union all
    select distinct
        partner_class_id,
        true as is_claimed
    from {{ ref('int_tariff_partner_scope_rows') }}
    where share_parameter_id = 'usmca_share'

),

-- A share that differs between partners makes a case of each.
of_partners as (

    select distinct
        parameters.parameter_id,
        parameters.partner_code,
        classes.partner_class_id
    from {{ ref('tariff_parameter') }} as parameters
    inner join {{ ref('int_tariff_partner_classes') }} as classes
        on parameters.partner_code = classes.partner_code
    where parameters.parameter_id <> 'usmca_share'

),

signs as (

    select
        rates.scenario_id,
        rates.partner_class_id,
        rates.slice_number,
        concat_ws(
            ' ', rates.action_id, {{ text_of('rates.place_in_class') }}, {{ text_of('rules.changed_on') }}
        ) as sign,
        concat_ws(' ', rates.action_id, {{ text_of('rates.rate') }}, rates.rate_kind, rates.heading)
            as rate_sign
    from {{ ref('int_tariff_partner_rates') }} as rates
    left join versions as rules
        on
            rules.kind = 'rule'
            and rates.stacking_class = rules.name
            and rates.slice_number = rules.slice_number

    union all

    select
        scope_rows.scenario_id,
        scope_rows.partner_class_id,
        scope_rows.slice_number,
        concat_ws(
            ' ',
            scope_rows.action_id,
            scope_rows.scope_kind,
            scope_rows.list_id,
            {{ text_of('lists.changed_on') }},
            scope_rows.share_parameter_id,
            {{ text_of('share_versions.changed_on') }},
            of_partners.partner_code
        ) as sign,
        {{ no_text() }} as rate_sign
    from {{ ref('int_tariff_partner_scope_rows') }} as scope_rows
    left join versions as lists
        on
            lists.kind = 'list'
            and scope_rows.list_id = lists.name
            and scope_rows.slice_number = lists.slice_number
    left join versions as share_versions
        on
            share_versions.kind = 'share'
            and scope_rows.share_parameter_id = share_versions.name
            and scope_rows.slice_number = share_versions.slice_number
            and share_versions.name <> 'usmca_share'
    left join of_partners
        on
            scope_rows.share_parameter_id = of_partners.parameter_id
            and scope_rows.partner_class_id = of_partners.partner_class_id

),

digests as (

    select
        scenario_id,
        partner_class_id,
        slice_number,
        {{ digest_of_texts('sign') }} as coverage_digest,
        {{ digest_of_texts('rate_sign') }} as rate_digest
    from signs
    group by scenario_id, partner_class_id, slice_number

)

-- Where no action holds there is nothing to tell apart; the case is there all the same.
select
    slices.scenario_id,
    claims.partner_class_id,
    claims.is_claimed,
    slices.slice_number,
    cast(dense_rank() over (
        order by coalesce(digests.coverage_digest, '-'), claims.is_claimed
    ) as integer) as coverage_case_id,
    cast(dense_rank() over (
        order by coalesce(digests.coverage_digest, '-'), claims.is_claimed, coalesce(digests.rate_digest, '-')
    ) as integer) as duty_case_id
from claims
cross join slices
left join digests
    on
        slices.scenario_id = digests.scenario_id
        and claims.partner_class_id = digests.partner_class_id
        and slices.slice_number = digests.slice_number

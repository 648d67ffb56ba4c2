-- Returns pairs of tariff rows with one key that share a day: two rates, memberships, rules or shares would
-- hold at once. The members of a list have a test of their own, as prefixes nest.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_action_rate'}}}) }}

with dated_rows as (

    select
        'tariff_action_rate' as seed_name,
        concat_ws(' ', action_id, partner_scope) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_action_rate') }}

    union all

    select
        'tariff_action_scope' as seed_name,
        concat_ws(' ', action_id, scope_kind, list_id, partner_scope) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_action_scope') }}

    union all

    select
        'tariff_partner_class' as seed_name,
        concat_ws(' ', partner_class, partner_code) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_partner_class') }}

    union all

    select
        'tariff_stacking_rule' as seed_name,
        concat_ws(' ', stacking_class, other_class) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_stacking_rule') }}

    union all

    select
        'tariff_parameter' as seed_name,
        concat_ws(
            ' ', parameter_id, coalesce(hs_prefix, '*'), coalesce(partner_code, '*'), coalesce(condition, '*')
        ) as row_key,
        valid_from,
        valid_to
    from {{ ref('tariff_parameter') }}

),

numbered as (

    select
        seed_name,
        row_key,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        row_number() over (
            partition by seed_name, row_key
            order by valid_from, valid_to
        ) as row_number_of_key
    from dated_rows

)

select
    later.seed_name,
    later.row_key,
    later.valid_from,
    earlier.valid_to
from numbered as later
inner join numbered as earlier
    on
        later.seed_name = earlier.seed_name
        and later.row_key = earlier.row_key
        and later.row_number_of_key > earlier.row_number_of_key
        and later.valid_from <= earlier.valid_to

-- Returns partner scopes that are neither all, nor a class of partners, nor a country, and partners that two
-- classes of one action name on one day: it would be open which of the two rates is due.
{{ config(meta={'dagster': {'ref': {'name': 'tariff_partner_class'}}}) }}

with scopes as (

    select
        'tariff_action_rate' as seed_name,
        action_id,
        partner_scope
    from {{ ref('tariff_action_rate') }}

    union all

    select
        'tariff_action_scope' as seed_name,
        action_id,
        partner_scope
    from {{ ref('tariff_action_scope') }}

),

known as (

    select 'all' as partner_scope
    union
    select partner_class as partner_scope from {{ ref('tariff_partner_class') }}
    union
    select partner_code as partner_scope from {{ ref('partner') }}
    where partner_kind = 'country'

),

class_rates as (

    select
        rates.action_id,
        rates.partner_scope,
        members.partner_code,
        greatest(rates.valid_from, members.valid_from) as valid_from,
        least(
            coalesce(rates.valid_to, cast('9999-12-31' as date)),
            coalesce(members.valid_to, cast('9999-12-31' as date))
        ) as valid_to
    from {{ ref('tariff_action_rate') }} as rates
    inner join {{ ref('tariff_partner_class') }} as members
        on rates.partner_scope = members.partner_class

)

select
    scopes.seed_name,
    scopes.action_id,
    scopes.partner_scope,
    'unknown partner scope' as fault
from scopes
left join known
    on scopes.partner_scope = known.partner_scope
where known.partner_scope is null

union all

select
    'tariff_action_rate' as seed_name,
    one.action_id,
    one.partner_code as partner_scope,
    concat('in ', one.partner_scope, ' and ', other.partner_scope) as fault
from class_rates as one
inner join class_rates as other
    on
        one.action_id = other.action_id
        and one.partner_code = other.partner_code
        and one.partner_scope < other.partner_scope
        and one.valid_from <= other.valid_to
        and one.valid_to >= other.valid_from

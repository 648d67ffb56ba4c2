-- Returns names of actions, lists, parameters, stacking classes and partners that nothing declares: a
-- misspelt one would silently never apply. And partners that two classes of one action name on one day: it
-- would be open which of the two rates is due.
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

references_made as (

    select
        'tariff_action_rate' as seed_name,
        'action' as name_kind,
        action_id as name
    from {{ ref('tariff_action_rate') }}
    union
    select
        'tariff_action_scope' as seed_name,
        'action' as name_kind,
        action_id as name
    from {{ ref('tariff_action_scope') }}
    union
    select
        'tariff_action_scope' as seed_name,
        'list' as name_kind,
        list_id as name
    from {{ ref('tariff_action_scope') }}
    union
    select
        'tariff_action_scope' as seed_name,
        'parameter' as name_kind,
        share_parameter_id as name
    from {{ ref('tariff_action_scope') }}
    where share_parameter_id is not null
    union
    select
        'tariff_product_list_member' as seed_name,
        'list' as name_kind,
        list_id as name
    from {{ ref('tariff_product_list_member') }}
    union
    select
        'tariff_stacking_rule' as seed_name,
        'stacking class' as name_kind,
        stacking_class as name
    from {{ ref('tariff_stacking_rule') }}
    union
    select
        'tariff_stacking_rule' as seed_name,
        'stacking class' as name_kind,
        other_class as name
    from {{ ref('tariff_stacking_rule') }}
    union
    select
        'tariff_partner_class' as seed_name,
        'partner' as name_kind,
        partner_code as name
    from {{ ref('tariff_partner_class') }}
    union
    select
        'tariff_parameter' as seed_name,
        'partner' as name_kind,
        partner_code as name
    from {{ ref('tariff_parameter') }}
    where partner_code is not null

),

declared as (

    select
        'action' as name_kind,
        action_id as name
    from {{ ref('tariff_action') }}
    union
    select
        'stacking class' as name_kind,
        stacking_class as name
    from {{ ref('tariff_action') }}
    union
    select
        'list' as name_kind,
        list_id as name
    from {{ ref('tariff_product_list') }}
    union
    select
        'parameter' as name_kind,
        parameter_id as name
    from {{ ref('tariff_parameter') }}
    union
    select
        'partner' as name_kind,
        partner_code as name
    from {{ ref('partner') }}
    where partner_kind = 'country'

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
    references_made.seed_name,
    {{ no_text() }} as action_id,
    references_made.name,
    concat('unknown ', references_made.name_kind) as fault
from references_made
left join declared
    on
        references_made.name_kind = declared.name_kind
        and references_made.name = declared.name
where declared.name is null

union all

select
    scopes.seed_name,
    scopes.action_id,
    scopes.partner_scope as name,
    'unknown partner scope' as fault
from scopes
left join known
    on scopes.partner_scope = known.partner_scope
where known.partner_scope is null

union all

select
    'tariff_action_rate' as seed_name,
    one.action_id,
    one.partner_code as name,
    concat('in ', one.partner_scope, ' and ', other.partner_scope) as fault
from class_rates as one
inner join class_rates as other
    on
        one.action_id = other.action_id
        and one.partner_code = other.partner_code
        and one.partner_scope < other.partner_scope
        and one.valid_from <= other.valid_to
        and one.valid_to >= other.valid_from

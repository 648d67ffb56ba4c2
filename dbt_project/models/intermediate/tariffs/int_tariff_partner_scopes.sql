-- What a partner is called in rates and scopes: all, the classes that it belongs to, and its own code. The
-- more specific name counts.
with named as (

    select partner_scope from {{ ref('tariff_action_rate') }}
    union distinct
    select partner_scope from {{ ref('tariff_action_scope') }}
    union distinct
    select partner_scope from {{ ref('tariff_scenario_change') }}
    union distinct
    select partner_code as partner_scope from {{ ref('tariff_parameter') }}

)

select
    partner_code,
    'all' as partner_scope,
    1 as specificity,
    valid_from,
    valid_to
from {{ ref('partner') }}
where partner_kind = 'country'

union all

select
    partner_code,
    partner_class as partner_scope,
    2 as specificity,
    valid_from,
    valid_to
from {{ ref('tariff_partner_class') }}

union all

select
    partners.partner_code,
    partners.partner_code as partner_scope,
    3 as specificity,
    partners.valid_from,
    partners.valid_to
from {{ ref('partner') }} as partners
inner join named
    on partners.partner_code = named.partner_scope
where partners.partner_kind = 'country'

-- Returns changes of a scenario that name what is not there, lack what they need or change the law itself,
-- and scenarios that only end exemptions and lower a duty by that.
{{ config(meta={'dagster': {'ref': {'name': 'ai_tariff_scenario'}}}) }}

with changes as (

    select * from {{ ref('tariff_scenario_change') }}

),

ending_only as (

    select scenario_id
    from changes
    group by scenario_id
    having count(case when change <> 'remove_exemption' then 1 end) = 0

)

select
    changes.scenario_id,
    case
        when scenarios.scenario_id is null then 'is not in tariff_scenario'
        when changes.scenario_id = 'law' then 'the law is not a scenario'
        when changes.action_id is not null and actions.action_id is null
            then concat('unknown action ', changes.action_id)
        when
            changes.list_id is not null and lists.list_id is null
            then concat('unknown list ', changes.list_id)
        else concat(changes.change, ' lacks its action, list or rate')
    end as fault
from changes
left join {{ ref('tariff_scenario') }} as scenarios
    on changes.scenario_id = scenarios.scenario_id
left join {{ ref('tariff_action') }} as actions
    on changes.action_id = actions.action_id
left join {{ ref('tariff_product_list') }} as lists
    on changes.list_id = lists.list_id
where
    scenarios.scenario_id is null
    or changes.scenario_id = 'law'
    or (changes.action_id is not null and actions.action_id is null)
    or (changes.list_id is not null and lists.list_id is null)
    or (
        changes.change = 'set_rate'
        and (changes.action_id is null or changes.rate is null or changes.rate_kind is null)
    )
    or (changes.change = 'add_exemption' and (changes.action_id is null or changes.list_id is null))

union all

select
    marts.scenario_id,
    concat('lowers the duty of ', marts.definition_id, ' from ', marts.partner_code) as fault
from {{ ref('ai_tariff_scenario') }} as marts
inner join ending_only
    on marts.scenario_id = ending_only.scenario_id
where marts.added_duty_usd < 0

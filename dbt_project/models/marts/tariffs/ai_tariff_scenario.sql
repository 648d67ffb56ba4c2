-- From the first day of a scenario's first change on. What it costs or spares is against the law of the same
-- days.
with sums as (

    select * from {{ ref('int_tariff_group_sums') }}
    where
        product_group = 'ai'
        and weight_usd > 0

),

compared as (

    select
        scenario.scenario_id,
        scenario.definition_id,
        scenario.category,
        scenario.partner_code,
        greatest(scenario.valid_from, law.valid_from) as valid_from,
        nullif(
            least(coalesce(scenario.valid_to, date '9999-12-31'), coalesce(law.valid_to, date '9999-12-31')),
            date '9999-12-31'
        ) as valid_to,
        scenario.weight_usd,
        scenario.covered_weight_usd,
        {{ whole_duty('scenario') }} as scenario_duty_usd,
        {{ whole_duty('law') }} as law_duty_usd
    from sums as scenario
    inner join sums as law
        on
            scenario.definition_id = law.definition_id
            and scenario.category = law.category
            and scenario.partner_code = law.partner_code
            and law.scenario_id = 'law'
            and law.valid_from <= coalesce(scenario.valid_to, date '9999-12-31')
            and coalesce(law.valid_to, date '9999-12-31') >= scenario.valid_from
    where scenario.scenario_id <> 'law'

)

select
    scenario_id,
    definition_id,
    category,
    partner_code,
    valid_from,
    valid_to,
    weight_usd,
    {{ ratio('covered_weight_usd', 'weight_usd') }} as coverage_share,
    law_duty_usd,
    scenario_duty_usd,
    scenario_duty_usd - law_duty_usd as added_duty_usd,
    {{ ratio('law_duty_usd', 'covered_weight_usd') }} as law_rate,
    {{ ratio('scenario_duty_usd', 'covered_weight_usd') }} as scenario_rate
from compared

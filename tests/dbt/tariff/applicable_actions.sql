-- The actions that apply to the products of `questions` (partner_code, hts10, day), with heading and rate. It reads
-- the seeds as they are, one question at a time, and knows only what can be decided without shares: a share of
-- nought does not apply, any other one is named in `shares`.
with questions as (

    select distinct
        partner_code,
        hts10,
        day
    from question

),

scopes_of_partners as (

    select
        questions.*,
        'all' as partner_scope,
        1 as specificity
    from questions

    union all

    select
        questions.*,
        classes.partner_class as partner_scope,
        2 as specificity
    from questions
    inner join tariff_partner_class as classes
        on
            questions.partner_code = classes.partner_code
            and questions.day between classes.valid_from and coalesce(classes.valid_to, date '9999-12-31')

    union all

    select
        questions.*,
        questions.partner_code as partner_scope,
        3 as specificity
    from questions

),

rates as (

    select
        scopes.partner_code,
        scopes.hts10,
        scopes.day,
        rates.*,
        actions.stacking_class
    from scopes_of_partners as scopes
    inner join tariff_action_rate as rates
        on
            scopes.partner_scope = rates.partner_scope
            and scopes.day between rates.valid_from and coalesce(rates.valid_to, date '9999-12-31')
    inner join tariff_action as actions on rates.action_id = actions.action_id
    qualify
        row_number() over (
            partition by scopes.partner_code, scopes.hts10, scopes.day, rates.action_id
            order by scopes.specificity desc
        ) = 1

),

shares as (

    select
        questions.partner_code,
        questions.hts10,
        questions.day,
        parameters.parameter_id,
        parameters.value
    from questions
    inner join tariff_parameter as parameters
        on
            starts_with(questions.hts10, coalesce(parameters.hs_prefix, ''))
            and questions.partner_code = coalesce(parameters.partner_code, questions.partner_code)
            and questions.day between parameters.valid_from and coalesce(parameters.valid_to, date '9999-12-31')
    qualify
        row_number() over (
            partition by questions.partner_code, questions.hts10, questions.day, parameters.parameter_id
            order by length(coalesce(parameters.hs_prefix, '')) desc, parameters.condition
        ) = 1

),

reached as (

    select distinct
        scopes.partner_code,
        scopes.hts10,
        scopes.day,
        scope.action_id,
        scope.scope_kind,
        scope.share_parameter_id
    from scopes_of_partners as scopes
    inner join tariff_action_scope as scope
        on
            scopes.partner_scope = scope.partner_scope
            and scopes.day between scope.valid_from and coalesce(scope.valid_to, date '9999-12-31')
    left join tariff_product_list_member as members
        on
            scope.list_id = members.list_id
            and starts_with(scopes.hts10, members.hs_prefix)
            and scopes.day between members.valid_from and coalesce(members.valid_to, date '9999-12-31')
    left join shares
        on
            scopes.partner_code = shares.partner_code
            and scopes.hts10 = shares.hts10
            and scopes.day = shares.day
            and scope.share_parameter_id = shares.parameter_id
    where
        (scope.list_id = 'all_products' or members.list_id is not null)
        and (scope.share_parameter_id is null or shares.value > 0)

),

in_scope as (

    select
        partner_code,
        hts10,
        day,
        action_id,
        bool_or(scope_kind = 'include' and share_parameter_id is null) as whole,
        string_agg(distinct share_parameter_id, ';' order by share_parameter_id) as shares
    from reached
    group by all
    having
        bool_or(scope_kind = 'include')
        and not bool_or(scope_kind = 'exclude' and share_parameter_id is null)

),

applicable as (

    select
        rates.*,
        in_scope.whole,
        in_scope.shares
    from rates
    inner join in_scope using (partner_code, hts10, day, action_id)
    where rates.rate > 0

)

select
    applicable.partner_code,
    applicable.hts10,
    applicable.day,
    applicable.action_id,
    applicable.heading,
    applicable.rate,
    applicable.rate_kind,
    coalesce(applicable.shares, '') as shares
from applicable
where not exists (
    select 1
    from applicable as other
    inner join tariff_stacking_rule as rules
        on
            other.stacking_class = rules.stacking_class
            and applicable.stacking_class = rules.other_class
            and applicable.day between rules.valid_from and coalesce(rules.valid_to, date '9999-12-31')
    where
        other.partner_code = applicable.partner_code
        and other.hts10 = applicable.hts10
        and other.day = applicable.day
        and other.whole
        and (
            (rules.effect = 'displaces' and (other.shares is null or rules.displaced_part = 'whole'))
            or (rules.effect = 'highest' and other.rate > applicable.rate)
        )
)
order by 1, 2, 3, 4

-- What is stated, what we measure by the stated definition, and what follows. Without both years of every
-- partner that a claim is about there is no measurement.
with claims as (

    select * from {{ ref('export_control_claim') }}

),

tolerance as (

    select value as tolerance
    from {{ ref('export_control_parameter') }}
    where parameter_id = 'claim_tolerance'

),

years as (

    select
        claim_id,
        first_year as claim_year,
        true as is_first
    from claims
    where measure <> 'not_measurable'

    union all

    select
        claim_id,
        last_year as claim_year,
        false as is_first
    from claims
    where measure <> 'not_measurable'

),

-- Who belongs to a claim: named countries, or a tier as it was on the first day of the year compared with.
named as (

    select
        claim_id,
        {{ each_part_of("partners", " ") }} as iso2
    from claims
    where partners not like 'tier:%'

),

scopes as (

    select
        named.claim_id,
        partners.partner_code
    from named
    inner join {{ ref('partner') }} as partners
        on
            named.iso2 = partners.iso2
            and partners.partner_kind = 'country'

    union all

    select
        claims.claim_id,
        tiers.partner_code
    from claims
    inner join {{ ref('partner_tier') }} as tiers
        on
            claims.partners = concat('tier:', tiers.trust_tier)
            and tiers.scheme = 'ear'
            and {{ is_valid_on("cast(concat(claims.first_year, '-01-01') as date)", 'tiers') }}

),

goods as (

    select
        trade.flow,
        extract(year from trade.period_start) as trade_year,
        trade.partner_code,
        codes.eccn_group,
        trade.period_grain,
        cast(sum(trade.value_usd) as bigint) as value_usd
    from {{ ref('int_controlled_goods') }} as trade
    inner join {{ ref('int_eccn_group_codes') }} as codes
        on
            trade.flow = codes.flow
            and trade.commodity_code = codes.commodity_code
    where {{ text_of('extract(year from trade.period_start)') }} in (select years.claim_year from years)
    group by all

),

-- A year is covered by its own figures or by twelve months.
coverage as (

    select
        flow,
        extract(year from period_start) as trade_year,
        partner_code,
        max(case when period_grain = 'year' then 1 else 0 end) = 1 as has_year,
        sum(case when period_grain = 'month' then 1 else 0 end) = 12 as has_months
    from {{ ref('source_coverage') }}
    where
        level = 'hs10'
        and status = 'covered'
    group by 1, 2, 3

),

-- Every partner counts for the share of a group that moved.
wanted as (

    select
        claims.claim_id,
        claims.flow,
        claims.eccn_group,
        years.claim_year,
        years.is_first,
        partners.partner_code,
        scopes.partner_code is not null as is_in_scope
    from claims
    inner join years
        on claims.claim_id = years.claim_id
    inner join {{ ref('dim_partner') }} as partners
        on
            partners.partner_kind = 'country'
            and not partners.is_reporter
            and {{ is_valid_on("cast(concat(years.claim_year, '-01-01') as date)", 'partners') }}
    left join scopes
        on
            claims.claim_id = scopes.claim_id
            and partners.partner_code = scopes.partner_code
    where scopes.partner_code is not null or claims.measure = 'share_moved'

),

valued as (

    select
        wanted.claim_id,
        wanted.claim_year,
        wanted.is_first,
        wanted.partner_code,
        wanted.is_in_scope,
        coverage.has_year or coverage.has_months as is_covered,
        cast(sum(case
            when goods.period_grain = 'year' and coverage.has_year then goods.value_usd
            when
                goods.period_grain = 'month' and not coverage.has_year and coverage.has_months
                then goods.value_usd
            else 0
        end) as bigint) as value_usd
    from wanted
    left join coverage
        on
            concat(coverage.flow, 's') = wanted.flow
            and {{ text_of('coverage.trade_year') }} = wanted.claim_year
            and wanted.partner_code = coverage.partner_code
    left join goods
        on
            concat(goods.flow, 's') = wanted.flow
            and {{ text_of('goods.trade_year') }} = wanted.claim_year
            and wanted.partner_code = goods.partner_code
            and wanted.eccn_group = goods.eccn_group
    group by
        wanted.claim_id,
        wanted.claim_year,
        wanted.is_first,
        wanted.partner_code,
        wanted.is_in_scope,
        coverage.has_year,
        coverage.has_months

),

summed as (

    select
        claim_id,
        count(distinct case when is_in_scope then partner_code end) as partner_count,
        count(distinct partner_code) as needed_count,
        count(distinct case when is_first and is_covered then partner_code end) as first_covered,
        count(distinct case when not is_first and is_covered then partner_code end) as last_covered,
        cast(sum(case when is_first and is_in_scope then value_usd else 0 end) as bigint) as first_usd,
        cast(sum(case when not is_first and is_in_scope then value_usd else 0 end) as bigint) as last_usd,
        cast(sum(case when is_first then value_usd else 0 end) as bigint) as first_all_usd,
        cast(sum(case when not is_first then value_usd else 0 end) as bigint) as last_all_usd
    from valued
    group by claim_id

),

measured as (

    select
        claims.*,
        summed.partner_count,
        summed.needed_count,
        summed.first_covered,
        summed.last_covered,
        coalesce(
            summed.first_covered = summed.needed_count and summed.last_covered = summed.needed_count, false
        ) as is_covered,
        summed.first_usd,
        summed.last_usd,
        case claims.measure
            when 'growth' then 100 * ({{ ratio('summed.last_usd', 'summed.first_usd') }} - 1)
            when 'share_moved'
                then 100 * (
                    {{ ratio('summed.last_usd', 'summed.last_all_usd') }}
                    - {{ ratio('summed.first_usd', 'summed.first_all_usd') }}
                )
        end as measured_pct
    from claims
    left join summed
        on claims.claim_id = summed.claim_id

)

select
    measured.claim_id,
    measured.statement,
    measured.flow,
    measured.eccn_group,
    measured.partners,
    measured.measure,
    measured.first_year,
    measured.last_year,
    measured.definition,
    measured.stated_pct,
    case when measured.is_covered then measured.measured_pct end as measured_pct,
    case when measured.is_covered then measured.first_usd end as first_usd,
    case when measured.is_covered then measured.last_usd end as last_usd,
    measured.partner_count,
    case
        when measured.measure = 'not_measurable' then 'not_testable'
        when not measured.is_covered or measured.measured_pct is null then 'not_testable'
        when abs(measured.measured_pct - measured.stated_pct) <= 100 * tolerance.tolerance then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when measured.measure = 'not_measurable' then 'no figure of foreign trade says it'
        when not measured.is_covered
            then concat(
                measured.flow, ' of ', measured.first_year, ' are covered for ', measured.first_covered,
                ' and of ', measured.last_year, ' for ', measured.last_covered, ' of ',
                measured.needed_count, ' partners'
            )
        when measured.measured_pct is null then 'no trade in the year compared with'
        else concat(
            'measured ', {{ text_of('round(measured.measured_pct, 1)') }}, ' against ',
            {{ text_of('measured.stated_pct') }}, '; up to ', {{ text_of('100 * tolerance.tolerance') }},
            ' points apart count as the same. Ten digits do not see performance'
        )
    end as reason,
    measured.source,
    measured.note
from measured
cross join tolerance
order by measured.claim_id

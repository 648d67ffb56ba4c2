-- One row for as long as nothing about a code changes. The calendar is that of the law, not of the releases.
with revisions as (

    select * from {{ ref('tariff_revision') }}

),

digests as (

    select
        revision,
        hts_number,
        md5(concat_ws(
            '|',
            coalesce(unit_1, '-'),
            coalesce(unit_2, '-'),
            coalesce(rate_code, '-'),
            coalesce(general_rate_text, '-'),
            coalesce(special_rate_text, '-'),
            coalesce(other_rate_text, '-'),
            coalesce(additional_rate_text, '-')
        )) as digest
    from {{ ref('int_tariff_lines') }}
    where hts_digits >= 8

),

in_force as (

    select
        digests.hts_number,
        digests.digest,
        revisions.is_carried_forward,
        revisions.sequence_number,
        revisions.sequence_number - row_number() over (
            partition by digests.hts_number, digests.digest, revisions.is_carried_forward
            order by revisions.sequence_number
        ) as island
    from digests
    inner join revisions
        on digests.revision = revisions.used_revision

),

intervals as (

    select
        hts_number,
        is_carried_forward,
        min(sequence_number) as first_sequence_number,
        max(sequence_number) as last_sequence_number
    from in_force
    group by hts_number, digest, is_carried_forward, island

),

lines as (

    select * from {{ ref('int_tariff_lines') }}
    where hts_digits >= 8

),

rates as (

    select * from {{ ref('int_tariff_rates') }}
    where rate_number = 1

)

select
    intervals.hts_number as hts_code,
    lines.hts_digits,
    first_revisions.valid_from,
    last_revisions.valid_to,
    first_revisions.used_revision as first_revision,
    last_revisions.used_revision as last_revision,
    intervals.is_carried_forward,
    lines.description,
    lines.description_path,
    lines.unit_1,
    lines.unit_2,
    lines.rate_code,
    lines.is_inherited,
    lines.general_rate_text,
    lines.special_rate_text,
    lines.other_rate_text,
    lines.additional_rate_text,
    general_rates.rate_kind as mfn_rate_kind,
    case
        when general_rates.rate_kind in ('free', 'ad_valorem') then general_rates.ad_valorem_rate
    end as mfn_rate,
    general_rates.ad_valorem_rate as mfn_ad_valorem_rate,
    general_rates.specific_amount_usd as mfn_specific_amount_usd,
    general_rates.specific_unit as mfn_specific_unit,
    general_rates.additional_rate,
    other_rates.rate_kind as column_2_rate_kind,
    other_rates.ad_valorem_rate as column_2_ad_valorem_rate
from intervals
inner join revisions as first_revisions
    on intervals.first_sequence_number = first_revisions.sequence_number
inner join revisions as last_revisions
    on intervals.last_sequence_number = last_revisions.sequence_number
inner join lines
    on
        first_revisions.used_revision = lines.revision
        and intervals.hts_number = lines.hts_number
left join rates as general_rates
    on lines.general_rate_text = general_rates.rate_text
left join rates as other_rates
    on lines.other_rate_text = other_rates.rate_text
order by intervals.hts_number, first_revisions.valid_from

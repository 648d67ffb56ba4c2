"""What the controls did to trade: planted effects of known size are found, and nothing where none is."""

import csv
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from orchestration.settings import SEEDS
from tests.dbt.conftest import MONEY, PARTS, PROJECT_DIR, QUANTITIES, TinyWarehouse

ESTIMATES = PROJECT_DIR / "models/intermediate/control_trade/int_control_event_estimates.py"
MONTHS = [f"{year}-{month:02}" for year in range(2020, 2025) for month in range(1, 13)]
# The rule of October 2023 applies from 2023-11-17.
EVENT = "2023-11"
CHINA, VIETNAM, MALAYSIA, THAILAND, SINGAPORE = "5700", "5520", "5570", "5490", "5590"
# Germany, France, Italy, Spain, the Netherlands, Belgium, Sweden, Poland, Ireland, Switzerland, Japan, Korea,
# Taiwan, Canada, Mexico, Australia, the United Kingdom, Norway.
ALLIES = (
    *("4280", "4279", "4759", "4700", "4210", "4231", "4010", "4550", "4190", "4419", "5880", "5800"),
    *("5830", "1220", "2010", "6021", "4120", "4039"),
)
# Brazil, Chile, Colombia, Indonesia, the Philippines, Costa Rica, Ecuador, Kenya, Peru, Thailand.
THIRD = ("3510", "3370", "3010", "5600", "5650", "2230", "3310", "7790", "3330", THAILAND)
CODE = "8542310045"
MEXICO, GERMANY = "2010", "4280"
# Two years without an event around them, for what is usual, and those around the event.
YEARS = (2015, 2016, 2017, 2018, 2019, 2022, 2024)
TARGET_EFFECT = np.log(0.6)


def planted() -> list[tuple]:
    """Rows (month, partner, value, quantity, foreign value): seasons, noise of 3 % and what is planted."""
    chance = np.random.default_rng(20231117)
    sizes = {CHINA: 600e6, VIETNAM: 60e6, MALAYSIA: 6e6, SINGAPORE: 90e6}
    sizes |= dict.fromkeys(ALLIES, 100e6) | dict.fromkeys(THIRD, 60e6)
    rows = []
    for place, month in enumerate(MONTHS):
        season = 1 + 0.2 * np.sin(place * np.pi / 6)
        is_after = month > EVENT
        for partner, size in sizes.items():
            value = size * season * np.exp(chance.normal(0, 0.03))
            price, foreign = 100.0, 0.1
            if is_after:
                value *= {CHINA: 0.6, VIETNAM: 0.6, MALAYSIA: 4}.get(partner, 1)
                price *= 3 if partner == THAILAND else 1
                foreign = 0.6 if partner == SINGAPORE else 0.1
            price *= np.exp(chance.normal(0, 0.03))
            foreign += chance.normal(0, 0.005)
            rows.append((month, partner, int(value), int(value / price), int(value * foreign)))
    return rows


def planted_years() -> dict[int, tuple[list, list]]:
    """By year: our exports (partner, value), and what partners report (flow, reporter, partner, value).

    Partners import five times what they import from here, freight on top, and 5 % of that goes on to China.
    After the event Malaysia sends on 60 %, and Mexico reports half of what we export to it.
    """
    chance = np.random.default_rng(2022)
    with (SEEDS / "partner.csv").open(newline="") as file:
        iso3 = {line["partner_code"]: line["iso3"] for line in csv.DictReader(file)}
    years = {}
    for year in YEARS:
        ours, reported = [], []
        for partner in (VIETNAM, MALAYSIA, SINGAPORE, *ALLIES, *THIRD):
            value = 1.2e9 * np.exp(chance.normal(0, 0.05))
            mirrored = value * 1.06 * np.exp(chance.normal(0, 0.03))
            onward = 0.05 + chance.normal(0, 0.005)
            if year == 2024:
                mirrored *= 0.5 if partner == MEXICO else 1
                onward = 0.6 if partner == MALAYSIA else onward
            ours.append((partner, int(value)))
            reported += [
                ("import", iso3[partner], "USA", "cif", int(mirrored)),
                ("import", iso3[partner], "DEU" if partner != GERMANY else "FRA", "cif", int(4 * mirrored)),
                ("export", iso3[partner], "CHN", "fob", int(onward * 5 * mirrored / 1.06)),
            ]
        years[year] = (ours, reported)
    return years


def land_years(warehouse: TinyWarehouse) -> None:
    """Land our exports of whole years, and what the partners report of them."""
    for year, (ours, reported) in planted_years().items():
        period = f"'export' as flow, 'year' as period_grain, date '{year}-01-01' as period_start"
        rows = ", ".join(str(row) for row in ours)
        warehouse._land(
            ("exports_annual", str(year), "goods"),
            ("export", "year", f"{year}-01-01"),
            f"""
            select {period}, partner as partner_code, 'schedule_b10' as commodity_system,
                '{CODE}' as commodity_code, {MONEY.format(value="value::bigint", duty="null::bigint")},
                {QUANTITIES}, {PARTS}
            from (values {rows}) as t(partner, value)
            """,
        )
        rows = ", ".join(str(row) for row in reported)
        warehouse._land(
            ("partner_trade", str(year), "partner_trade"),
            (None, None, None),
            f"""
            select {year}::integer as trade_year, trade_flow, reporter, partner, '854231' as hs6, valuation,
                value::bigint as value_usd
            from (values {rows}) as t(trade_flow, reporter, partner, valuation, value)
            """,
        )


@pytest.fixture(scope="module")
def history(forks, tmp_path_factory) -> TinyWarehouse:
    """Five years of exports of processors to 31 countries, and the marts about export controls."""
    warehouse = TinyWarehouse(tmp_path_factory.mktemp("controls") / "warehouse", forks)
    by_month: dict[str, list[str]] = {}
    for month, partner, value, quantity, foreign in planted():
        by_month.setdefault(month, []).append(f"('{partner}', {value}, {quantity}, {foreign})")
    for month, rows in by_month.items():
        period = ("export", "month", f"{month}-01")
        columns = f"'export' as flow, 'month' as period_grain, date '{month}-01' as period_start"
        money = "{0}::bigint as value_usd, null::bigint as duty_usd, null::bigint as general_value_usd,"
        money += "null::bigint as dutiable_value_usd, null::bigint as charges_usd"
        rest = "unit_1, null::bigint as quantity_2, null::varchar as unit_2"
        warehouse._land(
            ("exports_monthly", month, "goods"),
            period,
            f"""
            select {columns}, partner as partner_code, 'schedule_b10' as commodity_system,
                '{CODE}' as commodity_code, {money.format("value")}, quantity::bigint as quantity_1,
                'NO' as {rest}, (value - abroad)::bigint as domestic_value_usd,
                abroad::bigint as foreign_value_usd
            from (values {", ".join(rows)}) as t(partner, value, quantity, abroad)
            """,
        )
        warehouse.covered["exports_monthly", month] = "export"
    land_years(warehouse)
    warehouse.land_reference()
    marts = ("export_control_event_effect", "export_redirection", "diversion_signals", "partner_tier")
    marts += ("export_control_claims", "export_control_exposure_total", "ai_zone_scenario")
    marts += ("export_control_event_coverage",)
    warehouse.build("--select", *(f"+{mart}" for mart in marts))
    return warehouse


def test_a_planted_fall_of_exports_is_found_within_its_error(history):
    ((effect, error, low, high, trend),) = history.query("""
        select did_log_points, did_standard_error, did_effect_low, did_effect_high, pre_trend
        from export_control_event_effect
        where event_id = 'ac_s_2023' and eccn_group = 'advanced_computing' and partner_role = 'target'
    """)
    # What goes to Malaysia instead is with those that are compared with: 2,496 million become 2,514.
    assert abs(effect - (TARGET_EFFECT - np.log(2514 / 2496))) < 2 * error
    assert error < 0.02
    assert low < -0.4 < high
    assert trend == "parallel"
    # In levels: China and Viet Nam lose two fifths of what they bought.
    ((growth, change),) = history.query("""
        select growth, change_usd_a_month from export_control_event_effect
        where event_id = 'ac_s_2023' and eccn_group = 'advanced_computing' and partner_role = 'target'
    """)
    assert growth == pytest.approx(-0.4, abs=0.02)
    assert change == pytest.approx(-264e6, rel=0.05)


def test_no_effect_where_none_is_planted(history):
    """Of anybody at the event before it, and of allies but for what third countries took."""
    rows = history.query("""
        select event_id, partner_role, did_effect, did_effect_low, did_effect_high
        from export_control_event_effect
        where did_effect is not null and not (event_id = 'ac_s_2023' and partner_role = 'target')
            and event_id in ('ac_s_2023', 'ac_sme_2022') order by all
    """)
    assert [row[:2] for row in rows] == [
        ("ac_s_2023", "ally"),
        ("ac_sme_2022", "ally"),
        ("ac_sme_2022", "target"),
    ]
    allies, *earlier = [row[2:] for row in rows]
    assert all(abs(effect) < 0.03 and low < 0.01 and high > -0.01 for effect, low, high in earlier)
    # Allies are compared with third countries, and those took what went to Malaysia.
    assert allies[0] == pytest.approx(606 / 624 - 1, abs=0.03)


def test_an_event_without_its_months_has_a_reason_and_no_figure(history):
    assert history.query("""
        select distinct did_effect, before_usd_a_month, reason from export_control_event_effect
        where event_id = 'h20_letters_2025'
    """) == [
        (
            None,
            None,
            "exports to all partners are covered in 9 of 12 months before the event and in 0 of 12 after it",
        )
    ]


def test_the_partner_that_gained_leads_the_redirection(history):
    gains = history.query("""
        select partner_code, share_moved, share_lost_by_targets, share_of_loss_gained from export_redirection
        where event_id = 'ac_s_2023' and gain_rank = 1
    """)
    ((partner, moved, lost, part),) = gains
    assert partner == MALAYSIA
    # 6 of 3,156 million become 24 of 2,910; China and Viet Nam go from 660 to 396.
    assert moved == pytest.approx(24 / 2910 - 6 / 3156, rel=0.1)
    assert lost == pytest.approx(660 / 3156 - 396 / 2910, rel=0.1)
    assert part == pytest.approx(moved / lost)
    assert history.query("""
        select round(sum(share_moved), 9) from export_redirection where event_id = 'ac_s_2023'
    """) == [(0.0,)]


def test_planted_diversion_is_flagged_and_nothing_else(history):
    signals = history.query("""
        select signal, partner_code, score, explanation from diversion_signals
        where event_id = 'ac_s_2023' and eccn_group = 'advanced_computing' order by signal
    """)
    assert [row[:2] for row in signals] == [
        ("growth", MALAYSIA),
        ("mirror_gap", MEXICO),
        ("partner_trade", MALAYSIA),
        ("re_export_share", SINGAPORE),
        ("unit_value", THAILAND),
    ]
    assert all(abs(score) > 8 for _, _, score, _ in signals)
    said = {signal: text for signal, _, _, text in signals}
    assert said["growth"].startswith("exports to Malaysia went from")
    assert said["mirror_gap"].startswith("imports that Mexico reports went from 1")
    assert said["partner_trade"].startswith("what Malaysia exports to the targets went from")


def test_each_signal_states_its_coverage_and_how_often_it_alarms_for_nothing(history):
    rows = history.query("""
        select signal, status, partner_count, flagged_count, false_alarm_rate, quiet_date_count, reason
        from export_control_event_coverage
        where event_id = 'ac_s_2023' and eccn_group = 'advanced_computing' order by signal
    """)
    assert [row[:2] + row[3:4] for row in rows] == [
        ("growth", "measured", 1),
        ("mirror_gap", "measured", 1),
        ("partner_trade", "measured", 1),
        ("re_export_share", "measured", 1),
        ("redirection", "measured", None),
        ("unit_value", "measured", 1),
    ]
    assert all(count >= 28 and reason is None for _, _, count, *_, reason in rows)
    assert all(rate < 0.05 and quiet >= 3 for signal, *_, rate, quiet, _ in rows if signal != "redirection")


def test_what_cannot_be_measured_says_why_and_has_no_row_among_the_signals(history):
    rows = history.query("""
        select signal, status, reason from export_control_event_coverage
        where event_id = 'affiliates_2025' order by signal
    """)
    months = "exports to all partners are covered in 4 of 24 months around the event"
    reported = "what partners report is loaded from 2015 to 2024"
    assert rows == [
        ("growth", "not_measured", months),
        ("mirror_gap", "not_measured", reported),
        ("partner_trade", "not_measured", reported),
        ("re_export_share", "not_measured", months),
        ("redirection", "not_measured", months),
        ("unit_value", "not_measured", months),
    ]
    assert history.query("select count(*) from diversion_signals where event_id = 'affiliates_2025'") == [
        (0,)
    ]
    # A year apart from the event before it (October 2022), no partner has reported 2021 and 2023.
    assert history.query("""
        select distinct reason from export_control_event_coverage
        where event_id = 'ac_sme_2022' and signal = 'mirror_gap' and eccn_group = 'advanced_computing'
    """) == [
        (
            "0 partners report imports of the group in both years, with exports of ours in both, and ten are "
            "needed",
        )
    ]


def test_countries_and_totals_never_share_a_table(history):
    for mart in ("export_control_exposure", "export_redirection", "diversion_signals"):
        assert history.query(f"""
            select distinct partner_kind from {mart} join dim_partner using (partner_code)
        """) == [("country",)]
    columns = history.query("select column_name from (describe export_control_exposure_total)")
    assert ("partner_code",) not in columns


def test_claims_are_held_against_what_is_measured(history):
    """China buys two fifths less in eleven of twelve months: 38 % less in 2024 than in 2023."""
    rows = history.query("select claim_id, verdict, measured_pct from export_control_claims")
    verdicts = {claim: (verdict, measured) for claim, verdict, measured in rows}
    expected = 100 * (0.6 / ((11 + 0.6) / 12) - 1)
    assert verdicts["china_chips_40"] == ("supported", pytest.approx(expected, abs=1.5))
    assert verdicts["china_chips_23"] == ("contradicted", pytest.approx(expected, abs=1.5))
    assert verdicts["japan_korea_15"] == ("contradicted", pytest.approx(0, abs=3))
    assert verdicts["china_ai_slowed_15"] == ("not_testable", None)


def test_exposure_adds_up_and_says_what_is_needed(history):
    at = """
        definition_id = 'all_goods' and eccn_group = 'advanced_computing' and flow = 'export'
        and period_grain = 'month' and period_start = date '2024-05-01'
    """
    china, vietnam = (
        history.query(f"""
            select value_usd, licence_requirement, review_policy, share_of_group from export_control_exposure
            where {at} and partner_code = '{partner}'
        """)[0]
        for partner in (CHINA, VIETNAM)
    )
    total, licensed = (
        history.query(f"""
            select value_usd, share_of_group from export_control_exposure_total
            where {at} and trust_tier = 'all' and licence_requirement = '{requirement}'
        """)[0]
        for requirement in ("all", "required")
    )
    assert china[1:3] == ("required", "presumption_of_denial")
    assert vietnam[1:3] == ("required", "presumption_of_approval")
    assert licensed[0] == china[0] + vietnam[0]
    assert licensed[1] == pytest.approx(licensed[0] / total[0])
    assert china[3] == pytest.approx(china[0] / total[0])
    assert history.query("""
        with parts as (
            select definition_id, flow, period_grain, period_start, eccn_group, sum(value_usd) as parts_usd
            from export_control_exposure group by all
        )
        select count(*), count(*) filter (parts_usd <> value_usd), count(*) filter (value_usd is null)
        from parts join export_control_exposure_total as totals
            using (definition_id, flow, period_grain, period_start, eccn_group)
        where trust_tier = 'all' and licence_requirement = 'all' and period_grain = 'month'
    """)[0][1:] == (0, 0)


def test_a_revision_shows_in_the_growth_of_the_year_after(history, tmp_path):
    """Two months are written again, and no other; taken back, all is as it was."""
    tables = ("export_control_exposure", "export_control_exposure_total")
    selected = ("--select", *(f"+{table}" for table in tables))

    def found() -> dict[str, list[tuple]]:
        return {table: history.query(f"from {table} order by all") for table in tables}

    def growth() -> float:
        return history.query(f"""
            select value_growth from export_control_exposure
            where definition_id = 'all_goods' and eccn_group = 'advanced_computing' and flow = 'export'
                and period_start = date '2024-05-01' and partner_code = '{VIETNAM}'
        """)[0][0]

    before, grown = found(), growth()
    key = ("exports_monthly", "2023-05", "goods")
    landed = history.landed[key]
    kept = shutil.copyfile(landed[3], tmp_path / "kept.parquet")
    double = f"if(partner_code = '{VIETNAM}', 2 * value_usd, value_usd) as value_usd"
    try:
        history._land(key, landed[:3], f"select * exclude (vintage_at) replace ({double}) from '{kept}'")
        history.build(*selected)
        assert growth() == pytest.approx((1 + grown) / 2 - 1)
        changed = {row[3] for row in set(found()[tables[0]]) - set(before[tables[0]])}
        assert {str(day) for day in changed} == {"2023-05-01", "2024-05-01"}
    finally:
        shutil.copyfile(kept, landed[3])
        history.landed[key] = landed
        history.build(*selected)
    assert found() == before


def test_a_zone_falls_under_its_tier_and_its_size(history):
    assert history.query("""
        select zone_id, licence_route, gpu_count from ai_zone_scenario
        where scheme = 'ai_diffusion' order by zone_id
    """) == [
        ("example_below_threshold", "low_processing_performance", 1500),
        ("example_licence_required", "licence_within_country_cap", 20000),
        ("example_restricted", "presumption_of_denial", 10000),
        ("example_tier_2_large", "universal_validated_end_user", 50000),
        ("humain_2025", "licence_within_country_cap", 18000),
        ("stargate_uae", "presumption_of_denial", 714286),
    ]


def test_an_edit_of_the_zones_and_their_thresholds_shows_in_the_scenario(history, tmp_path):
    """A row more in one seed, a threshold of another: the two tables are built again, and nothing else."""
    shutil.copytree(PROJECT_DIR / "seeds", tmp_path / "seeds")
    zones, parameters = (
        tmp_path / "seeds" / "controls" / f"{name}.csv" for name in ("ai_zone", "export_control_parameter")
    )
    with zones.open("a") as file:
        file.write("mine,My zone,BR,Me,other,60000,,2026-01-01,,Own example,\n")
    text = parameters.read_text()
    parameters.write_text(
        text.replace("country_cap_gpus,tier_2,count,50000,", "country_cap_gpus,tier_2,count,70000,")
    )
    selected = ("ai_zone", "export_control_parameter", "ai_zone_scenario")
    edited = f"""
for node in manifest.nodes.values():
    if node.resource_type == "seed":
        node.root_path = {str(tmp_path)!r}
"""

    def build() -> int:
        what = ("--exclude-resource-type", "test", "unit_test", "--write-json", "--select", *selected)
        return history.dbt("build", *what, before=edited)

    before = history.query("select count(*) from ai_zone_scenario")[0][0]
    assert build() == 0, history.log
    assert history.query("""
        select scheme, trust_tier, licence_route, licence_route_strict from ai_zone_scenario
        where zone_id = 'mine'
    """) == [("ai_diffusion", "tier_2", "licence_within_country_cap", "national_validated_end_user")]
    assert history.query("select count(*) from ai_zone_scenario") == [(before + 1,)]
    assert build() == 0, history.log
    results = json.loads((history.directory.parent / "target" / "run_results.json").read_text())["results"]
    assert [result["message"] for result in results if "model" in result["unique_id"].split(".")[0]] == [
        "UNCHANGED"
    ]


def test_tiers_follow_the_groups_and_their_dates(history):
    tiers = history.query("""
        select iso2, trust_tier, valid_from::varchar from partner_tier
        where scheme = 'ear' and iso2 in ('AE', 'HK', 'KH', 'TW') and valid_from > date '2010-01-01'
            or scheme = 'ear' and iso2 = 'TW' order by iso2, valid_from
    """)
    assert tiers == [
        ("AE", "licence_required", "2023-11-17"),
        ("AE", "trusted_with_conditions", "2026-07-10"),
        ("HK", "restricted", "2020-12-23"),
        ("KH", "restricted", "2021-12-09"),
        ("KH", "licence_required", "2026-02-03"),
        ("TW", "trusted", "2010-01-01"),
    ]


@pytest.fixture(scope="module")
def estimates():
    spec = importlib.util.spec_from_file_location("estimates", Path(ESTIMATES))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MONTHS_AROUND = [*range(-12, 0), *range(1, 13)]


def alike(chance: np.random.Generator, count: int, likeness: float, size: float) -> np.ndarray:
    """Noise of which each month is correlated with the one before it."""
    shocks = chance.normal(0, size, count + 40)
    levels = [0.0]
    for shock in shocks:
        levels.append(likeness * levels[-1] + shock * np.sqrt(1 - likeness**2))
    return np.array(levels[-count:])


def simulated(estimates, effect: float, likeness: float = 0.0, count: int = 300) -> np.ndarray:
    """Estimates, ends of intervals and p-values of series with seasons and noise of 14 % in their ratio."""
    chance = np.random.default_rng(7)
    found = []
    for _ in range(count):
        noise = alike(chance, 25, likeness, 0.14)
        ratio = {
            month: 0.3 * np.sin(month * np.pi / 6) + effect * (month > 0) + noise[month + 12]
            for month in MONTHS_AROUND
        }
        figures = estimates.estimate(ratio, 12)
        found.append((figures[0], figures[2], figures[3], figures[4]))
    return np.array(found)


def test_the_estimate_is_right_on_average(estimates):
    assert simulated(estimates, TARGET_EFFECT)[:, 0].mean() == pytest.approx(TARGET_EFFECT, abs=0.01)


@pytest.mark.parametrize(
    ("likeness", "least", "most"), [(0.0, 0.92, 0.98), (0.3, 0.9, 0.97), (0.6, 0.85, 0.95)]
)
def test_the_interval_holds_where_months_are_alike(estimates, likeness, least, most):
    """Months taken as independent would be right in 86 and 72 % of the cases where they are alike."""
    found = simulated(estimates, TARGET_EFFECT, likeness, count=500)
    inside = (found[:, 1] <= TARGET_EFFECT) & (found[:, 2] >= TARGET_EFFECT)
    assert least <= inside.mean() <= most


@pytest.mark.parametrize(("likeness", "most"), [(0.0, 0.08), (0.3, 0.1), (0.6, 0.15)])
def test_false_alarms_are_as_rare_as_stated(estimates, likeness, most):
    """Of the effect at 5 %, where nothing is planted; and almost all planted ones of 40 % are found."""
    assert (simulated(estimates, 0.0, likeness)[:, 3] < 0.05).mean() <= most
    assert (simulated(estimates, TARGET_EFFECT, likeness)[:, 3] < 0.05).mean() >= 0.95


def test_a_trend_before_the_event_is_noticed_and_noise_is_none(estimates):
    chance = np.random.default_rng(3)
    drifting = {month: 0.03 * month + chance.normal(0, 0.02) for month in MONTHS_AROUND}
    trend, p_value = estimates.estimate(drifting, 12)[5:]
    assert trend == pytest.approx(0.03, abs=0.01)
    assert p_value < 0.05
    noise = (dict(zip(MONTHS_AROUND, alike(chance, 24, 0.3, 0.1), strict=True)) for _ in range(300))
    assert np.mean([estimates.estimate(ratio, 12)[6] < 0.05 for ratio in noise]) <= 0.11


def test_months_without_exports_give_a_reason(estimates):
    series = [("e", "g", role, month, 0) for role in ("target", "third") for month in (-1, 1)]
    assert estimates.estimates(series, {("e", "g"): (1, [])}) == [
        ("e", "g", "target", *[None] * 9, "there are no exports in 2 of 2 months"),
        ("e", "g", "ally", *[None] * 9, "there is no partner that is ally of the event"),
    ]


@pytest.mark.parametrize(("effect", "least", "most"), [(0.0, 0.1, 1.0), (-0.5, 0.0, 0.02)])
def test_an_effect_is_held_against_dates_without_an_event(estimates, effect, least, most):
    """With months that are alike, which no interval sees in full."""
    levels = alike(np.random.default_rng(5), 132, 0.6, 0.06)
    ratio = {place - 119: level + effect * (place > 119) for place, level in enumerate(levels)}
    share, count = estimates.among_quiet_dates(estimates.estimate(ratio, 12)[0], ratio, 12, range(-107, -25))
    assert count == 82
    assert least <= share <= most

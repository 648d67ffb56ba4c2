"""The measures on a history of two years whose answers can be worked out by hand."""

import shutil

import pytest

from tests.dbt.conftest import TinyWarehouse

YEARS = {
    # Servers came under one code in 2023, and in 2024 two fifths of what they were under it, the rest under
    # a code of another chapter, which alone would be no AI product. Horses grew by a tenth.
    2023: {"8471500150": 100, "0101210010": 1000},
    2024: {"8471500150": 60, "9503000011": 90, "0101210010": 1100},
}
EXPORTS = {2023: {"8471500000": 40, "0102290000": 400}, 2024: {"8471500000": 80, "0102290000": 500}}
MEASURES = (
    *("ai_trade_growth", "ai_trade_index", "ai_counterfactual_balance", "ai_top_products"),
    *("ai_top_partners", "ai_effective_tariff"),
)
SELECTED = ("--select", *(f"+{mart}" for mart in MEASURES))
CORE = "definition_id = 'compute_core' and period_start = date '2024-05-01'"


@pytest.fixture(scope="module")
def history(forks, tmp_path_factory) -> TinyWarehouse:
    """Twenty-four months of both flows, equal within a year, with a code that was split on 2024-01-01."""
    warehouse = TinyWarehouse(tmp_path_factory.mktemp("history") / "warehouse", forks)
    for year, imports in YEARS.items():
        for month in range(1, 13):
            period = f"{year}-{month:02}"
            warehouse.land_month("import", period, {("5700", code): v for code, v in imports.items()})
            warehouse.land_month("export", period, {("5700", code): v for code, v in EXPORTS[year].items()})
    warehouse.land_reference()
    warehouse.select()
    assert warehouse.dbt("seed", *SELECTED) == 0, warehouse.log
    warehouse.change("""
        insert into commodity_succession values
        ('hts10', '8471500150', '9503000011', '2024-01-01', 'split', 'test', null)
    """)
    assert warehouse.dbt("run", *SELECTED) == 0, warehouse.log
    return warehouse


def test_growth_follows_a_family_through_a_split(history):
    assert history.query(f"""
        select product_group, value_usd, regrouped_value_usd, comparable_year_earlier_usd, value_growth
        from ai_trade_growth
        where {CORE} and flow = 'import' and category = 'all' order by product_group
    """) == [
        ("ai", 60, 90, 100, 0.5),
        ("all_goods", 1250, 0, 1100, pytest.approx(1250 / 1100 - 1)),
        ("all_other", 1190, -90, 1000, pytest.approx(0.1)),
        ("high_codes", 60, 90, 100, 0.5),
        ("low_codes", 1190, -90, 1000, pytest.approx(0.1)),
    ]


def test_growth_of_the_first_year_says_what_it_lacks(history):
    assert history.query("""
        select distinct value_growth, value_growth_reason from ai_trade_growth
        where period_start < date '2024-01-01' and flow = 'export'
    """) == [(None, "exports of a year earlier are not loaded")]


def test_index_is_of_the_average_month_of_the_base_year(history):
    assert history.query(f"""
        select product_group, base_year, round(index_value, 6), reason from ai_trade_index
        where {CORE} and flow = 'import' order by product_group
    """) == [
        ("ai", 2023, 60.0, None),
        ("all_goods", 2023, round(100 * 1250 / 1100, 6), None),
        ("all_other", 2023, 119.0, None),
        ("low_codes", 2023, 119.0, None),
    ]


def test_counterfactual_grows_each_side_with_its_own_non_ai(history):
    """Imports of AI would be 100 · 1190 ÷ 1000, exports 40 · 500 ÷ 400."""
    assert history.query(f"""
        select counterfactual_ai_imports_usd, counterfactual_ai_exports_usd, excess_imports_usd,
               excess_exports_usd, excess_balance_usd, goods_balance_usd, counterfactual_goods_balance_usd
        from ai_counterfactual_balance where {CORE} and non_ai_basis = 'low_codes'
    """) == [(119, 50, -59, 30, 89, 580 - 1250, 550 - 1309)]


def test_rankings_and_rates_of_a_month(history):
    assert history.query(f"""
        select product_rank, commodity_code, value_usd, ai_share from ai_top_products
        where {CORE} and flow = 'import'
    """) == [(1, "8471500150", 60, 1.0)]
    assert history.query(f"""
        select partner_rank, partner_code, partner_share from ai_top_partners
        where {CORE} and flow = 'export' and category = 'all'
    """) == [(1, "5700", 1.0)]
    # The duty that is landed is a tenth of each row.
    assert history.query(f"""
        select product_group, duty_usd, effective_tariff_rate from ai_effective_tariff
        where {CORE} and category = 'all' order by product_group
    """) == [
        ("ai", 6, 0.1),
        ("all_goods", 125, 0.1),
        ("all_other", 119, 0.1),
        ("high_codes", 6, 0.1),
        ("low_codes", 119, 0.1),
    ]


def test_an_incomplete_base_year_leaves_no_index(history, tmp_path):
    """Without one month of exports of 2023 there is no index and no counterfactual of exports."""
    shutil.copytree(history.directory, tmp_path / "copy")
    history.remove_month("export", "2023-07")
    try:
        history.select()
        assert history.dbt("run", *SELECTED) == 0, history.log
        assert history.query(f"""
            select distinct index_value, reason from ai_trade_index where {CORE} and flow = 'export'
        """) == [(None, "11 of 12 months of the base year 2023 are covered for all partners")]
        assert history.query(f"""
            select counterfactual_ai_imports_usd, counterfactual_ai_exports_usd, excess_balance_usd,
                   exports_reason
            from ai_counterfactual_balance where {CORE} and non_ai_basis = 'low_codes'
        """) == [(119, None, None, "the base year 2023 is not covered for all partners")]
    finally:
        shutil.rmtree(history.directory)
        shutil.copytree(tmp_path / "copy", history.directory)

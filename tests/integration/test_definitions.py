"""What Dagster loads: names, and that the two graphs, its own and dbt's, are one."""

import json
import shutil

import pytest
from dagster import AssetKey

from orchestration.dbt import target
from orchestration.definitions import build_definitions, landing_definitions
from orchestration.jobs import LANDING_JOBS
from orchestration.settings import Settings
from orchestration.sources.registry import DATASETS


@pytest.fixture(scope="module")
def settings(parsed_project, tmp_path_factory):
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    shutil.copytree(parsed_project, target(settings))
    return settings


@pytest.fixture(scope="module")
def graph(settings):
    definitions = build_definitions(settings)
    definitions.validate_loadable(definitions)
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="module")
def manifest(settings, graph):
    return json.loads((target(settings) / "manifest.json").read_text())


def test_every_dbt_source_is_a_landing_asset(graph, manifest):
    keys = {
        AssetKey(source["meta"]["dagster"]["asset_key"])
        if "dagster" in source["meta"]
        else AssetKey(source["config"]["meta"]["dagster"]["asset_key"])
        for source in manifest["sources"].values()
    }
    assert keys == {AssetKey(["landing", name]) for name in DATASETS}
    assert keys <= set(graph.materializable_asset_keys)


def test_what_decides_which_periods_are_loaded_is_read_by_the_model(manifest):
    """`orchestration.built` looks at what a model reads, and at nothing else."""
    nodes = manifest["nodes"]

    def read_by(unique_id: str) -> set[str]:
        parents = [one for one in nodes[unique_id]["depends_on"].get("nodes", ()) if one in nodes]
        return {nodes[one]["name"] for one in parents}.union(*map(read_by, parents))

    by_content = {one: node["config"]["meta"].get("by_content") for one, node in nodes.items()}
    by_content = {one: content for one, content in by_content.items() if content}
    assert len(by_content) > 20
    for unique_id, content in by_content.items():
        upstream = content.get("upstream", [])
        named = [upstream] if isinstance(upstream, str) else upstream
        assert {*named, *content.get("context", [])} <= read_by(unique_id), unique_id


def test_the_release_hangs_on_landing(graph):
    upstream, open_keys = set(), {AssetKey("release")}
    while open_keys:
        open_keys = {parent for key in open_keys for parent in graph.get(key).parent_keys} - upstream
        upstream |= open_keys
    assert {AssetKey(["landing", name]) for name in DATASETS} <= upstream


def test_partitions_and_groups(graph):
    monthly = graph.get(AssetKey(["landing", "imports_monthly"])).partitions_def
    annual = graph.get(AssetKey(["landing", "imports_annual"])).partitions_def
    assert monthly.has_partition_key("2025-06")
    assert annual.has_partition_key("2024")
    assert {graph.get(key).group_name for key in graph.materializable_asset_keys} == {
        "landing",
        "classification",
        "seeds",
        "staging",
        "intermediate",
        "marts",
        "release",
    }


def test_gates_stand_between_the_steps_and_block(graph):
    blocking = {
        (check.asset_key.to_user_string(), check.name)
        for check in graph.asset_check_keys
        if graph.get_check_spec(check).blocking
    }
    assert ("stg_census__goods", "rows_match_selection") in blocking
    assert ("ai_trade_headline", "totals_match_landing") in blocking


def test_jobs_schedule_and_sensors(settings):
    definitions = build_definitions(settings)
    repository = definitions.get_repository_def()
    assert {name for name in repository.job_names if not name.startswith("__")} == {
        "land_months",
        "land_years",
        "land_editions",
        "land_revisions",
        "land_amendments",
        "land_days",
        "land_current",
        "refresh",
        "label_products",
    }
    (schedule,) = repository.schedule_defs
    assert (schedule.name, schedule.cron_schedule, schedule.execution_timezone) == (
        "new_release_weekdays",
        "45 8 * * 1-5",
        "America/New_York",
    )
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "new_release",
        "new_tariff_revision",
        "new_export_controls",
        "landing_changed",
    }


def test_landing_need_not_wait_until_dbt_has_parsed(tmp_path):
    settings = Settings(data_dir=tmp_path)

    definitions = landing_definitions(settings)

    landed = {
        key
        for job in LANDING_JOBS.values()
        for key in definitions.resolve_job_def(job).asset_layer.executable_asset_keys
    }
    assert landed == {AssetKey(["landing", name]) for name in DATASETS}
    assert not target(settings).exists()


def test_a_refresh_never_asks_the_language_model(settings):
    definitions = build_definitions(settings)
    asks = AssetKey(["language_model", "answers"])

    assert asks not in definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys
    assert definitions.resolve_job_def("label_products").asset_layer.executable_asset_keys == {asks}

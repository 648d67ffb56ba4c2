"""dbt inside a refresh: what Dagster is told of its models and tests, and refreshes that cannot end well."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey, AssetSelection, DagsterInstance, materialize
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper, LocalEnvironment

from orchestration.assets.landing import bring_in
from orchestration.assets.warehouse import warehouse_assets, warehouse_gates
from orchestration.built import kept_results
from orchestration.dbt import dbt_project, target
from orchestration.http import Client
from orchestration.landing import selected
from orchestration.settings import Settings
from orchestration.sources.registry import DATASETS
from tests.bench.generate import commit_month, generate_month, prepare
from tests.products import land_lists
from tests.schedules import schedule

WARNS = "assert_tariff_revisions_have_a_day"
AS_IT_WAS = "as it was"


@pytest.fixture(scope="module")
def settings(parsed_project, tmp_path_factory) -> Settings:
    """Commodity lists are landed, and one revision of the tariff schedule of which nobody knows the day."""
    folder = tmp_path_factory.mktemp("dbt_build")
    revisions = folder / "revisions"
    revisions.mkdir()
    (revisions / "hts_2039_rev_7.json").write_text(json.dumps(schedule()))
    settings = Settings(data_dir=folder / "data", hts_url=str(revisions))
    land_lists(settings.data_dir)
    shutil.copytree(parsed_project, target(settings))
    with Client(settings) as client:
        bring_in(settings, client, *DATASETS["tariff_schedule"], "2039_rev_07")
    return settings


@pytest.fixture(scope="module")
def refresh(settings) -> Callable:
    """A refresh as a whole, or of some assets and their checks."""
    definitions = [*warehouse_assets(settings, dbt_project(settings)), *warehouse_gates(settings)]

    def run(selection: AssetSelection | None = None):
        with DagsterInstance.ephemeral() as instance:
            return materialize(definitions, instance=instance, selection=selection, raise_on_error=False)

    return run


@pytest.fixture(scope="module")
def refreshed(refresh):
    """What a refresh told, and where the process stood before and after it."""
    before = Path.cwd()
    result = refresh()
    assert result.success, failure(result)
    assert Path.cwd() == before
    return result


@pytest.fixture
def put_back(refreshed, settings, tmp_path):
    """The warehouse is afterwards what it was before."""
    shutil.copytree(settings.warehouse_dir, tmp_path / "warehouse")
    yield
    shutil.rmtree(settings.warehouse_dir)
    shutil.copytree(tmp_path / "warehouse", settings.warehouse_dir)


@pytest.fixture(scope="module")
def manifest(settings, refreshed) -> dict:
    return json.loads((target(settings) / "manifest.json").read_text())


def of_type(manifest: dict, *kinds: str) -> list[dict]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in kinds]


def failure(result) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.event_specific_data.error.message


def statuses(result) -> dict[str, str]:
    """What is said of each table, view and seed: how dbt ended, or that it was not asked."""
    return {
        event.asset_key.to_user_string(): event.materialization.metadata["status"].value
        for event in result.get_asset_materialization_events()
        if event.asset_key != AssetKey("release")
    }


def checks(result) -> dict[tuple[str, str], object]:
    return {
        (check.asset_key.to_user_string(), check.check_name): check
        for check in result.get_asset_check_evaluations()
        if "unique_id" in check.metadata
    }


def test_each_model_and_seed_is_materialized_once_with_what_dbt_says_of_it(refreshed, manifest):
    told = {
        event.asset_key: event.materialization.metadata
        for event in refreshed.get_asset_materialization_events()
        if event.asset_key != AssetKey("release")
    }
    nodes = {AssetKey(node["name"]): node["unique_id"] for node in of_type(manifest, "model", "seed")}

    assert len(refreshed.get_asset_materialization_events()) == len(nodes) + 1
    assert {key: metadata["unique_id"].value for key, metadata in told.items()} == nodes
    assert {metadata["status"].value for metadata in told.values()} == {"success"}
    assert all(metadata["Execution Duration"].value > 0 for metadata in told.values())


def test_each_data_test_of_one_model_is_a_check_of_it(refreshed, manifest):
    told = checks(refreshed)
    of_one_model = {
        (node["attached_node"].split(".")[-1], node["name"])
        for node in of_type(manifest, "test")
        if node.get("attached_node") and len({*node["depends_on"]["nodes"]}) == 1
    }

    assert len(of_one_model) > 100
    assert of_one_model <= told.keys()
    assert all(check.passed and check.severity.value == "ERROR" for check in told.values())
    assert {check.metadata["dagster_dbt/failed_row_count"].value for check in told.values()} == {0}


def test_a_warning_is_told_and_does_not_end_the_refresh(refreshed):
    told = [
        observed.metadata
        for event in refreshed.get_asset_observation_events()
        if WARNS in (observed := event.event_specific_data.asset_observation).metadata["unique_id"].value
    ]

    assert {metadata["status"].value for metadata in told} == {"warn"}
    assert {metadata["dagster_dbt/failed_row_count"].value for metadata in told} == {1}


def test_every_data_test_stands_in_the_release(refreshed, settings, manifest):
    found = duckdb.sql(f"""
        select check_name, status from '{settings.publish_dir}/release_checks.parquet' where layer = 'dbt'
    """).fetchall()

    assert {name for name, _ in found} == {node["name"] for node in of_type(manifest, "test")}
    assert [name for name, status in found if status != "passed"] == [WARNS]


def test_when_nothing_has_changed_dbt_is_not_asked(refreshed, refresh, settings):
    with redirect_stdout(StringIO()) as printed:
        result = refresh()

    assert result.success, failure(result)
    assert "Running with dbt" not in printed.getvalue()
    assert statuses(result).keys() == statuses(refreshed).keys()
    assert {*statuses(result).values()} == {AS_IT_WAS}
    assert {key: check.passed for key, check in checks(result).items()} == {
        key: check.passed for key, check in checks(refreshed).items()
    }


def test_only_what_is_selected_is_built_with_its_tests(refreshed, refresh, settings):
    """As one does it in the UI."""
    some = AssetSelection.assets("balance_basis", "stg_census__countries")

    result = refresh(some)

    assert result.success, failure(result)
    built = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert built == {"balance_basis", "stg_census__countries"}
    assert {asset for asset, _ in checks(result)} == built

    result = refresh(some.without_checks())

    assert result.success, failure(result)
    assert len(result.get_asset_materialization_events()) == 2
    assert checks(result) == {}


def test_dbt_prints_where_the_run_wants_it(refreshed, refresh, capfd):
    with redirect_stdout(StringIO()) as printed:
        refresh(AssetSelection.assets("balance_basis"))

    says = "OK loaded seed file main.balance_basis"
    assert "Running with dbt" in printed.getvalue()
    assert says in printed.getvalue()
    assert not any(says in shown for shown in capfd.readouterr())


def a_code_twice(settings: Settings) -> None:
    """Spoil what is landed behind the back of its gate, and forget that it was built and tested before."""
    (settings.warehouse_dir / "results" / "dbt.json").unlink()
    (landed,) = [item for item in selected(settings) if item.dataset == "import_commodities"]
    path = landed.folder / "commodities.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{path}'")
        con.execute("insert into t from t where commodity_code = '8471000001'")
        con.execute(f"copy t to '{path}' (format parquet)")


def test_a_test_that_fails_ends_the_refresh_with_its_rows_and_leaves_the_release(put_back, refresh, settings):
    release = (settings.publish_dir / "release.json").read_bytes()
    (landed,) = [item for item in selected(settings) if item.dataset == "import_commodities"]
    good = (landed.folder / "commodities.parquet").read_bytes()
    a_code_twice(settings)

    result = refresh()
    (landed.folder / "commodities.parquet").write_bytes(good)

    assert not result.success
    assert "Got 1 result, configured to fail if != 0" in failure(result)
    assert "8471000001" in failure(result)
    failed = [check for check in checks(result).values() if not check.passed]
    assert {check.severity.value for check in failed} == {"ERROR"}
    # What was built before is told all the same, and nothing comes after.
    steps = {event.step_key for event in result.get_asset_materialization_events()}
    assert steps == {"staging"}
    assert (settings.publish_dir / "release.json").read_bytes() == release
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as con:
        assert con.execute("select count(*) from balance_basis").fetchone()[0] > 0


def just_closed(connection) -> None:
    raise duckdb.ConnectionException("Connection already closed!")


@pytest.mark.parametrize("cancel", [LocalEnvironment.cancel, just_closed])
def test_a_refresh_that_is_interrupted_lets_go_of_the_warehouse(
    put_back, refresh, settings, monkeypatch, cancel
):
    """By Ctrl-C, or by 'Terminate' in the UI, while dbt works."""
    execute = DuckDBCursorWrapper.execute
    interrupted = []

    def interrupting(cursor, sql, bindings=None):
        if "int_labels" in sql and not interrupted:
            interrupted.append(sql)
            os.kill(os.getpid(), signal.SIGINT)
        return execute(cursor, sql, bindings)

    with monkeypatch.context() as patched:
        patched.setattr(DuckDBCursorWrapper, "execute", interrupting)
        patched.setattr(LocalEnvironment, "cancel", staticmethod(cancel))
        result = refresh(labels := AssetSelection.assets("int_labels"))

    assert interrupted
    assert not result.success
    assert "KeyboardInterrupt" in failure(result)
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as con:
        assert con.execute("select count(*) from balance_basis").fetchone()[0] > 0
    again = refresh(labels)
    assert again.success, failure(again)


def test_files_that_change_while_they_are_built_are_no_result(put_back, refresh, settings, monkeypatch):
    """What came out would be kept as that of files which dbt has not seen."""
    execute = DuckDBCursorWrapper.execute
    parsed_from = target(settings) / "parsed_from"
    as_parsed, kept = parsed_from.read_text(), kept_results(settings)

    def editing(cursor, sql, bindings=None):
        parsed_from.write_text("other files")
        return execute(cursor, sql, bindings)

    with monkeypatch.context() as patched:
        patched.setattr(DuckDBCursorWrapper, "execute", editing)
        result = refresh(AssetSelection.assets("int_labels"))
    parsed_from.write_text(as_parsed)

    assert "were changed while it was built" in failure(result)
    assert kept_results(settings) == kept


def test_a_release_of_code_that_has_changed_since_is_not_published(refreshed, refresh, settings, monkeypatch):
    release = (settings.publish_dir / "release.json").read_bytes()
    monkeypatch.setattr("orchestration.assets.warehouse.code_digest", lambda: "other code")

    result = refresh(AssetSelection.assets("release"))

    assert "changed while the refresh was at work, so it is not published" in failure(result)
    assert (settings.publish_dir / "release.json").read_bytes() == release


def test_a_warehouse_that_somebody_has_open_is_named(refreshed, refresh, settings):
    path = str(settings.warehouse_file)
    code = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        reader.stdout.readline()
        result = refresh()
        reader.stdin.close()

    assert f'Could not set lock on file "{path}"' in failure(result)
    assert f"(PID {reader.pid})" in failure(result)
    assert "Traceback" not in failure(result)


def tables(settings: Settings) -> dict[str, list[tuple]]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as con:
        names = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: con.execute(f"from {name} order by all").fetchall() for name in names}


def test_a_month_of_trade_leaves_alone_what_hangs_on_codes_years_and_claims(refreshed, refresh, settings):
    with duckdb.connect() as con:
        prepare(con, settings, {"import": 600, "export": 300})
        for flow in ("import", "export"):
            generate_month(con, flow, "2039-03")
            commit_month(con, settings, flow, "2039-03")

    told = statuses(result := refresh())

    assert result.success, failure(result)
    asked = {name for name, status in told.items() if status != AS_IT_WAS}
    assert asked >= {"goods_trade", "int_tariff_claims_by_code", "ai_trade", "source_coverage", "fidelity"}
    assert asked.isdisjoint(
        {"goods_trade_annual", "tariff_claim", "tariff_panel", "int_labels", "licence_requirement"}
    )


def test_after_a_new_answer_dbt_is_asked_about_what_reads_it(refreshed, refresh, settings):
    """And the tables are those of a build from nothing."""
    (Path(settings.hts_url) / "hts_2039_rev_8.json").write_text(json.dumps(schedule()))
    with Client(settings) as client:
        bring_in(settings, client, *DATASETS["tariff_schedule"], "2039_rev_08")

    told = statuses(result := refresh())

    assert result.success, failure(result)
    asked = {name for name, status in told.items() if status != AS_IT_WAS}
    assert asked >= {"stg_usitc__tariff_lines", "tariff_schedule", "stg_landing__selection"}
    assert asked.isdisjoint({"partner", "dim_partner", "int_rule_matches", "ai_trade"})
    # A view over tables that were made again.
    assert told["tariff_rate_statutory"] == AS_IT_WAS
    assert "tariff_panel" in asked
    assert len(told) == len(statuses(refreshed))
    found = tables(settings)
    assert any("2039_rev_08" in row for row in found["release_vintages"])

    settings.warehouse_file.unlink()
    told = statuses(
        result := refresh((AssetSelection.all() - AssetSelection.assets("release")).without_checks())
    )

    assert result.success, failure(result)
    assert AS_IT_WAS not in told.values()
    assert tables(settings) == found

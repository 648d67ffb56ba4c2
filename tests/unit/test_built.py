"""Of which nodes dbt need not be asked, and that nothing which decides a result is overlooked."""

import json
from pathlib import Path

import duckdb
import pytest

from orchestration import built
from orchestration.settings import Settings

PROJECT = {
    "dbt_project.yml": "name: ai_trade",
    "macros/landing.sql": "{% macro landing() %}{% endmacro %}",
    "models/staged.sql": "select 1",
    "models/listed.sql": "select 2",
    "models/inputs.sql": "select 3",
    "models/mart.sql": "select 4",
    "models/covered.sql": "select 5",
    "models/alone.sql": "select 6",
    "models/over.sql": "select 9",
    "models/summed.sql": "select 10",
    "models/_models.yml": "models: []",
    "models/alone.yml": "models: []",
    "seeds/codes.csv": "code",
    "tests/mart_is_sound.sql": "select 7",
    "tests/alone_is_sound.sql": "select 8",
    "tests/over_is_sound.sql": "select 11",
}
STAGED, LISTED, INPUTS = "model.ai_trade.staged", "model.ai_trade.listed", "model.ai_trade.inputs"
MART, COVERED, ALONE = "model.ai_trade.mart", "model.ai_trade.covered", "model.ai_trade.alone"
OVER, SUMMED = "model.ai_trade.over", "model.ai_trade.summed"
CODES = "seed.ai_trade.codes"
MART_TEST, ALONE_TEST = "test.ai_trade.mart_is_sound", "test.ai_trade.alone_is_sound"
OVER_TEST = "test.ai_trade.over_is_sound"
TRADE, LISTS = "source.ai_trade.census.imports_monthly", "source.ai_trade.csl.screening_list"


def node(
    path: str,
    *parents: str,
    materialized: str = "table",
    macros: tuple[str, ...] = (),
    patch: str | None = None,
    **meta,
) -> dict:
    return {
        "alias": Path(path).stem,
        "original_file_path": path,
        "patch_path": f"ai_trade://{patch}" if patch else None,
        "config": {"materialized": materialized, "meta": meta},
        "depends_on": {"nodes": list(parents), "macros": [f"macro.ai_trade.{name}" for name in macros]},
    }


PATCH = "models/_models.yml"
MANIFEST = {
    "macros": {
        f"macro.ai_trade.{name}": {"depends_on": {"macros": [f"macro.ai_trade.{one}" for one in used]}}
        for name, used in {
            "landing": ["selection_input"],
            "is_to_load": ["selection_input", "coverage_input"],
            "all_that_is_landed": ["selection_input"],
            "selection_input": [],
            "coverage_input": [],
        }.items()
    },
    "sources": {TRADE: {"identifier": "imports_monthly"}, LISTS: {"identifier": "screening_list"}},
    "nodes": {
        STAGED: node("models/staged.sql", TRADE, materialized="view", macros=("landing",), patch=PATCH),
        LISTED: node("models/listed.sql", LISTS, materialized="view", macros=("landing",), patch=PATCH),
        INPUTS: node("models/inputs.sql", macros=("all_that_is_landed",)),
        MART: node("models/mart.sql", STAGED, CODES, macros=("is_to_load",), by_content={"landing": "goods"}),
        COVERED: node("models/covered.sql", LISTED, by_content={"coverage": True}),
        ALONE: node("models/alone.sql", CODES, patch="models/alone.yml"),
        OVER: node("models/over.sql", MART, materialized="view"),
        SUMMED: node("models/summed.sql", OVER),
        CODES: {**node("seeds/codes.csv"), "depends_on": {"macros": []}},
        MART_TEST: node("tests/mart_is_sound.sql", MART, ALONE),
        ALONE_TEST: node("tests/alone_is_sound.sql", ALONE),
        OVER_TEST: node("tests/over_is_sound.sql", OVER),
    },
}
ALL = MANIFEST["nodes"].keys()
TABLES = {one for one in ALL if not one.startswith("test.")}


class Warehouse:
    """A small project, what is landed for it, and a warehouse that was built from both."""

    def __init__(self, folder):
        self.repository, self.settings = folder / "repository", Settings(data_dir=folder / "data")
        for path, text in PROJECT.items():
            self.write(path, text)
        (self.repository / "requirements.lock").write_text("duckdb==1")
        (self.settings.warehouse_dir / "inputs").mkdir(parents=True)
        self.land("selection", imports_monthly="a", screening_list="b")
        self.land("coverage", imports_monthly="covered")
        self.run("""
            create table made_relation as
            select model_name, 'x' as made_of, 'as built' as content
            from (values ('staged'), ('codes'), ('mart'), ('over')) as relations(model_name)
        """)
        self.run("""
            create table loaded_partition as select 'mart' as model_name, 'import' as flow,
                'month' as period_grain, date '2025-01-01' as period_start, 'z' as digest
        """)
        self.run("create macro rate_on(day) as table select 1")
        self.build(*ALL)

    def write(self, path: str, text: str) -> None:
        file = self.repository / "dbt_project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def land(self, name: str, **digests: str) -> None:
        rows = ", ".join(f"('{dataset}', '{digest}')" for dataset, digest in digests.items())
        path = self.settings.warehouse_dir / "inputs" / f"{name}.parquet"
        with duckdb.connect() as con:
            con.execute(f"copy (from (values {rows}) as t(dataset, digest)) to '{path}'")

    def run(self, sql: str) -> None:
        with duckdb.connect(str(self.settings.warehouse_file)) as con:
            con.execute(sql)

    def build(self, *unique_ids: str, content_of_mart: str | None = None) -> None:
        """A build of these that ended well."""
        kept = built.kept_results(self.settings)
        stand = built.standing(self.settings, MANIFEST, kept)
        if content_of_mart:
            self.run(f"update made_relation set content = '{content_of_mart}' where model_name = 'mart'")
        results = {one: {"status": "success"} for one in unique_ids}
        built.keep(self.settings, MANIFEST, kept, stand, results)

    def standing(self) -> dict:
        return built.standing(self.settings, MANIFEST, built.kept_results(self.settings))

    def changed(self) -> set[str]:
        """The nodes whose results do not stand."""
        return built.with_result(MANIFEST) - self.standing().keys()

    def asked(self, *step: str) -> set[str]:
        """What dbt is asked about in a step that builds these models and seeds."""
        return built.to_ask(MANIFEST, self.standing(), {*step})


@pytest.fixture
def warehouse(tmp_path, monkeypatch) -> Warehouse:
    monkeypatch.setattr(built, "REPOSITORY", tmp_path / "repository")
    monkeypatch.setattr(built, "DBT_PROJECT", tmp_path / "repository" / "dbt_project")
    return Warehouse(tmp_path)


def test_everything_stands_when_nothing_has_changed(warehouse):
    assert warehouse.changed() == set()
    assert warehouse.asked(*TABLES) == set()


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("models/staged.sql", {STAGED, MART, MART_TEST, OVER, SUMMED, OVER_TEST}),
        ("models/_models.yml", {*ALL} - {INPUTS, ALONE, CODES, ALONE_TEST}),
        ("models/alone.yml", {ALONE, ALONE_TEST, MART_TEST}),
        ("models/over.sql", {OVER, SUMMED, OVER_TEST}),
        ("seeds/codes.csv", {*ALL} - {STAGED, LISTED, INPUTS, COVERED}),
        ("tests/alone_is_sound.sql", {ALONE_TEST}),
        ("macros/landing.sql", {*ALL}),
        ("tests/generic/sound.sql", {*ALL}),
        ("dbt_project.yml", {*ALL}),
        ("../requirements.lock", {*ALL}),
    ],
)
def test_an_edit_changes_what_is_made_with_it(warehouse, path, changed):
    warehouse.write(path, "edited")

    assert warehouse.changed() == changed


def test_a_new_answer_changes_what_reads_its_dataset_and_whoever_reads_all_inputs(warehouse):
    warehouse.land("selection", imports_monthly="c", screening_list="b")
    # Not the view over the mart, which finds the new rows there by itself.
    assert warehouse.changed() == {STAGED, MART, MART_TEST, INPUTS, SUMMED, OVER_TEST}

    warehouse.land("selection", imports_monthly="a", screening_list="c", labels="d")
    assert warehouse.changed() == {LISTED, COVERED, INPUTS}

    warehouse.land("selection", imports_monthly="a")
    assert warehouse.changed() == {LISTED, COVERED, INPUTS}


def test_what_is_covered_changes_what_says_that_it_reads_it(warehouse):
    warehouse.land("coverage", imports_monthly="rejected")

    assert warehouse.changed() == {COVERED}


@pytest.mark.parametrize(
    "touch",
    [
        "update made_relation set content = 'other'",
        "update loaded_partition set digest = 'other'",
        "create table mine as select 1",
        "create or replace macro rate_on(day) as table select 2",
        "drop table made_relation",
    ],
)
def test_nothing_stands_in_a_warehouse_that_somebody_else_has_built_in(warehouse, touch):
    warehouse.run(touch)

    assert warehouse.changed() == {*ALL}


def test_nothing_stands_without_a_warehouse(warehouse):
    warehouse.settings.warehouse_file.unlink()
    assert warehouse.changed() == {*ALL}

    # Not even what was kept while there was none.
    warehouse.build(*ALL)
    assert warehouse.changed() == {*ALL}


def test_a_test_is_run_in_the_first_step_that_leaves_nothing_of_it_to_be_built(warehouse):
    warehouse.write("models/alone.yml", "edited")
    assert warehouse.asked(CODES, ALONE) == {ALONE, ALONE_TEST, MART_TEST}
    assert warehouse.asked(CODES) == set()

    warehouse.write("seeds/codes.csv", "edited")
    assert warehouse.asked(CODES, ALONE, LISTED) == {CODES, ALONE, ALONE_TEST}
    assert warehouse.asked(CODES, ALONE, MART) == {CODES, ALONE, MART, ALONE_TEST, MART_TEST}


def test_what_dbt_only_writes_out_needs_no_result_and_what_reads_it_is_asked_about(warehouse, monkeypatch):
    """An ephemeral model, an analysis, and tests of a source and of the ephemeral model."""
    ephemeral, analysis = "model.ai_trade.in_between", "analysis.ai_trade.look"
    of_source, of_ephemeral = "test.ai_trade.of_source", "test.ai_trade.of_ephemeral"
    between = node("models/staged.sql", STAGED)
    between["config"]["materialized"] = "ephemeral"
    more = {
        ephemeral: between,
        analysis: node("models/staged.sql", MART),
        of_source: node("tests/alone_is_sound.sql", TRADE),
        of_ephemeral: node("tests/alone_is_sound.sql", ephemeral),
    }
    monkeypatch.setitem(MANIFEST, "nodes", {**MANIFEST["nodes"], **more})
    assert warehouse.asked(*TABLES) == {of_source, of_ephemeral}
    assert built.with_result(MANIFEST) == {*ALL, of_source, of_ephemeral}

    warehouse.build(*ALL, of_source, of_ephemeral)
    assert warehouse.asked(*TABLES) == set()

    warehouse.land("selection", imports_monthly="c", screening_list="b")
    assert warehouse.asked(CODES, ALONE) == {of_source}
    assert warehouse.asked(STAGED) == {STAGED, of_source, of_ephemeral}


def test_a_view_that_stands_is_tested_once_the_table_behind_it_is_built(warehouse):
    warehouse.land("selection", imports_monthly="c", screening_list="b")
    assert warehouse.asked(STAGED, INPUTS) == {STAGED, INPUTS}
    warehouse.build(STAGED, INPUTS)

    assert warehouse.asked(MART, OVER, SUMMED) == {MART, SUMMED, MART_TEST, OVER_TEST}
    warehouse.build(MART, SUMMED, MART_TEST, OVER_TEST)
    assert warehouse.changed() == set()


def test_a_table_that_came_out_as_it_was_leaves_the_readers_of_later_steps_alone(warehouse):
    warehouse.land("selection", imports_monthly="c", screening_list="b")
    # Until it is known what comes out.
    assert {SUMMED, OVER_TEST} <= warehouse.changed()

    warehouse.build(STAGED, INPUTS, MART, MART_TEST)
    assert warehouse.changed() == set()

    warehouse.land("selection", imports_monthly="d", screening_list="b")
    warehouse.build(STAGED, INPUTS, MART, MART_TEST, content_of_mart="other")
    assert warehouse.changed() == {SUMMED, OVER_TEST}


def test_what_was_recorded_of_a_table_says_nothing_once_it_is_written_by_partitions(warehouse, monkeypatch):
    monkeypatch.setitem(MANIFEST["nodes"][MART]["config"], "materialized", "incremental")
    warehouse.land("selection", imports_monthly="c", screening_list="b")
    warehouse.build(STAGED, INPUTS, MART, MART_TEST)
    assert {SUMMED, OVER_TEST} <= warehouse.changed()


def test_a_table_that_was_built_alone_does_not_stand_before_what_it_reads(warehouse):
    warehouse.land("selection", imports_monthly="c", screening_list="b")
    # Built on the rows that were staged before, and on those of the mart behind the view.
    warehouse.build(MART, SUMMED)

    assert warehouse.changed() == {STAGED, MART, MART_TEST, INPUTS, SUMMED, OVER_TEST}

    # Made over the columns that the mart had before.
    warehouse.write("models/mart.sql", "edited")
    warehouse.build(OVER)
    assert OVER in warehouse.changed()


def test_a_file_that_speaks_of_more_nodes_than_there_are_is_no_fault(warehouse):
    path = warehouse.settings.warehouse_dir / "results" / "dbt.json"
    kept = json.loads(path.read_text())
    kept["results"]["model.ai_trade.gone"] = {"status": "success", "made_of": "x"}
    path.write_text(json.dumps(kept))

    assert warehouse.changed() == set()
    assert warehouse.asked(*TABLES) == set()

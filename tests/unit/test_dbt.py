"""When dbt parses the project, and when what it has parsed still stands."""

import os
import re
from subprocess import CompletedProcess

import pytest

from orchestration import dbt
from orchestration.settings import Settings


class Project:
    """A repository with two models, and how often dbt was asked to parse it."""

    def __init__(self, folder, settings):
        self.models, self.settings = folder / "dbt_project" / "models", settings
        self.parsed, self.says, self.is_anew = 0, "", None

    def run(self, command, **_):
        self.parsed += 1
        self.is_anew = "--no-partial-parse" in command
        return CompletedProcess(command, returncode=int(bool(self.says)), stdout="", stderr=self.says)

    def times_parsed(self) -> int:
        before = self.parsed
        dbt.parse_if_stale(self.settings)
        return self.parsed - before


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    project = Project(tmp_path / "repository", Settings(data_dir=tmp_path / "data"))
    project.models.mkdir(parents=True)
    (project.models / "one.sql").write_text("select 1")
    (project.models / "two.sql").write_text("select 2")
    for name in ("DBT_SEND_ANONYMOUS_USAGE_STATS", "DBT_INDIRECT_SELECTION", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(dbt, "REPOSITORY", tmp_path / "repository")
    monkeypatch.setattr(dbt, "DBT_PROJECT", tmp_path / "repository" / "dbt_project")
    monkeypatch.setattr("orchestration.dbt.subprocess.run", project.run)
    assert project.times_parsed() == 1
    return project


def test_files_as_they_were_are_not_parsed_again(project):
    model = project.models / "one.sql"
    os.utime(model, (model.stat().st_mtime + 60,) * 2)
    # dbt run by hand leaves its own SQL there.
    compiled = project.models.parent / "target" / "one.sql"
    compiled.parent.mkdir()
    compiled.write_text("select 1")

    assert project.times_parsed() == 0


@pytest.mark.parametrize(
    ("change", "is_anew"),
    [
        (lambda models: (models / "one.sql").write_text("select 3"), False),
        (lambda models: (models / "one.sql").unlink(), True),
        (lambda models: (models / "one.sql").rename(models / "three.sql"), True),
        (lambda models: (models / "one.yml").write_text("models: []"), True),
    ],
    ids=["edited", "deleted", "renamed", "described"],
)
def test_what_has_changed_is_parsed_once_and_other_files_from_nothing(project, change, is_anew):
    """Else a test of a model that is gone would stay, and keep every release back for want of its result."""
    change(project.models)

    assert [project.times_parsed(), project.times_parsed()] == [1, 0]
    assert project.is_anew == is_anew


def test_another_clone_with_the_same_files_is_another_project(project, monkeypatch):
    """What is parsed names files by where they are."""
    monkeypatch.setattr(dbt, "DBT_PROJECT", project.models.parent.with_name("other"))

    assert project.times_parsed() == 1


def test_a_project_that_does_not_parse_is_tried_again(project):
    (project.models / "one.sql").write_text("select {{ ref('nothing') }}")
    project.says = "depends on a node named 'nothing' which was not found"

    for _ in range(2):
        with pytest.raises(RuntimeError, match="does not parse:\ndepends on a node named 'nothing'"):
            dbt.parse_if_stale(project.settings)

    project.says = ""
    assert project.times_parsed() == 1


def test_no_aggregate_is_taken_over_all_rows_as_a_window():
    """DuckDB 1.5.5 fails on it now and then: https://github.com/duckdb/duckdb/issues/25713."""
    wrong = re.compile(r"(?<!row_number\(\) )\bover\s*\(\s*\)")

    assert wrong.search("count(*) over ()")
    assert [path for path in dbt.DBT_PROJECT.rglob("*.sql") if wrong.search(path.read_text())] == []

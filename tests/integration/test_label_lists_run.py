"""A user's list through the door that a user takes: `make run`, from the file to the release."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.integration.pipeline import Pipeline

GOOD = "code,relevance\n8471.50,High\n854231,medium\n"
NOTHING_NEW = "Nothing is new"


@pytest.fixture(scope="module")
def pipeline(forks):
    return Pipeline(forks)


def vintages(data_dir: Path) -> list[tuple]:
    return duckdb.sql(
        f"""
        select source, dataset, table_name, origin, row_count
        from '{data_dir}/published/release_vintages.parquet' order by all
        """
    ).fetchall()


def staged(data_dir: Path) -> list[tuple]:
    with duckdb.connect(str(data_dir / "warehouse/current/warehouse.duckdb"), read_only=True) as con:
        return con.execute(
            "select commodity_system, commodity_code, relevance from stg_labels__labels order by row_number"
        ).fetchall()


def test_a_list_is_loaded_in_the_run_that_names_it_and_a_bad_one_leaves_the_release_as_it_was(
    pipeline, parsed_project, tmp_path
):
    """No other data is there: the archive is empty, and nothing is asked of the network."""
    data_dir, mine = tmp_path / "data", tmp_path / "private" / "mine.csv"
    mine.parent.mkdir()
    shutil.copytree(parsed_project, data_dir / "dbt")
    environment = {"AITB_DATA_DIR": str(data_dir), "AITB_FETCH": "never"}
    listed = environment | {"AITB_USER_LABELS": str(mine)}

    def run(given: dict[str, str]) -> tuple[int, str]:
        with pipeline.running({"AITB_USER_LABELS": "", **given}) as running:
            return running.exit_code(), " ".join(running.printed().split())

    code, printed = run(environment)
    assert (code, "Nothing is in the archive" in printed) == (2, True)

    mine.write_text(GOOD)
    code, printed = run(listed)
    assert code == 0, printed
    assert "landed user_labels current: 2 rows" in printed
    assert vintages(data_dir) == [("label_lists", "user_labels", "labels", "file", 2)]
    assert staged(data_dir) == [("hs", "847150", "High"), ("hs", "854231", "Medium")]
    release = json.loads((data_dir / "published/release.json").read_text())
    assert (release["origin"], release["composed_from"]) == ("file", ["mine.csv"])
    assert str(mine.parent) not in json.dumps(release)

    assert NOTHING_NEW in run(listed)[1]
    assert NOTHING_NEW in run(environment)[1]

    # What is in brackets is no markup.
    mine.write_text(f"{GOOD}8517,[/high]\n")
    code, printed = run(listed)
    assert code == 1
    assert "row_number 4, column_name code, text_value 8517, reason 4 digits" in printed
    assert "relevance [/high]" in printed
    assert "Kept out: user_labels current: " in printed
    assert staged(data_dir) == [("hs", "847150", "High"), ("hs", "854231", "Medium")]

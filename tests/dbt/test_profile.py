"""dbt's own connections to the warehouse, with the options of profiles.yml."""

from pathlib import Path

import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment
from jinja2 import Template

from tests.dbt.conftest import PROJECT_DIR

ENVIRONMENT = {"AITB_DUCKDB_MEMORY": "40MB"}


def test_a_query_that_spills_to_disk_leaves_the_next_connection_as_good(tmp_path: Path):
    settings = {"AITB_WAREHOUSE_DIR": str(tmp_path), **ENVIRONMENT}
    text = Template((PROJECT_DIR / "profiles.yml").read_text()).render(
        env_var=lambda name, default: settings.get(name, default)
    )
    profile = yaml.safe_load(text)["ai_trade"]["outputs"]["warehouse"]
    environment = LocalEnvironment(DuckDBCredentials.from_dict(profile))
    first = environment.handle()
    first.cursor().execute("create temp table shuffled as select hash(i) as h from range(20_000_000) as r(i)")
    assert list((tmp_path / "spill").iterdir()), "nothing was spilled, so that this proves nothing"
    second = environment.handle()
    assert second.cursor().execute("select current_setting('temp_directory')").fetchone() == (
        str(tmp_path / "spill"),
    )
    environment.close()

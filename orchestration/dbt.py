"""The dbt project as Dagster sees it."""

import os
from pathlib import Path

from dagster_dbt import DbtProject
from dbt.cli.main import dbtRunner

from orchestration.settings import DBT_PROJECT, Settings


def dbt_project(settings: Settings) -> DbtProject:
    """The project with a manifest that is up to date; what dbt writes goes into the data directory."""
    configure(settings)
    target = settings.data_dir / "dbt"
    project = DbtProject(project_dir=DBT_PROJECT, profiles_dir=DBT_PROJECT, target_path=target)
    if _is_stale(project.manifest_path):
        parse(target)
    return project


def configure(settings: Settings) -> None:
    """Tell dbt, which runs as a process of its own, where the warehouse is."""
    settings.warehouse_dir.mkdir(parents=True, exist_ok=True)
    os.environ["AITB_WAREHOUSE_DIR"] = str(settings.warehouse_dir)
    os.environ["DBT_INDIRECT_SELECTION"] = "cautious"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DBT_LOG_PATH"] = str(settings.data_dir / "dbt" / "logs")


def parse(target: Path) -> None:
    """Write manifest.json into `target`; raises with dbt's own message when the project does not parse."""
    folders = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    result = dbtRunner().invoke(["--quiet", "parse", *folders, "--target-path", str(target)])
    if not result.success:
        raise RuntimeError(f"The dbt project does not parse: {result.exception}")


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    written = manifest.stat().st_mtime
    parts = (path for glob in ("**/*.sql", "**/*.yml", "**/*.csv") for path in DBT_PROJECT.glob(glob))
    return any(path.stat().st_mtime > written for path in parts if "target" not in path.parts)

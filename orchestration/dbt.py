"""The dbt project: where it works, and its manifest, which has to be there before Dagster can load it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject

LOCK = REPOSITORY / "requirements.lock"
FOLDERS = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))


def dbt_project(settings: Settings) -> "DbtProject":
    """The project with a manifest that is up to date; what dbt writes goes into the data directory."""
    from dagster_dbt import DbtProject

    parse_if_stale(settings)
    return DbtProject(project_dir=DBT_PROJECT, profiles_dir=DBT_PROJECT, target_path=target(settings))


def target(settings: Settings) -> Path:
    """Where dbt keeps what it has parsed. One folder for every step, so that it parses once."""
    return settings.data_dir / "dbt"


def configure(settings: Settings) -> None:
    """Tell dbt, by its environment, where the warehouse is and which libraries make it."""
    settings.warehouse_dir.mkdir(parents=True, exist_ok=True)
    os.environ["AITB_WAREHOUSE_DIR"] = str(settings.warehouse_dir)
    os.environ["AITB_LIBRARIES"] = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    os.environ["DBT_INDIRECT_SELECTION"] = "cautious"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DBT_LOG_PATH"] = str(target(settings) / "logs")


def parse_if_stale(settings: Settings) -> None:
    """Write manifest.json unless it is newer than every file of the project.

    Raises RuntimeError with dbt's own words when the project does not parse.
    """
    configure(settings)
    if not _is_stale(target(settings) / "manifest.json"):
        return
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "--quiet", "parse", *FOLDERS, "--target-path", str(target(settings))]
    parsed = subprocess.run(command, capture_output=True, text=True, check=False)
    if parsed.returncode:
        raise RuntimeError(f"The dbt project does not parse:\n{parsed.stdout}{parsed.stderr}")


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    written = manifest.stat().st_mtime
    parts = (
        path for glob in ("**/*.sql", "**/*.py", "**/*.yml", "**/*.csv") for path in DBT_PROJECT.glob(glob)
    )
    return any(path.stat().st_mtime > written for path in parts if "target" not in path.parts)

"""The dbt project: where it works, and its manifest, which has to be there before Dagster can load it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import files_digest, names_of_files, write_atomically
from orchestration.settings import DBT_PROJECT, REPOSITORY, Settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject
    from dbt.contracts.graph.manifest import Manifest

LOCK = REPOSITORY / "requirements.lock"
FOLDERS = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))
# What dbt's manifest is made of: the project, and the libraries that parse it.
DBT_CODE = (*(f"dbt_project/**/*.{suffix}" for suffix in ("sql", "py", "csv", "yml")), "requirements.lock")
# What the first step of a refresh builds: the seeds, staging, the codes and partners that everything is
# about, and the claims of preference. Few months bring a new code or claims; else what hangs on these alone
# is not asked about in the second step (`orchestration.built`).
STAGING_MODELS = (
    "resource_type:seed path:models/staging +path:models/marts/reference +int_tariff_claims_by_code"
)


class NotParsed(RuntimeError):
    """The dbt project does not parse; the message is dbt's own."""


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
    """Have dbt parse the project, unless these very files are parsed already.

    Raises `NotParsed` when the project does not parse.
    """
    configure(settings)
    before, project = _parsed_from(settings), _project()
    if before == project:
        return
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "--quiet", "parse", *FOLDERS, "--target-path", str(target(settings))]
    # From what it has parsed before, dbt takes over tests of models that are gone and loses those of others
    # that are described in the same file.
    if before.rpartition("\n")[0] != project.rpartition("\n")[0]:
        command.append("--no-partial-parse")
    parsed = subprocess.run(command, capture_output=True, text=True, check=False)
    if parsed.returncode:
        raise NotParsed(f"The dbt project does not parse:\n{parsed.stdout}{parsed.stderr}")
    write_atomically(target(settings) / "parsed_from", project.encode())


def is_parsed(settings: Settings) -> bool:
    """Whether what dbt has parsed is the project as its files are now."""
    return _parsed_from(settings) == _project()


def _project() -> str:
    """Which files make the project, and a digest of them."""
    # Its place as well: what is parsed names the files of the seeds.
    files = "\n".join(map(str, (DBT_PROJECT, *names_of_files(REPOSITORY, *DBT_CODE))))
    return f"{files}\n{files_digest(REPOSITORY, *DBT_CODE)}"


def _parsed_from(settings: Settings) -> str:
    path = target(settings) / "parsed_from"
    return path.read_text() if path.exists() else ""


def parsed_manifest(target: Path) -> "Manifest":
    """The project as dbt has parsed it into `target`. dbt that is given it does not look for what is new."""
    from dbt.constants import PARTIAL_PARSE_FILE_NAME
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    content = (target / PARTIAL_PARSE_FILE_NAME).read_bytes()
    manifest = Manifest.from_msgpack(content, decoder=extended_mashumuro_decoder)
    # What macros see as `graph` is not kept in the file.
    manifest.build_flat_graph()
    return manifest

"""`make docs`: the dbt documentation and the Great Expectations data docs, as files to open."""

import shutil
import sys

from dbt.cli.main import dbtRunner

from data_quality.runner import build_data_docs
from orchestration.dbt import FOLDERS, configure
from orchestration.lock import Busy, writing
from orchestration.settings import Settings, read_settings


def main() -> int:
    """Write both sites below the data directory; needs a run to document."""
    settings = read_settings()
    if not settings.warehouse_file.exists():
        print(f"There is no warehouse in {settings.data_dir} yet: run `make run` (or `make live`) first.")
        return 2
    try:
        with writing(settings.data_dir, "make docs"):
            return _write(settings)
    except Busy as busy:
        print(busy)
        return 2


def _write(settings: Settings) -> int:
    site = settings.data_dir / "docs"
    shutil.rmtree(site, ignore_errors=True)
    configure(settings)
    target = site / "dbt"
    result = dbtRunner().invoke(
        ["--quiet", "docs", "generate", "--static", *FOLDERS, "--target-path", str(target)]
    )
    if not result.success:
        print(f"The dbt documentation could not be made: {result.exception}")
        return 1
    quality = build_data_docs(settings.quality_dir, site / "quality")
    print(f"dbt:     {target / 'static_index.html'}")
    print(f"quality: {quality}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

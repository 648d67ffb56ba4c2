"""Composes the sample archive: figures as they were re-published, in the agencies' own answer formats.

    python -m sample.compose --figures <folder with the figures>

The figures are served by the replay server, and the live fetch path archives its answers. Every answer says
that it was composed and from which files; `compose.sql` and `compose_controls.py` say what is taken from
where. The lists in `lists/` are files of the repository and are archived as they are.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.archive import Archive, fill
from orchestration.http import Client
from orchestration.settings import Settings
from orchestration.sources.model import EVERYTHING, Scope
from orchestration.sources.registry import DATASETS
from sample.compose_controls import (
    AMENDMENT_BEFORE,
    LAST_AMENDMENT,
    READ_ON,
    plant_export_controls,
)
from tests.replay.figures import Figures, no_figures
from tests.replay.server import KEY, Replay

COMPOSITION = Path(__file__).with_name("compose.sql")
ARCHIVE = Path(__file__).with_name("archive")
COMPOSED_AT = datetime(2026, 11, 21, tzinfo=UTC)  # fixed, so that composing twice gives the same files
# Revisions of the tariff schedule with the names of their releases: the one that 2025 began with, and the
# last one of which there are figures.
TARIFF_RELEASES = {"2025_basic": "2025HTSBasic", "2026_rev_04": "2026HTSRev4"}


@dataclass(frozen=True)
class Part:
    """Some partitions of a dataset, asked for a part of the world."""

    dataset: str
    partitions: Sequence[str]
    scope: Scope = EVERYTHING


def figures(path: Path) -> Figures:
    """The figures of the files below `path`, in the tables that the replay server serves."""
    composed = no_figures()
    composed.execute("set variable figures = ?", [str(path)])
    composed.execute(COMPOSITION.read_text())
    plant_export_controls(composed, path / "export_controls")
    return composed


def parts() -> list[Part]:
    """What the sample covers, in the order in which it is asked."""
    half_year = [f"2025-{month:02}" for month in range(1, 7)]
    year_and_half = [f"2024-{month:02}" for month in range(1, 13)] + half_year
    neighbours = ("1220", "2010")  # Canada, Mexico
    customers = Scope(partners=("4190", "4419", "5520"))  # Ireland, Switzerland, Viet Nam
    usmca = Scope(partners=neighbours, rate_provisions=("18",))
    return [
        Part("countries", ["current"]),
        Part("import_commodities", ["2026"]),
        Part("export_commodities", ["2026"]),
        Part("wto_list", ["current"]),
        Part("chpl_list", ["current"]),
        Part("screening_list", ["2026-07-31"]),
        Part("control_list", [READ_ON]),
        Part("country_chart", [READ_ON]),
        Part("country_groups", [AMENDMENT_BEFORE, LAST_AMENDMENT]),
        Part("imports_annual", ["2024"]),
        Part("imports_monthly", half_year, Scope(partners=neighbours)),
        Part("import_programmes_monthly", half_year, usmca),
        Part("tariff_schedule", list(TARIFF_RELEASES)),
        Part("exports_annual", ["2024"], customers),
        Part("exports_monthly", year_and_half, customers),
    ]


def main() -> None:
    """Replace the sample archive by one composed from the given figures."""
    parser = argparse.ArgumentParser(description="Compose the sample archive.")
    parser.add_argument("--figures", type=Path, required=True, help="folder that holds the figures")
    composed = figures(parser.parse_args().figures)
    shutil.rmtree(ARCHIVE, ignore_errors=True)
    with Replay(composed) as server:
        settings = Settings(
            fetch="always",
            archive_dir=ARCHIVE,
            census_api_key=KEY,
            census_url=server.census_url,
            census_schedules_url=server.schedules_url,
            hts_url=server.hts_url,
            csl_url=server.csl_url,
            ecfr_url=server.ecfr_url,
        )
        archive = Archive(settings.archive_dir, compression_level=19)
        # The replay server needs no pauses between requests.
        with Client(settings, sleep=lambda _: None) as client:
            for part in parts():
                source, dataset = DATASETS[part.dataset]
                for partition in part.partitions:
                    # The service serves the release in force.
                    composed.execute(
                        "update tariff_releases set is_current = release_name = ?",
                        [TARIFF_RELEASES.get(partition, "")],
                    )
                    fill(client, archive, source, dataset, partition, part.scope, now=lambda: COMPOSED_AT)
                print(f"{part.dataset}: {', '.join(part.partitions)}")


if __name__ == "__main__":
    main()

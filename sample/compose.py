"""Composes the sample archive: Census figures as they were re-published, in Census's own answer format.

    python -m sample.compose --figures <folder with the figures>

The figures are served by the replay server, and the live fetch path archives its answers. Every answer says
that it was composed and from which files; `compose.sql` says what is taken from where. The WTO's list is a
file of the repository (`lists/`) and is archived as it is.
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
from tests.replay.figures import Figures, no_figures
from tests.replay.server import KEY, Replay

COMPOSITION = Path(__file__).with_name("compose.sql")
ARCHIVE = Path(__file__).with_name("archive")
COMPOSED_AT = datetime(2026, 11, 21, tzinfo=UTC)  # fixed, so that composing twice gives the same files


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
        Part("imports_annual", ["2024"]),
        Part("imports_monthly", half_year, Scope(partners=neighbours)),
        Part("import_programmes_monthly", half_year, usmca),
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
        )
        archive = Archive(settings.archive_dir, compression_level=19)
        # The replay server needs no pauses between requests.
        with Client(settings, sleep=lambda _: None) as client:
            for part in parts():
                source, dataset = DATASETS[part.dataset]
                for partition in part.partitions:
                    fill(client, archive, source, dataset, partition, part.scope, now=lambda: COMPOSED_AT)
                print(f"{part.dataset}: {', '.join(part.partitions)}")


if __name__ == "__main__":
    main()

"""Landed commodity lists for the labeller: thirty import and six export codes of six headings."""

from pathlib import Path

from orchestration.assets.landing import bring_in
from orchestration.http import Client
from orchestration.settings import Settings
from orchestration.sources.registry import DATASETS
from tests.replay.figures import Figures, no_figures, plant
from tests.replay.server import Replay

HEADINGS = ("0101", "6109", "7308", "8471", "8504", "9403")
IMPORT_CODES = [f"{heading}{number:06d}" for heading in HEADINGS for number in range(5)]
EXPORT_CODES = [f"{heading}900000" for heading in HEADINGS]
SYSTEMS = {"import": "hts10", "export": "schedule_b10"}
PRODUCTS = [("hts10", code) for code in IMPORT_CODES] + [("schedule_b10", code) for code in EXPORT_CODES]
EDITION = 2025


def description_of(code: str) -> str:
    return f"GOODS OF HEADING {code[:4]}, NESOI, NUMBER {code[4:]}"


def lists(changed: dict[str, str] | None = None, edition: int = EDITION) -> Figures:
    """The commodity lists of one edition, some codes with another description."""
    figures = no_figures()
    for flow, codes in (("imports", IMPORT_CODES), ("exports", EXPORT_CODES)):
        rows = [
            {
                "flow": flow,
                "edition": edition,
                "commodity_code": code,
                "short_description": f"GOODS {code}",
                "long_description": (changed or {}).get(code, description_of(code)),
                "unit_1": "NO",
                "unit_2": "X",
                "sitc": "75220",
                "end_use": "21300",
                "usda": "1",
                "naics": "334111" if code.startswith("8471") else None,
                "hitech": "00",
            }
            for code in codes
        ]
        plant(figures, "commodities", rows)
    return figures


def land_lists(data_dir: Path, changed: dict[str, str] | None = None, edition: int = EDITION) -> None:
    """Bring the lists into landing the way that every list takes, from a local server."""
    with Replay(lists(changed, edition)) as server:
        settings = Settings(data_dir=data_dir, fetch="always", census_schedules_url=server.schedules_url)
        with Client(settings, sleep=lambda _: None) as client:
            for side in SYSTEMS:
                source, dataset = DATASETS[f"{side}_commodities"]
                bring_in(settings, client, source, dataset, str(edition))

"""A small world of planted figures: three countries, two groups, four products, that all add up.

Every value is a multiple of a thousand dollars in January, so that tenths of it stay whole.
"""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pandas as pd

from orchestration.archive import Archive, Entry, Snapshot
from orchestration.settings import Settings
from orchestration.sources.model import EVERYTHING, Grain, Request
from orchestration.sources.registry import DATASETS
from tests.replay.figures import Figures, no_figures, plant

KEY = "5eed0000c0ffee0000key0000f00d0000beef000"

# Dollars of January 2025 by partner and product; 0101… is there for its leading zero.
IMPORTS = {
    ("1220", "0101210010"): 3_000,
    ("1220", "8471500150"): 40_000,
    ("2010", "8471500150"): 90_000,
    ("2010", "8542310075"): 7_000,
    ("5700", "8471500150"): 50_000,
    ("5700", "8542310075"): 25_000,
}
EXPORTS = {
    ("1220", "0101210010"): 2_000,
    ("1220", "8471500110"): 30_000,
    ("2010", "8542310001"): 6_000,
    ("5700", "8542310001"): 11_000,
}
ALL_IMPORTS = sum(IMPORTS.values())
ALL_EXPORTS = sum(EXPORTS.values())

# Period, grain → how many per cent of January it is.
PERIODS = {("2025-01", "month"): 100, ("2025-02", "month"): 110, ("2024-12", "year"): 1200}

GROUPS = {"0020": ("1220", "2010"), "5XXX": ("5700",)}
COUNTRIES = ("1220", "2010", "5700")
MEASURES = ("gen_val", "con_val", "dut_val", "cal_dut", "con_cha", "all_val")


def planted_world() -> Figures:
    """The figures of all `PERIODS`, programmes, commodity lists of 2025, countries, and a screened party."""
    figures = no_figures()
    for name, rows in _planted().items():
        figures.register("rows", rows)
        figures.execute(f"insert into {name} from rows")
    party = {"name": "Some Party", "source": "Entity List (EL) - Bureau of Industry and Security"}
    figures.execute("insert into screened_parties values (?, null)", [json.dumps(party)])
    return figures


@cache
def _planted() -> dict[str, pd.DataFrame]:
    figures = no_figures()
    for (period, grain), percent in PERIODS.items():
        plant_imports(figures, period, grain, percent)
        plant_exports(figures, period, grain, percent)
    for flow, codes in (("imports", IMPORTS), ("exports", EXPORTS)):
        plant(
            figures,
            "commodities",
            [
                {
                    "flow": flow,
                    "edition": 2025,
                    "commodity_code": code,
                    "short_description": f"SHORT {code}",
                    "long_description": f"LONG DESCRIPTION OF {code}",
                    "unit_1": "NO",
                    "unit_2": "X",
                    "sitc": "75220",
                    "end_use": "21300",
                    "usda": "1",
                    "naics": "334111",
                    "hitech": "04",
                }
                for code in sorted({code for _, code in codes})
            ],
        )
    plant(
        figures,
        "countries",
        [
            {"partner_code": "1220", "partner_name": "Canada", "iso2": "CA"},
            {"partner_code": "2010", "partner_name": "Mexico", "iso2": "MX"},
            {"partner_code": "5700", "partner_name": "China", "iso2": "CN"},
            {"partner_code": "7920", "partner_name": "Namibia", "iso2": "NA"},
            {"partner_code": "8220", "partner_name": "Unidentified", "iso2": None},
        ],
    )
    return {name: figures.execute(f"from {name}").df() for name in ("trade", "commodities", "countries")}


def plant_imports(figures: Figures, period: str, grain: str, percent: int = 100) -> None:
    """A period of imports: ten-digit rows, what they add up to, and their rate provisions."""
    figures.execute(f"""
        insert into trade (flow, period, grain, level, partner_code, commodity_code, con_val, gen_val,
                           dut_val, cal_dut, con_cha, con_qy1, unit_qy1, con_qy2, unit_qy2)
        select 'imports', '{period}', '{grain}', 'HS10', partner, code, value, value + 10, value // 2,
               value // 10, 10, 70, 'NO', 0, 'X'
        from (select partner, code, january * {percent} // 100 as value from ({_rows(IMPORTS)}))
    """)
    _plant_sums(figures, "imports", period, grain)
    # Of each product, six tenths came in under a programme (18, free), the rest paid all the duty (61).
    figures.execute(f"""
        insert into trade (flow, period, grain, level, partner_code, commodity_code, kind, con_val, cal_dut)
        select flow, period, grain, level, partner_code, commodity_code, provision,
               case provision when '18' then con_val * 6 // 10 else con_val * 4 // 10 end,
               case provision when '18' then 0 else cal_dut end
        from trade, (values ('18'), ('61')) as provisions(provision)
        where flow = 'imports' and period = '{period}' and grain = '{grain}' and level = 'HS10'
              and partner_code in {COUNTRIES}
    """)


def plant_exports(figures: Figures, period: str, grain: str, percent: int = 100) -> None:
    """A period of exports, each row as a total beside its domestic (nine tenths) and foreign parts."""
    figures.execute(f"""
        insert into trade
            (flow, period, grain, level, partner_code, commodity_code, kind, all_val, qty_1, unit_qy1)
        select 'exports', '{period}', '{grain}', 'HS10', partner, code, kind,
               january * {percent} // 100 * tenths // 10, tenths, 'NO'
        from ({_rows(EXPORTS)}), (values ('-', 10), ('1', 9), ('2', 1)) as parts(kind, tenths)
    """)
    _plant_sums(figures, "exports", period, grain)


def _rows(values: dict[tuple[str, str], int]) -> str:
    rows = ", ".join(f"('{partner}', '{code}', {value})" for (partner, code), value in values.items())
    return f"from (values {rows}) as january(partner, code, january)"


def _plant_sums(figures: Figures, flow: str, period: str, grain: str) -> None:
    """World and group rows of the ten-digit rows, then chapters and totals of all of them."""
    members = [(group, partner) for group, partners in GROUPS.items() for partner in partners]
    members = ", ".join(str(pair) for pair in [*members, *(("-", partner) for partner in COUNTRIES)])
    at = f"flow = '{flow}' and period = '{period}' and grain = '{grain}'"
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    into = f"""
        insert into trade
            (flow, period, grain, level, partner_code, commodity_code, kind, {", ".join(MEASURES)})
    """
    figures.execute(f"""
        {into}
        select flow, period, grain, level, group_code, commodity_code, kind, {sums}
        from trade join (values {members}) as member(group_code, partner_code) using (partner_code)
        where {at} group by all
    """)
    for level, code, of in (("HS2", "commodity_code[:2]", "HS10"), ("-", "'-'", "HS2")):
        figures.execute(f"""
            {into}
            select flow, period, grain, '{level}', partner_code, {code}, kind, {sums}
            from trade where {at} and level = '{of}' group by all
        """)


def archive_something(settings: Settings, grain: Grain, *partitions: str) -> None:
    """Have an answer, whatever it says, of each dataset of a grain whose source is configured."""
    archive, at = Archive(settings.archive_dir), datetime(2026, 1, 1, tzinfo=UTC)
    entry = Entry(Request("anything"), 200, "text/plain", at, archive.put(b"anything"), 8, "agency", ())
    for source, dataset in DATASETS.values():
        if dataset.grain == grain and getattr(settings, source.base_url) is not None:
            for partition in partitions:
                archive.commit(Snapshot(source.name, dataset.name, partition, at, EVERYTHING, (entry,)))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def files_holding(folder: Path, text: str) -> list[str]:
    """Files below a folder whose bytes or whose names hold a text."""
    return [name for name, body in contents(folder).items() if text.encode() in body or text in name]

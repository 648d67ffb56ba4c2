"""A small world of planted figures: three countries, two groups, four products, that all add up.

Every figure is a multiple of ten, so that shares of it are whole dollars.
"""

from pathlib import Path

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
NAMES = {
    "-": "TOTAL FOR ALL COUNTRIES",
    "0020": "USMCA (NAFTA)",
    "1220": "CANADA",
    "2010": "MEXICO",
    "5700": "CHINA",
    "5XXX": "ASIA",
}
MEASURES = ("gen_val", "con_val", "dut_val", "cal_dut", "con_cha", "all_val")


def planted_world() -> Figures:
    """The figures of all `PERIODS`, programmes, commodity lists of 2025 and the list of countries."""
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
    return figures


def plant_imports(figures: Figures, period: str, grain: str, percent: int = 100) -> None:
    """A period of imports: ten-digit rows and what they add up to, and their rate provisions."""
    at = {"flow": "imports", "period": period, "grain": grain}
    rows = []
    for (partner, code), january in IMPORTS.items():
        value = january * percent // 100
        rows.append(
            at
            | {"level": "HS10", "partner_code": partner, "commodity_code": code}
            | {"con_val": value, "gen_val": value + 10, "dut_val": value // 2, "cal_dut": value // 10}
            | {"con_cha": 10, "con_qy1": 70, "unit_qy1": "NO", "con_qy2": 0, "unit_qy2": "X"}
        )
    plant(figures, "trade", rows)
    plant_sums(figures, **at)
    # Of each product, six tenths came in under a programme (18, free), the rest paid all the duty (61).
    for row in rows:
        shared = at | {name: row[name] for name in ("level", "partner_code", "commodity_code")}
        free = row["con_val"] * 6 // 10
        plant(
            figures,
            "trade",
            [
                shared | {"kind": "18", "con_val": free, "cal_dut": 0},
                shared | {"kind": "61", "con_val": row["con_val"] - free, "cal_dut": row["cal_dut"]},
            ],
        )


def plant_exports(figures: Figures, period: str, grain: str, percent: int = 100) -> None:
    """A period of exports, each row as a total beside its domestic (nine tenths) and foreign parts."""
    at = {"flow": "exports", "period": period, "grain": grain}
    for (partner, code), january in EXPORTS.items():
        value = january * percent // 100
        for kind, part in (("-", value), ("1", value * 9 // 10), ("2", value // 10)):
            row = at | {"level": "HS10", "partner_code": partner, "commodity_code": code, "kind": kind}
            plant(figures, "trade", [row | {"all_val": part, "qty_1": part // 100, "unit_qy1": "NO"}])
    plant_sums(figures, **at)


def plant_sums(figures: Figures, flow: str, period: str, grain: str) -> None:
    """World and group rows of the ten-digit rows, then chapters and totals of all of them."""
    figures.execute("create or replace temp table member (group_code varchar, partner_code varchar)")
    members = [(group, partner) for group, partners in GROUPS.items() for partner in partners]
    members += [("-", partner) for partner in ("1220", "2010", "5700")]
    figures.executemany("insert into member values (?, ?)", members)
    at = f"flow = '{flow}' and period = '{period}' and grain = '{grain}'"
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    keep = f"'{flow}', '{period}', '{grain}'"
    columns = f"flow, period, grain, level, partner_code, commodity_code, kind, {', '.join(MEASURES)}"
    figures.execute(f"""
        insert into trade ({columns})
        select {keep}, 'HS10', group_code, commodity_code, kind, {sums}
        from trade join member using (partner_code) where {at} group by all
    """)
    figures.execute(f"""
        insert into trade ({columns})
        select {keep}, 'HS2', partner_code, commodity_code[:2], kind, {sums}
        from trade where {at} and level = 'HS10' group by all
    """)
    figures.execute(f"""
        insert into trade ({columns})
        select {keep}, '-', partner_code, '-', kind, {sums}
        from trade where {at} and level = 'HS2' group by all
    """)
    for code, name in NAMES.items():
        figures.execute(f"update trade set partner_name = ? where partner_code = ? and {at}", [name, code])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def files_holding(folder: Path, text: str) -> list[str]:
    """Files below a folder whose bytes or whose names hold a text."""
    return [name for name, body in contents(folder).items() if text.encode() in body or text in name]

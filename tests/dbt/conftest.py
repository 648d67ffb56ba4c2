"""A warehouse of a few rows for tests of the dbt project, with its landing, selection and coverage."""

import hashlib
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pytest

from tests.forks import Forks

RUN_DBT = """
from orchestration.assets.dbt_build import run_dbt
sys.exit(not run_dbt({arguments!r}, manifest, told=[]).success)
"""

PROJECT_DIR = Path(__file__).parents[2] / "dbt_project"
VINTAGE = "2025-09-04 12:30:00"

MONEY = """
    {value} as value_usd, {duty} as duty_usd, {value} + 1 as general_value_usd, {value} as dutiable_value_usd,
    null::bigint as charges_usd
"""
PARTS = "null::bigint as domestic_value_usd, null::bigint as foreign_value_usd"
QUANTITIES = (
    "null::bigint as quantity_1, null::varchar as unit_1, null::bigint as quantity_2, null::varchar as unit_2"
)


@dataclass
class TinyWarehouse:
    """A warehouse directory, the landing files it is built from, and dbt to build it.

    `forks` starts dbt, and `log` is what it printed last. `landed` maps (dataset, partition, table) to a row
    of the selection; `select` writes it to inputs/.
    """

    directory: Path
    forks: Forks
    landed: dict[tuple[str, str, str], tuple] = field(default_factory=dict)
    covered: dict[tuple[str, str], str] = field(default_factory=dict)
    log: str = ""

    @property
    def file(self) -> Path:
        return self.directory / "warehouse.duckdb"

    def land_month(self, flow: str, month: str, values: dict[tuple[str, str], int]) -> None:
        """Land ten-digit rows of one month; `values` maps (partner, code) to US dollars."""
        dataset, system = {
            "import": ("imports_monthly", "hts10"),
            "export": ("exports_monthly", "schedule_b10"),
        }[flow]
        period = f"'{flow}' as flow, 'month' as period_grain, date '{month}-01' as period_start"
        duty = "value // 10" if flow == "import" else "null::bigint"
        rows = ", ".join(
            f"('{partner}', '{code}', {value}::bigint)" for (partner, code), value in values.items()
        )
        source = f"(values {rows}) as t (partner, code, value)"
        money = MONEY.format(value="value", duty=duty)
        commodity = f"'{system}' as commodity_system, code as commodity_code"
        self._land(
            (dataset, month, "goods"),
            (flow, "month", f"{month}-01"),
            f"select {period}, partner as partner_code, {commodity}, {money}, {QUANTITIES}, {PARTS}"
            f" from {source} order by partner, code",
        )
        summed = MONEY.format(value="sum(value)::bigint", duty=f"sum({duty})::bigint")
        self._land(
            (dataset, month, "goods_aggregate"),
            (flow, "month", f"{month}-01"),
            f"select {period}, '-' as partner_code, 'world' as partner_kind, {commodity}, {summed},"
            f" {QUANTITIES}, {PARTS} from {source} group by code order by code",
        )
        self._land(
            (dataset, month, "totals_aggregate"),
            (flow, "month", f"{month}-01"),
            f"select {period}, '-' as partner_code, 'world' as partner_kind, {summed}, {PARTS} from {source}",
        )
        self.covered[dataset, month] = flow

    def land_reference(self) -> None:
        for dataset, system, code in (
            ("import_commodities", "hts10", "8471500150"),
            ("export_commodities", "schedule_b10", "8471500000"),
        ):
            self._land(
                (dataset, "2025", "commodities"),
                (None, None, None),
                f"select '{system}' as commodity_system, '{code}' as commodity_code, 2025 as edition_year,"
                " 'Servers' as description, 'Servers' as short_description, 'NO' as unit_1,"
                " null::varchar as unit_2, null::varchar as sitc_code, null::varchar as end_use_code,"
                " null::varchar as naics_code, null::varchar as usda_code, null::varchar as hitech_code",
            )
        self._land(
            ("countries", "current", "countries"),
            (None, None, None),
            "select '5700' as partner_code, 'China' as partner_name, 'CN' as iso2",
        )

    def remove_month(self, flow: str, month: str) -> None:
        dataset = {"import": "imports_monthly", "export": "exports_monthly"}[flow]
        self.landed = {key: row for key, row in self.landed.items() if key[:2] != (dataset, month)}
        del self.covered[dataset, month]

    def _land(self, key: tuple[str, str, str], period: tuple, query: str) -> None:
        path = self.directory / "landing" / Path(*key).with_suffix(".parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as con:
            con.execute(f"copy (select *, timestamp '{VINTAGE}' as vintage_at from ({query})) to '{path}'")
            columns = [row[0] for row in con.execute(f"describe from '{path}'").fetchall()]
            value = "sum(value_usd)" if "value_usd" in columns else "null"
            rows, value_usd = con.execute(f"select count(*), {value} from '{path}'").fetchone()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.landed[key] = (*period, str(path), digest, rows, value_usd)

    def select(self) -> None:
        """Write what dbt reads first: everything that is landed is selected, all partners were asked."""
        inputs = self.directory / "inputs"
        inputs.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as con:
            con.execute("""
                create table selection (source varchar, dataset varchar, table_name varchar, flow varchar,
                    period_grain varchar, period_start date, partition varchar, path varchar, digest varchar,
                    vintage_at timestamp, origin varchar, row_count bigint, value_usd hugeint)
            """)
            for (dataset, partition, table), row in self.landed.items():
                flow, grain, start, path, digest, rows, value = row
                con.execute(
                    "insert into selection values ('census', ?, ?, ?, ?, ?, ?, ?, ?, ?, 'composed', ?, ?)",
                    [dataset, table, flow, grain, start, partition, path, digest, VINTAGE, rows, value],
                )
            con.execute("""
                create table coverage (dataset varchar, flow varchar, period_grain varchar, period_start date,
                    level varchar, partner_code varchar, status varchar, reason varchar, vintage_at timestamp)
            """)
            for (dataset, month), flow in self.covered.items():
                con.execute(
                    "insert into coverage values (?, ?, 'month', ?, 'hs10', '*', 'covered', null, ?)",
                    [dataset, flow, f"{month}-01", VINTAGE],
                )
            for table in ("selection", "coverage"):
                con.execute(f"copy {table} to '{inputs / table}.parquet'")

    def dbt(self, *arguments: str, before: str = "") -> int:
        """Run dbt in a process of its own and return its exit code; `before` is Python to run there first."""
        code = RUN_DBT.format(arguments=list(arguments))
        with self.forks.running(self.environment, before + code) as run:
            exit_code = run.exit_code()
        self.log = run.printed()
        return exit_code

    def said(self) -> list[str]:
        """The messages of `log`, each of which begins with the time of day."""
        return re.split(r"^\d\d:\d\d:\d\d  ", self.log, flags=re.MULTILINE)

    def build(self, *arguments: str) -> None:
        self.select()
        code = self.dbt("build", "--exclude-resource-type", "test", "unit_test", *arguments)
        assert code == 0, self.log

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AITB_WAREHOUSE_DIR": str(self.directory),
            "DBT_PROJECT_DIR": str(PROJECT_DIR),
            "DBT_PROFILES_DIR": str(PROJECT_DIR),
            "DBT_TARGET_PATH": str(self.directory.parent / "target"),
            "DBT_WRITE_JSON": "false",
        }

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.file)) as con:
            return con.execute(sql).fetchall()

    def change(self, *statements: str) -> None:
        """Change rows of tables, and record their content as loading or making them does."""
        with duckdb.connect(str(self.file)) as con:
            for statement in statements:
                con.execute(statement)
            for (table,) in con.execute("""
                select model_name from made_relation
                join duckdb_tables() on table_name = model_name
            """).fetchall():
                rows = "concat_ws(':', count(*), sum(hash(t)), md5(any_value(typeof(t))))"
                content = f"select {rows} from {table} as t"
                con.execute(f"update made_relation set content = ({content}) where model_name = ?", [table])

    def tables(self) -> dict[str, list[tuple]]:
        """Every table of the warehouse as sorted rows."""
        with duckdb.connect(str(self.file)) as con:
            names = con.execute("select table_name from duckdb_tables() where not temporary").fetchall()
            return {name: con.execute(f"from {name} order by all").fetchall() for (name,) in names}


@pytest.fixture(scope="session")
def built_once(forks, tmp_path_factory) -> tuple[TinyWarehouse, Path]:
    """A warehouse of three months, built, and a copy of its directory."""
    warehouse = TinyWarehouse(tmp_path_factory.mktemp("dbt") / "warehouse", forks)
    for i, month in enumerate(("2025-01", "2025-02", "2025-03")):
        values = {
            ("5700", "8471500150"): 1000 + i,
            ("5700", "0101210010"): 70 + i,
            ("4190", "8471500150"): 300,
        }
        warehouse.land_month("import", month, values)
        warehouse.land_month("export", month, {("5700", "8471500000"): 200 + i, ("4190", "0102290000"): 5})
    warehouse.land_reference()
    warehouse.build()
    copy = warehouse.directory.parent / "copy"
    shutil.copytree(warehouse.directory, copy)
    return warehouse, copy


def as_new(built_once: tuple[TinyWarehouse, Path]) -> TinyWarehouse:
    """The built warehouse without what tests did to it, in the same place: its views name files there."""
    built, copy = built_once
    shutil.rmtree(built.directory)
    shutil.copytree(copy, built.directory)
    return replace(built, landed=dict(built.landed), covered=dict(built.covered))


@pytest.fixture
def warehouse(built_once: tuple[TinyWarehouse, Path]) -> TinyWarehouse:
    """The built warehouse, as new for each test."""
    return as_new(built_once)

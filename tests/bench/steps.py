"""What is measured. Each step is a process of its own, so that its time and its memory are its own.

python -m tests.bench.steps <step> '<arguments as JSON>'      gives its findings as JSON, last on stdout
"""

import csv
import gc
import json
import os
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from shutil import rmtree
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import duckdb
import yaml
from jinja2 import Template

from orchestration.archive import Archive, Snapshot
from orchestration.dbt import FOLDERS, parse_if_stale, parsed_manifest, target
from orchestration.settings import DBT_PROJECT, SEEDS, Settings
from orchestration.sources.registry import DATASETS

if TYPE_CHECKING:
    from dbt.contracts.results import RunResult

# A month for which the gate has members of groups to add up.
ANSWERED_MONTH = "2024-06"
FLOWS = ("import", "export")
# Rows that Census serves for each row of exports that lands: the total and its parts.
SERVED_PER_EXPORT = 2.95
PARTY_MATCHES = DBT_PROJECT / "models" / "intermediate" / "screening" / "int_party_matches.py"
# From this score on a name is a candidate: the seed export_control_parameter.
SCREENING_SCORE = 82


def make_answers(settings: Settings, rows: int) -> dict:
    """Archive one month of both flows, about `rows` served rows each."""
    from tests.bench.answers import archive_month
    from tests.bench.generate import generate_month, land_reference_data, prepare

    land_reference_data(settings)
    archive = Archive(settings.archive_dir)
    served = {}
    with duckdb.connect() as con:
        prepare(con, settings, {"import": rows, "export": round(rows / SERVED_PER_EXPORT)})
        for flow in FLOWS:
            generate_month(con, flow, ANSWERED_MONTH)
            served[flow] = archive_month(con, archive, DATASETS[f"{flow}s_monthly"][1], ANSWERED_MONTH)
    sizes = [entry.size for snapshot in _answered(settings) for entry in snapshot.entries]
    return {"rows": sum(served.values()), "answers": len(sizes), "megabytes": sum(sizes) / 1e6}


def land_month(settings: Settings, times: int) -> dict:
    """Seconds to land the archived month with its gate, beside a bare copy of the same files, by turns.

    Each as the median of wall and of processor seconds.
    """
    from orchestration.landing import land

    _start_up()
    archive = Archive(settings.archive_dir)
    snapshots = _answered(settings)
    files = [str(archive.verified_path(entry)) for snapshot in snapshots for entry in snapshot.entries]
    fresh = settings.model_copy(update={"data_dir": settings.data_dir / "landed"})

    def landing() -> None:
        for snapshot in snapshots:
            land(fresh, DATASETS[snapshot.dataset][1], snapshot)

    def bare() -> None:
        with duckdb.connect(config={"threads": 2}) as con:
            con.execute(f"copy (select * from read_json({files!r})) to '{settings.data_dir}/bare.parquet'")

    seconds: dict[str, list[tuple[float, float]]] = {"landing": [], "bare": []}
    for _ in range(times):
        rmtree(fresh.data_dir, ignore_errors=True)
        for work in (landing, bare):
            start, start_of_processor = perf_counter(), process_time()
            work()
            seconds[work.__name__].append((perf_counter() - start, process_time() - start_of_processor))
    rmtree(fresh.data_dir)
    return {name: [median(values) for values in zip(*pairs, strict=True)] for name, pairs in seconds.items()}


def make_history(settings: Settings, first_year: int, years: int, rows: int) -> dict:
    """Land `years` × 12 months of both flows, about `rows` rows of a month and flow."""
    months = [
        f"{year}-{month:02}" for year in range(first_year, first_year + years) for month in range(1, 13)
    ]
    return _generate(settings, months, rows)


def make_new_month(settings: Settings, month: str, rows: int) -> dict:
    """Land one month more."""
    return _generate(settings, [month], rows)


def _generate(settings: Settings, months: list[str], rows: int) -> dict:
    from tests.bench.generate import commit_month, generate_month, land_reference_data, prepare

    land_reference_data(settings)
    landed = 0
    with duckdb.connect() as con:
        prepare(con, settings, dict.fromkeys(FLOWS, rows))
        for month in months:
            for flow in FLOWS:
                generate_month(con, flow, month)
                landed += commit_month(con, settings, flow, month)
    files = [path for path in settings.landing_dir.rglob("*.parquet") if path.parents[1].name in months]
    return {"rows": landed, "megabytes": sum(path.stat().st_size for path in files) / 1e6}


def write_inputs(settings: Settings) -> dict:
    """List for dbt what has landed."""
    from orchestration.landing import write_warehouse_inputs

    return _timed(lambda: write_warehouse_inputs(settings))


def build(settings: Settings, commands: list[list[str]], again: bool = False) -> dict:
    """Run commands of dbt as the steps of a refresh do: in one process, only about what may have changed.

    Gives the seconds from the first model's begin to the last one's end, with compiling and waiting, added up
    over the commands, those of the commands as a whole, and how many nodes dbt was asked about; `again`: also
    the seconds for the same models once more, when there is nothing to do. What the pipeline imports before
    its first step is start-up.
    """
    from orchestration.assets.dbt_build import ASKED, let_go, run_dbt
    from orchestration.built import keep, kept_results, standing

    _start_up()
    parse_if_stale(settings)
    where = ["--target-path", str(target(settings)), *FOLDERS]
    parsed = json.loads((target(settings) / "manifest.json").read_text())

    def run(command: list[str], asked: Iterable[str]) -> "list[RunResult]":
        manifest = parsed_manifest(target(settings))
        for unique_id in asked:
            manifest.nodes[unique_id].tags.append(ASKED)
        finished = run_dbt([*command, *where], manifest, [])
        let_go()
        if not finished.success:
            raise SystemExit(f"dbt {' '.join(command)} failed: {finished.exception or 'see above'}")
        return finished.result.results

    steps, seconds, seconds_again, whole, nodes = [], 0.0, 0.0, 0.0, 0
    for command in commands:
        start = perf_counter()
        kept = kept_results(settings)
        stand = standing(settings, parsed, kept)
        asked = [unique_id for unique_id in parsed["nodes"] if unique_id not in stand]
        results = run(command, asked)
        keep(settings, parsed, kept, stand, {r.node.unique_id: {"status": r.status} for r in results})
        steps.append((command, asked))
        whole += perf_counter() - start
        seconds += _span(results)
        nodes += sum(result.node.resource_type != "operation" for result in results)
    if again:
        seconds_again = sum(_span(run(command, asked)) for command, asked in steps)
    return {"seconds": seconds, "seconds_again": seconds_again, "whole": whole, "nodes": nodes}


def _span(results: "Iterable[RunResult]") -> float:
    """Seconds from the first model's begin to the last one's end."""
    moments = [t for result in results if result.node.resource_type == "model" for t in result.timing]
    if not moments:
        return 0.0
    return (max(t.completed_at for t in moments) - min(t.started_at for t in moments)).total_seconds()


def build_bare(settings: Settings) -> dict:
    """Seconds for the SQL that dbt compiled, run in one DuckDB session in the order of its dependencies.

    Seeds, and the tables that models in Python give, are there when the clock starts. Tables are made by
    `create table … as`, views and macros as such. DuckDB's settings are those of dbt_project/profiles.yml.
    """
    results = json.loads((target(settings) / "run_results.json").read_text())["results"]
    nodes = json.loads((target(settings) / "manifest.json").read_text())["nodes"]
    compiled = {
        r["unique_id"]: r["compiled_code"]
        for r in results
        if r["unique_id"].startswith("model.") and nodes[r["unique_id"]]["language"] == "sql"
    }
    built = settings.warehouse_file
    # The file has the same name, because compiled SQL names the database.
    bare = settings.data_dir / "bare" / built.name
    bare.parent.mkdir()
    options = _profile()["config_options"] | {"temp_directory": str(bare.parent / "spill")}
    with duckdb.connect(str(bare), config=options) as con:
        con.execute(f"attach '{built}' as built (read_only)")
        for node in nodes.values():
            if node["resource_type"] == "seed" or node.get("language") == "python":
                con.execute(f"create table {node['name']} as from built.{node['schema']}.{node['name']}")
        con.execute("detach built")
        seconds = {}
        for unique_id in _in_order(nodes, compiled):
            start = perf_counter()
            con.execute(_create(nodes[unique_id], compiled[unique_id]))
            seconds[nodes[unique_id]["name"]] = perf_counter() - start
    rmtree(bare.parent)
    return {"seconds": sum(seconds.values()), "models": seconds}


def _create(node: dict, query: str) -> str:
    kind = node["config"]["materialized"]
    if kind == "table_macro":
        return f"create macro {node['name']}({', '.join(node['config']['arguments'])}) as table {query}"
    return f"create {'view' if kind == 'view' else 'table'} {node['name']} as {query}"


def publish(settings: Settings) -> dict:
    """Seconds for publishing what the warehouse holds, and the size of the release."""
    from orchestration.landing import selected
    from orchestration.publish import build_release, identity, swap_in

    manifest = json.loads((target(settings) / "manifest.json").read_text())
    about = identity(settings, list(selected(settings)))
    timing = _timed(lambda: swap_in(settings, build_release(settings, manifest, about, [])))
    files = list((settings.release_dir / "current").resolve().iterdir())
    return timing | {"megabytes": sum(path.stat().st_size for path in files) / 1e6}


def table_in_duckdb(settings: Settings) -> dict:
    """The annual AI table over the landed files, in DuckDB."""
    files, products = _files_of_imports(settings), str(settings.release_dir / "ai_product.parquet")
    with duckdb.connect() as con:
        return _timed(
            lambda: con.execute(
                """
                select year(period_start) as year, partner_code, category, sum(value_usd)::bigint as value_usd
                from read_parquet(?) join (
                    select * from read_parquet(?)
                    where definition_id = 'compute_core' and commodity_system = 'hts10'
                ) using (commodity_code)
                group by all order by all
                """,
                [files, products],
            ).fetchall()
        )


def table_in_pandas(settings: Settings) -> dict:
    """The annual AI table over the landed files, in pandas (DuckDB reads the Parquet columns into it)."""
    import pandas as pd

    files, products = _files_of_imports(settings), str(settings.release_dir / "ai_product.parquet")

    def table() -> list:
        with duckdb.connect() as con:
            columns = "period_start, partner_code, commodity_code, value_usd"
            goods = con.execute(f"select {columns} from read_parquet(?)", [files]).df()
            product = con.execute("from read_parquet(?)", [products]).df()
        is_asked = (product.definition_id == "compute_core") & (product.commodity_system == "hts10")
        traded = pd.merge(goods, product.loc[is_asked, ["commodity_code", "category"]], on="commodity_code")
        year = traded.period_start.dt.year.rename("year")
        summed = traded.groupby([year, "partner_code", "category"]).value_usd.sum().reset_index()
        summed = summed.sort_values(["year", "partner_code", "category"])
        return [tuple(row) for row in summed.astype(object).to_numpy()]

    return _timed(table)


def ask_for_rates(settings: Settings, day: str, definition: str, times: int) -> dict:
    """Seconds and rows of the statutory rates on a day, from the release, as the median of some tries.

    `ai`: the codes of a definition with all partners; `all`: all codes with all partners.
    """
    asked = {"ai": f"ai_tariff_rate_on(date '{day}', '{definition}')", "all": f"tariff_rate_on(date '{day}')"}
    found = {}
    with duckdb.connect(str(settings.release_dir / "ai_trade.duckdb"), read_only=True) as con:
        con.execute("set threads = 2")
        for name, rates in asked.items():
            seconds = []
            for _ in range(times):
                start = perf_counter()
                rows = con.execute(f"create or replace temp table asked as from {rates}").fetchone()[0]
                seconds.append(perf_counter() - start)
            found[name] = {"seconds": median(seconds), "rows": rows}
    return found


def screen_names(settings: Settings, listed: int, screened: int) -> dict:
    """Seconds to hold names against a list, making the list ready included, on one core.

    The list is that of the release, over and over with another word each time, until it has `listed` names
    and other names; the `screened` ones are among them, with two letters changed round.
    """
    spec = spec_from_file_location("matches", PARTY_MATCHES)
    matches = module_from_spec(spec)
    spec.loader.exec_module(matches)
    with duckdb.connect(str(settings.release_dir / "ai_trade.duckdb"), read_only=True) as con:
        parties = con.execute(
            """
            select list_code, party_key, unnest([party_name] || string_split(coalesce(alt_names, ''), ';'))
            from screened_party order by all
            """
        ).fetchall()
    named = [(code, key, name.strip()) for code, key, name in parties if name.strip()]
    names = [
        (code, key, f"{name} {named[place - copy][2].split()[0]}" if copy else name, False, "")
        for copy in range(listed // len(named) + 1)
        for place, (code, key, name) in enumerate(named)
    ][:listed]
    with (SEEDS / "controls" / "legal_form.csv").open(newline="") as file:
        legal_forms = [line["word"] for line in csv.DictReader(file)]
    asked = [f"{name[:3]}{name[4:5]}{name[3:4]}{name[5:]}" for _, _, name, *_ in names]

    def screen() -> list:
        ready = matches.Listed(names, legal_forms)
        return [
            matches.candidates(ready, name, None, SCREENING_SCORE) for name in asked[:: listed // screened]
        ]

    return _timed(screen)


def _answered(settings: Settings) -> list[Snapshot]:
    archive = Archive(settings.archive_dir)
    return [archive.latest("census_trade", f"{flow}s_monthly", ANSWERED_MONTH, None) for flow in FLOWS]


def _files_of_imports(settings: Settings) -> list[str]:
    return sorted(
        str(path) for path in settings.landing_dir.glob("census_trade/imports_monthly/*/*/goods.parquet")
    )


def _profile() -> dict:
    """The dbt profile with its defaults filled in from the environment, as dbt reads it."""
    text = (DBT_PROJECT / "profiles.yml").read_text()
    filled = Template(text).render(env_var=lambda name, default: os.environ.get(name, default))
    (profile,) = yaml.safe_load(filled).values()
    return profile["outputs"][profile["target"]]


def _in_order(nodes: dict, models: dict) -> list[str]:
    """The models, each behind those that it reads."""
    order: list[str] = []

    def add(unique_id: str) -> None:
        if unique_id not in order:
            for parent in nodes[unique_id]["depends_on"]["nodes"]:
                if parent in models:
                    add(parent)
            order.append(unique_id)

    for unique_id in sorted(models):
        add(unique_id)
    return order


def _start_up() -> None:
    """Import what the pipeline imports before its first step; that is not measured."""
    from data_quality.runner import load_great_expectations

    load_great_expectations()
    # As `make run` does: else Python's collector goes through all of it, again and again.
    gc.freeze()


def _timed(work: Callable[[], object]) -> dict:
    start = perf_counter()
    found = work()
    seconds = perf_counter() - start
    return {"seconds": seconds, "found": sha256(str(found).encode()).hexdigest()}


STEPS = (
    make_answers,
    land_month,
    make_history,
    make_new_month,
    write_inputs,
    build,
    build_bare,
    publish,
    table_in_duckdb,
    table_in_pandas,
    ask_for_rates,
    screen_names,
)

if __name__ == "__main__":
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    step = {step.__name__: step for step in STEPS}[name]
    print(json.dumps(step(Settings(), **arguments)))

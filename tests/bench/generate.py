"""A made-up trade history of realistic size and skew, the same at every call.

Partners, codes and memberships are real (the seeds, and the commodity lists of the sample); which partner
trades which product in which month, and for how much, is drawn from hashes. The figures agree with each
other as an agency's do: products add up to chapters and totals, countries to the world and to groups,
domestic and foreign exports to total exports.
"""

from datetime import UTC, datetime
from hashlib import sha256

import duckdb

from data_quality.runner import CheckResult, GateResult
from data_quality.suites.landing.trade import MEASURES
from orchestration.archive import Archive, Entry, Snapshot
from orchestration.landing import commit, land, period_start
from orchestration.settings import REPOSITORY, SEEDS, Settings
from orchestration.sources.model import EVERYTHING
from orchestration.sources.registry import DATASETS

SYSTEMS = {"import": "hts10", "export": "schedule_b10"}
REFERENCE = {"import_commodities": "2026", "export_commodities": "2026", "countries": "current"}
VINTAGE_AT = datetime(2026, 1, 1, tzinfo=UTC)

# The biggest partners come first; the others follow in an order drawn from their code.
BIGGEST = ("5700", "1220", "2010", "4280", "5330", "5880", "4120", "4759", "4279", "5800", "5830", "5520")
# Groups whose rows are generated, beside the world row.
GROUPS = ("0003", "0020", "4XXX", "5XXX")
# Ten-digit rows of countries among all rows of a month; measured on what is generated.
SHARE_OF_GOODS = 0.65
# Pairs of partner and product that trade in a given month, among those that ever trade.
SHARE_IN_A_MONTH = 0.65

PERIOD = ("flow", "period_grain", "period_start")
QUANTITIES = ("quantity_1", "unit_1", "quantity_2", "unit_2")


def land_reference_data(settings: Settings) -> None:
    """Land the commodity and country lists of the sample, so that codes are described."""
    sample = settings.model_copy(update={"archive_dir": REPOSITORY / "sample" / "archive"})
    for name, partition in REFERENCE.items():
        source, dataset = DATASETS[name]
        land(sample, dataset, Archive(sample.archive_dir).latest(source.name, name, partition, None))


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings, rows: dict[str, int]) -> None:
    """Make the table `pairs`: who trades what at all. Needs the reference data in landing.

    rows: flow → rows of one month, all levels and aggregates together.
    """
    for seed in ("partner", "partner_group_member"):
        con.execute(
            f"create table {seed} as from read_csv(?, all_varchar = true)", [str(SEEDS / f"{seed}.csv")]
        )
    con.execute(
        """
        create table partners as
        select partner_code, pow(row_number() over (
            order by coalesce(list_position(?, partner_code), 1000), hash(partner_code)
        ), -0.8) as partner_weight
        from partner
        where partner_kind = 'country' and partner_code <> '1000' and valid_to is null
        """,
        [list(BIGGEST)],
    )
    con.execute(
        """
        create table products as
        select commodity_system, commodity_code, unit_1, unit_2,
               pow(row_number() over (partition by commodity_system order by hash(commodity_code)), -0.35)
                   as product_weight,
               greatest(hash(commodity_code, 'rate') % 20 - 8.0, 0) / 100 as rate,
               exp(hash(commodity_code, 'price') % 70 / 10) as price
        from read_parquet(?)
        """,
        [str(settings.landing_dir / "census_schedules" / "*" / "*" / "*" / "commodities.parquet")],
    )
    drawn = """
        select $flow as flow, partner_code, commodity_system, commodity_code, unit_1, unit_2, rate, price,
               seed,
               8.5 + ln(product_weight * partner_weight) / 2 + 4 * size - 0.8 * ln(1 - size) as log_value
        from (
            select partner_code, commodity_code, seed, hash(seed) / pow(2, 64.001) as size
            from (select *, hash(partner_code, commodity_code) as seed from products, partners)
            where commodity_system = $system
            -- A weighted draw without replacement: those with the shortest waiting times.
            order by -ln((seed + 1.0) / pow(2, 64)) / (product_weight * partner_weight),
                     commodity_code, partner_code
            limit $pairs
        )
        join partners using (partner_code) join products using (commodity_code)
        where commodity_system = $system
        order by partner_code, commodity_code
    """
    con.execute(f"create table pairs as {drawn}", {"flow": "", "system": "", "pairs": 0})
    for flow, system in SYSTEMS.items():
        pairs = round(rows[flow] * SHARE_OF_GOODS / SHARE_IN_A_MONTH)
        con.execute(f"insert into pairs {drawn}", {"flow": flow, "system": system, "pairs": pairs})


def generate_month(con: duckdb.DuckDBPyConnection, flow: str, partition: str) -> None:
    """Make the six tables of a month ('2025-03') and flow, like a reader: in the order of their key."""
    con.execute("set variable flow = ?", [flow])
    con.execute("set variable period_start = ?", [period_start(partition)])
    con.execute("set variable share_in_a_month = ?", [SHARE_IN_A_MONTH])
    con.execute(
        """
        create or replace temp table memberships as
        select group_code, partner_code, 'group' as partner_kind
        from partner_group_member
        where list_contains(?, group_code)
              and coalesce(valid_from::date, date '0001-01-01') <= getvariable('period_start')
              and coalesce(valid_to::date, date '9999-12-31') > getvariable('period_start')
        union all
        select '-', partner_code, 'world' from partners
        """,
        [list(GROUPS)],
    )
    con.execute("""
        create or replace table goods as
        with drawn as (
            select *, hash(seed, getvariable('period_start')) as draw
            from pairs where flow = getvariable('flow')
        ),
        valued as (
            select *, exp(log_value + (draw >> 16 & 65535) / 32768)::bigint as usd,
                   (draw >> 32 & 255) / 256 as part, (draw >> 40 & 255) / 256 as second_part
            from drawn where (draw & 65535) / 65536 < getvariable('share_in_a_month')
        )
        select flow, 'month' as period_grain, getvariable('period_start') as period_start,
               partner_code, commodity_system, commodity_code,
               -- Some arrivals go to a warehouse first and are not consumed yet.
               case when flow = 'import' and part < 0.02 then 0 else usd end as value_usd,
               case when flow = 'import' then (value_usd * rate)::bigint end as duty_usd,
               case when flow = 'import' then (usd * (1 + part / 20))::bigint end as general_value_usd,
               case when flow = 'import' then value_usd * (rate > 0)::bigint end as dutiable_value_usd,
               case when flow = 'import' then (value_usd * second_part / 10)::bigint end as charges_usd,
               case when unit_1 is not null then 1 + (usd / price)::bigint end as quantity_1, unit_1,
               case when unit_2 is not null then 1 + (usd / price / 3)::bigint end as quantity_2, unit_2,
               -- Most exports are domestic only, some are foreign only, the others are both.
               case when flow = 'export' then
                   (usd * case when part < 0.55 then 1 when part < 0.6 then 0 else second_part end)::bigint
               end as domestic_value_usd,
               case when flow = 'export' then usd - domestic_value_usd end as foreign_value_usd
        from valued
        order by partner_code, commodity_code
    """)
    sums = ", ".join(f"sum({measure})::bigint as {measure}" for measure in MEASURES)
    quantities = """
        sum(quantity_1)::bigint as quantity_1, any_value(unit_1) as unit_1,
        sum(quantity_2)::bigint as quantity_2, any_value(unit_2) as unit_2
    """
    money, parts = sums.split(", sum(domestic", 1)
    con.execute(f"""
        create or replace table goods_aggregate as
        select flow, period_grain, period_start, group_code as partner_code, partner_kind,
               commodity_system, commodity_code, {money}, {quantities}, sum(domestic{parts}
        from goods join memberships using (partner_code)
        group by flow, period_grain, period_start, group_code, partner_kind, commodity_system, commodity_code
        order by partner_code, commodity_code
    """)
    for kind in ("", "_aggregate"):
        partner = "partner_code" if kind == "" else "partner_code, partner_kind"
        con.execute(f"""
            create or replace table chapters{kind} as
            select flow, period_grain, period_start, {partner},
                   'hs2' as commodity_system, left(commodity_code, 2) as commodity_code, {sums}
            from goods{kind}
            group by all
            order by partner_code, commodity_code
        """)
        con.execute(f"""
            create or replace table totals{kind} as
            select flow, period_grain, period_start, {partner}, {sums}
            from chapters{kind}
            group by all
            order by partner_code
        """)


def commit_month(con: duckdb.DuckDBPyConnection, settings: Settings, flow: str, partition: str) -> int:
    """Commit the tables of `generate_month` to landing; gives their number of rows.

    They are written by landing's own hand, but no agency ever served them: nothing is in the archive, the
    origin is that of the sample, with which they share a landing, and the gate is one line that says so.
    """
    source, dataset = DATASETS[f"{flow}s_monthly"]
    requests = dataset.plan(partition, EVERYTHING)
    entries = tuple(
        Entry(
            request,
            200,
            "application/json",
            VINTAGE_AT,
            sha256(str(request).encode()).hexdigest(),
            0,
            "composed",
            ("generated",),
        )
        for request in requests
    )
    snapshot = Snapshot(source.name, dataset.name, partition, VINTAGE_AT, EVERYTHING, entries)
    check = CheckResult("generated", "passed", "error", "Generated figures, not gated.")
    gate = GateResult(dataset.suite, f"{dataset.name} {partition}", (check,))
    folder = (
        settings.landing_dir
        / source.name
        / dataset.name
        / partition
        / f"{snapshot.vintage}-r{dataset.reader_version}"
    )
    landed = commit(con, folder, dataset, snapshot, lambda: gate)
    return sum(table["row_count"] for table in landed.tables.values())

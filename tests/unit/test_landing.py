"""Landing: committed whole and only with a passed gate; what is wrong stays out, with its reasons."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from data_quality.runner import CheckResult, GateResult
from orchestration import landing
from orchestration.archive import Archive, fill
from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import (
    LandingDamaged,
    Rejected,
    content_digest,
    landed,
    landed_digest,
    quarantined,
    selected,
    write_warehouse_inputs,
)
from orchestration.publish import release_id
from orchestration.settings import REPOSITORY
from orchestration.sources.model import EVERYTHING, Scope
from orchestration.sources.registry import DATASETS
from tests.replay.faults import Fault, set_cell
from tests.world import ALL_EXPORTS, ALL_IMPORTS, contents

SOURCE, DATASET = DATASETS["imports_monthly"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def bring(settings, client):
    """Bring a partition of a dataset in, under settings that may be changed."""

    def act(dataset="imports_monthly", partition="2025-01", scope=EVERYTHING, **changed):
        return bring_in(settings.model_copy(update=changed), client, *DATASETS[dataset], partition, scope)

    return act


def archive_at(settings, client, at: datetime, partition="2025-01") -> None:
    fill(client, Archive(settings.archive_dir), SOURCE, DATASET, partition, EVERYTHING, now=lambda: at)


def revise(server) -> None:
    server.figures.execute("update trade set con_cha = 2 * con_cha where flow = 'imports'")


@pytest.mark.parametrize(
    ("dataset", "partition", "sizes"),
    [
        ("imports_monthly", "2025-01", {"goods": (6, ALL_IMPORTS), "goods_aggregate": (8, 2 * ALL_IMPORTS)}),
        ("imports_monthly", "2025-02", {"goods": (6, ALL_IMPORTS * 11 // 10)}),
        ("imports_annual", "2024", {"goods": (6, ALL_IMPORTS * 12), "chapters": (6, ALL_IMPORTS * 12)}),
        ("exports_monthly", "2025-01", {"goods": (4, ALL_EXPORTS), "totals": (3, ALL_EXPORTS)}),
        ("exports_annual", "2024", {"goods": (4, ALL_EXPORTS * 12)}),
        ("import_programmes_monthly", "2025-01", {"programmes": (12, ALL_IMPORTS)}),
        ("import_programmes_annual", "2024", {"programmes": (12, ALL_IMPORTS * 12)}),
        ("import_commodities", "2025", {"commodities": (3, None)}),
        ("export_commodities", "2025", {"commodities": (3, None)}),
        ("countries", "current", {"countries": (5, None)}),
    ],
)  # fmt: skip
def test_every_dataset_lands_with_its_figures(bring, settings, dataset, partition, sizes):
    result = bring(dataset, partition)

    assert result.gate.passed
    for table, (rows, value) in sizes.items():
        assert result.tables[table] == {"row_count": rows, "value_usd": value}
        path = result.folder / f"{table}.parquet"
        assert duckdb.sql(f"select count(*) from '{path}'").fetchone() == (rows,)
    names = {path.name for path in result.folder.iterdir()}
    assert names == {"commit.json", *(f"{table}.parquet" for table in DATASETS[dataset][1].tables)}
    assert result.folder.is_relative_to(settings.landing_dir)
    assert not settings.quarantine_dir.exists()


def test_a_commit_can_be_read_back_with_its_gate(bring, settings):
    committed = bring()

    (read,) = landed(settings, "census_trade", "imports_monthly", "2025-01")

    assert (read.folder, read.digest, read.tables) == (committed.folder, committed.digest, committed.tables)
    assert read.gate.as_rows() == committed.gate.as_rows()
    assert read.levels == ("hs10", "hs2", "total")
    assert "keys_unique" in [check.name for check in read.gate.checks]


def test_every_row_carries_its_vintage_and_no_commit_holds_a_path(bring, settings):
    result = bring()

    goods = result.folder / "goods.parquet"
    (vintage,) = duckdb.sql(f"select distinct vintage_at from '{goods}'").fetchone()
    assert vintage == result.vintage_at.replace(tzinfo=None)
    assert str(settings.data_dir) not in (result.folder / "commit.json").read_text()


def test_the_same_bytes_again_touch_nothing(bring, settings):
    first = bring()
    before = {path: path.stat().st_mtime_ns for path in settings.landing_dir.rglob("*")}

    assert bring().folder == first.folder
    assert {path: path.stat().st_mtime_ns for path in settings.landing_dir.rglob("*")} == before


def test_what_has_landed_has_a_digest_and_what_is_still_to_land_has_none(bring, settings, client):
    own = settings.model_copy(update={"fetch": "never"})
    months = ["2025-01", "2025-02"]
    first = bring()
    digest = landed_digest(own, "month", months)

    assert digest is not None
    # A month that is not archived may be asked for when the network is allowed.
    assert landed_digest(settings.model_copy(update={"fetch": "missing"}), "month", months) is None
    assert landed_digest(settings.model_copy(update={"fetch": "always"}), "month", ["2025-01"]) is None
    archive_at(settings, client, NOON, "2025-02")
    assert landed_digest(own, "month", months) is None
    bring(partition="2025-02", fetch="never")
    assert landed_digest(own, "month", months) not in (None, digest)
    assert landed_digest(own, "month", ["2025-01"]) == digest
    (first.folder / "commit.json").unlink()
    assert landed_digest(own, "month", ["2025-01"]) is None
    # Of a damaged manifest landing has to speak.
    (manifest,) = settings.archive_dir.glob("manifest/*/imports_monthly/2025-02/*.json")
    manifest.write_text("{")
    assert landed_digest(own, "month", ["2025-02"]) is None


def test_the_same_answers_give_the_same_bytes_in_any_order_of_months(settings, client, tmp_path):
    folders = []
    for name, order in (("a", ["2025-01", "2025-02"]), ("b", ["2025-02", "2025-01"])):
        own = settings.model_copy(update={"data_dir": tmp_path / name, "fetch": "never"})
        for partition in order:
            archive_at(settings, client, NOON, partition)
            bring_in(own, client, SOURCE, DATASET, partition)
        folders.append(
            {name: body for name, body in contents(own.landing_dir).items() if name.endswith(".parquet")}
        )

    assert folders[0] == folders[1]


def test_a_landed_partition_that_is_damaged_is_named(bring, settings):
    folder = bring().folder
    # As a power cut may leave a file that was not asked to reach the disk.
    (folder / "commit.json").write_text("")

    with pytest.raises(LandingDamaged, match=f"Remove the folder {folder}: the next run lands it again"):
        bring()
    with pytest.raises(LandingDamaged):
        list(selected(settings))
    shutil.rmtree(folder)
    assert bring(fetch="never").folder == folder


def test_what_the_gate_said_is_part_of_the_release_and_how_it_compares_with_before_is_not(bring, settings):
    commit = bring().folder / "commit.json"
    first = release_id(settings)

    def say(check_name: str, message: str) -> None:
        content = json.loads(commit.read_text())
        (check,) = (check for check in content["checks"] if check["check_name"] == check_name)
        check["message"] = message
        commit.write_text(json.dumps(content))

    say("size", "compared with another month")
    assert release_id(settings) == first
    say("partners_known", "by another list of partners")
    assert release_id(settings) != first


def test_two_months_are_two_partitions(bring, settings, server):
    bring(partition="2025-01")
    january = contents(settings.landing_dir)
    server.figures.execute("update trade set con_cha = 0 where period = '2025-02'")

    bring(partition="2025-02")

    after = contents(settings.landing_dir)
    assert {name: after[name] for name in january} == january


@pytest.mark.parametrize(("fetch", "asks"), [("never", False), ("missing", False), ("always", True)])
def test_what_is_in_the_archive_is_asked_for_again_only_when_always(bring, server, fetch, asks):
    bring()
    server.requests.clear()

    bring(fetch=fetch)

    assert bool(server.requests) == asks


def test_what_is_not_in_the_archive(bring, server):
    assert bring(fetch="never") == Absent("not in archive")
    assert server.requests == []
    assert bring(partition="2031-01", fetch="missing") == Absent("not published yet")
    assert bring(fetch="missing").tables["goods"]["row_count"] == 6


def test_a_month_that_is_withdrawn_keeps_what_was_landed(bring, settings, server):
    first = bring()
    server.figures.execute("delete from trade")

    assert bring().folder == first.folder
    assert [item.folder for item in selected(settings)] == [first.folder]


def test_the_newest_accepted_vintage_is_selected_and_as_of_goes_back(settings, client, server):
    days = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)]
    archived = settings.model_copy(update={"fetch": "never"})
    for day in days:
        archive_at(settings, client, day)
        bring_in(archived, client, SOURCE, DATASET, "2025-01")
        revise(server)

    def vintages(as_of):
        return [item.vintage_at for item in selected(settings.model_copy(update={"as_of": as_of}))]

    assert vintages(None) == [days[2]]
    assert vintages(days[1]) == [days[1]]
    assert vintages(days[1] - timedelta(seconds=1)) == [days[0]]
    assert vintages(days[0] - timedelta(seconds=1)) == []


def test_a_date_in_the_past_is_never_asked_for(bring, server):
    assert bring(as_of=NOON, fetch="always") == Absent("not in archive")
    assert server.requests == []


def test_the_tenth_reader_comes_after_the_ninth(bring, settings):
    first = bring()
    for version in (9, 10):
        folder = first.folder.with_name(f"{first.folder.name.rpartition('-r')[0]}-r{version}")
        folder.mkdir()
        (folder / "commit.json").write_text((first.folder / "commit.json").read_text())

    folders = [
        item.folder.name[-3:] for item in landed(settings, "census_trade", "imports_monthly", "2025-01")
    ]

    assert folders[1:] == ["-r9", "r10"]


def test_another_reader_is_another_content(bring, settings):
    bring()
    snapshot = Archive(settings.archive_dir).latest("census_trade", "imports_monthly", "2025-01", None)
    newer = landing.Dataset(**{**DATASET.__dict__, "reader_version": DATASET.reader_version + 1})

    assert content_digest(DATASET, snapshot) != content_digest(newer, snapshot)


def test_commit_refuses_what_has_not_passed(bring, settings, tmp_path):
    bring()
    snapshot = Archive(settings.archive_dir).latest("census_trade", "imports_monthly", "2025-01", None)
    failed = GateResult("suite", "subject", (CheckResult("check", "failed", "error", "no good"),))

    with pytest.raises(Rejected, match="no good"):
        landing.commit(duckdb.connect(), tmp_path / "folder", DATASET, snapshot, lambda: failed)
    assert not (tmp_path / "folder").exists()


def test_a_rejected_vintage_that_passes_later_leaves_the_quarantine(bring, settings, monkeypatch):
    with monkeypatch.context() as patched:
        broken = GateResult("suite", "subject", (CheckResult("check", "failed", "error", "no good"),))
        patched.setattr(landing, "run_suite", lambda *_: broken)
        with pytest.raises(Rejected):
            bring()
    assert list(settings.quarantine_dir.rglob("report.json"))

    bring(fetch="never")

    assert not list(settings.quarantine_dir.rglob("report.json"))


def test_a_quarantine_tells_its_rows_with_whole_numbers_and_dates(bring, settings, server):
    server.faults.append(
        Fault(set_cell("CON_VAL_MO", "-3000", row=3), params={"I_COMMODITY": "0*"}, times=None)
    )

    with pytest.raises(Rejected):
        bring()

    (path,) = settings.quarantine_dir.rglob("report.json")
    failed = {check["check"]: check["rows"] for check in json.loads(path.read_text())["failed"]}
    assert failed["no_negative"][0]["value_usd"] == -3000
    goods = path.with_name("goods.parquet")
    assert duckdb.sql(f"select min(value_usd) from '{goods}'").fetchone() == (-3000,)


def test_a_scope_is_covered_as_far_as_it_was_asked(bring, settings):
    bring(scope=Scope(partners=("1220", "2010")))
    bring("import_programmes_annual", "2024")

    write_warehouse_inputs(settings)

    rows = duckdb.sql(
        f"""
        select dataset, flow, period_grain, period_start::varchar, level, partner_code, status, reason
        from '{settings.warehouse_dir}/inputs/coverage.parquet' order by all
        """
    ).fetchall()
    assert rows == [
        ("import_programmes_annual", "import", "year", "2024-01-01", "programme", "*", "covered", None),
        *(
            ("imports_monthly", "import", "month", "2025-01-01", level, partner, "covered", None)
            for level in ("hs10", "hs2", "total")
            for partner in ("1220", "2010")
        ),
    ]


def test_the_selection_names_files_that_are_there_with_their_digests(bring, settings):
    month, codes = bring(), bring("export_commodities", "2025")

    write_warehouse_inputs(settings)

    rows = duckdb.sql(
        f"""
        select dataset, table_name, flow, period_start::varchar, partition, path, digest, origin, row_count,
               value_usd
        from '{settings.warehouse_dir}/inputs/selection.parquet' where table_name in ('goods', 'commodities')
        order by all
        """
    ).fetchall()
    assert rows == [
        ("export_commodities", "commodities", None, None, "2025", str(codes.folder / "commodities.parquet"),
         codes.digest, "agency", 3, None),
        ("imports_monthly", "goods", "import", "2025-01-01", "2025-01", str(month.folder / "goods.parquet"),
         month.digest, "agency", 6, ALL_IMPORTS),
    ]  # fmt: skip


def test_moments_are_those_of_greenwich_on_a_machine_of_another_zone(bring, settings):
    month = bring()
    code = "from orchestration.landing import *; write_warehouse_inputs(Settings())"
    environment = {"TZ": "America/New_York", "AITB_DATA_DIR": str(settings.data_dir)}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True)

    vintage_at = month.vintage_at.replace(tzinfo=None, microsecond=0)
    for name in ("selection", "coverage"):
        path = settings.warehouse_dir / "inputs" / f"{name}.parquet"
        query = f"select distinct date_trunc('second', vintage_at) from '{path}'"
        assert duckdb.sql(query).fetchall() == [(vintage_at,)]


def test_a_partition_that_was_only_ever_rejected_says_why_it_is_not_covered(bring, settings, server):
    server.faults.append(Fault(set_cell("CON_VAL_MO", "n.a."), params={"COMM_LVL": "HS2"}, times=None))
    with pytest.raises(Rejected) as rejection:
        bring()

    write_warehouse_inputs(settings)

    rows = duckdb.sql(
        f"""
        select level, partner_code, status, reason
        from '{settings.warehouse_dir}/inputs/coverage.parquet' order by all
        """
    ).fetchall()
    assert rows == [(level, "*", "rejected", str(rejection.value)) for level in ("hs10", "hs2", "total")]


def test_what_was_rejected_after_a_date_is_unknown_at_that_date(settings, client, server):
    archived = settings.model_copy(update={"fetch": "never"})
    for day, cell in ((NOON, "n.a."), (NOON + timedelta(days=1), "n.s.")):
        server.faults[:] = [Fault(set_cell("CON_VAL_MO", cell), params={"COMM_LVL": "HS2"}, times=None)]
        archive_at(settings, client, day)
        with pytest.raises(Rejected):
            bring_in(archived, client, SOURCE, DATASET, "2025-01")

    def said(as_of) -> str:
        (message,) = quarantined(settings.model_copy(update={"as_of": as_of}))
        return message

    assert quarantined(settings.model_copy(update={"as_of": NOON - timedelta(seconds=1)})) == []
    assert ("n.a." in said(NOON), "n.s." in said(NOON)) == (True, False)
    assert ("n.a." in said(None), "n.s." in said(None)) == (False, True)


def test_a_folder_with_an_apostrophe_is_a_folder(bring, settings, tmp_path):
    folder = tmp_path / "o'brien's data"

    result = bring(data_dir=folder, archive_dir=folder / "archive")
    write_warehouse_inputs(settings.model_copy(update={"data_dir": folder}))

    assert result.tables["goods"]["row_count"] == 6
    assert (folder / "warehouse/current/inputs/selection.parquet").is_file()

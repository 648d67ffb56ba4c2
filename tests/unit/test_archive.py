"""Content-addressed, whole or not at all, never rewritten, and one new vintage for one new content."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import zstandard

from orchestration.archive import Archive, ArchiveDamaged, Entry, Snapshot, fill
from orchestration.sources.model import EVERYTHING, Refused, Request, Scope, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay import faults
from tests.replay.faults import Fault, status
from tests.world import contents

SOURCE, DATASET = DATASETS["imports_monthly"]
_, PROGRAMMES = DATASETS["import_programmes_monthly"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def archive(settings) -> Archive:
    return Archive(settings.archive_dir)


def fetch(client, archive, now=NOON, partition="2025-01", scope=EVERYTHING, dataset=DATASET):
    return fill(client, archive, SOURCE, dataset, partition, scope, now=lambda: now)


def asked_for(server) -> list[str]:
    return [value for request in server.requests for value in request.values("I_COMMODITY")]


def a_snapshot(archive, body: bytes, at: datetime = NOON) -> Snapshot:
    entry = Entry(Request("path"), 200, "text/plain", at, archive.put(body), len(body), "agency", ())
    return archive.commit(Snapshot("census_trade", "imports_monthly", "2025-01", at, EVERYTHING, (entry,)))


def test_a_partition_is_archived_with_everything_about_its_answers(client, archive, server):
    snapshot = fetch(client, archive)

    path = archive.root / "manifest/census_trade/imports_monthly/2025-01/20260302T120000Z.json"
    manifest = json.loads(path.read_text())
    assert manifest["vintage_at"] == "2026-03-02T12:00:00+00:00"
    assert manifest["digest"] == snapshot.digest
    assert manifest["scope"] == {"partners": [], "rate_provisions": []}
    assert len(manifest["entries"]) == len(server.requests) == 12
    total, chapters, *goods = manifest["entries"]
    assert ["time", "2025-01"] in total["params"]
    assert ["COMM_LVL", "HS2"] in chapters["params"]
    assert [entry["params"][-1] for entry in goods] == [["I_COMMODITY", f"{digit}*"] for digit in range(10)]
    assert [entry["status"] for entry in goods] == [200, *[204] * 7, 200, 204]
    assert (goods[1]["sha256"], goods[1]["size"]) == (None, 0)
    assert total["retrieved_at"] == "2026-03-02T12:00:00+00:00"
    blob = archive.root / "blobs" / total["sha256"][:2] / f"{total['sha256']}.zst"
    body = zstandard.ZstdDecompressor().decompress(blob.read_bytes())
    assert hashlib.sha256(body).hexdigest() == total["sha256"]
    assert len(body) == total["size"]
    assert archive.latest("census_trade", "imports_monthly", "2025-01", None) == snapshot
    assert archive.partitions("census_trade", "imports_monthly") == ["2025-01"]


def test_the_same_bytes_are_no_new_vintage_and_change_no_file(client, archive):
    first = fetch(client, archive)
    before = contents(archive.root)

    again = fetch(client, archive, NOON + timedelta(days=1))

    assert again == first
    assert contents(archive.root) == before


def test_changed_bytes_are_a_new_vintage_beside_the_old_one(client, archive, server):
    first = fetch(client, archive)
    before = contents(archive.root)
    server.figures.execute("update trade set con_cha = 20 where level = 'HS2'")

    second = fetch(client, archive, NOON + timedelta(days=1))

    after = contents(archive.root)
    assert archive.snapshots("census_trade", "imports_monthly", "2025-01") == [first, second]
    assert second.digest != first.digest
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2  # a manifest and the one answer that changed


def test_a_month_that_turns_empty_later_is_a_new_vintage_too(archive):
    def answered(status_code: int, sha256: str | None) -> str:
        entry = Entry(Request("path"), status_code, "", NOON, sha256, 0, "agency", ())
        return Snapshot("s", "d", "p", NOON, EVERYTHING, (entry,)).digest

    assert answered(200, "ab") != answered(204, None)


@pytest.mark.parametrize(
    ("as_of", "vintage"),
    [
        (None, "20260304T120000Z"),
        (NOON + timedelta(days=9), "20260304T120000Z"),
        (NOON + timedelta(days=2), "20260304T120000Z"),
        (NOON + timedelta(days=2, seconds=-1), "20260302T120000Z"),
        (NOON, "20260302T120000Z"),
        (NOON - timedelta(seconds=1), None),
    ],
)
def test_as_of_selects_what_was_known_then(archive, as_of, vintage):
    a_snapshot(archive, b"first")
    a_snapshot(archive, b"second", NOON + timedelta(days=2))

    latest = archive.latest("census_trade", "imports_monthly", "2025-01", as_of)

    assert (latest and latest.vintage) == vintage


@pytest.mark.parametrize(
    "later", [timedelta(), timedelta(days=-5)], ids=["within a second", "clock put back"]
)
def test_what_comes_later_is_newer_and_overwrites_nothing(archive, later):
    first = a_snapshot(archive, b"first")
    second = a_snapshot(archive, b"second", NOON + later)

    assert archive.snapshots("census_trade", "imports_monthly", "2025-01") == [first, second]
    assert second.vintage == "20260302T120001Z"


def test_a_month_without_an_answer_is_not_published_and_leaves_nothing(client, archive, server):
    assert fetch(client, archive, partition="2025-03") is None
    assert len(server.requests) == 1
    assert contents(archive.root) == {}
    assert archive.partitions("census_trade", "imports_monthly") == []


def test_a_fetch_that_fails_half_way_leaves_no_vintage_and_the_next_one_completes(client, archive, server):
    server.faults.append(Fault(faults.rejected_page, params={"I_COMMODITY": "8*"}))

    with pytest.raises(Refused):
        fetch(client, archive)
    assert archive.partitions("census_trade", "imports_monthly") == []
    assert len(fetch(client, archive).entries) == 12


@pytest.mark.parametrize("act", [faults.query_error_page, status(504)], ids=["failed query", "504"])
def test_a_question_that_is_too_much_is_split_into_its_ten_parts(client, archive, server, act):
    server.faults.append(Fault(act, params={"I_COMMODITY": "8*"}, times=None))

    snapshot = fetch(client, archive)

    asked = asked_for(server)
    at = asked.index("8*")
    assert asked[at : at + 13] == ["8*", "8*", *(f"8{digit}*" for digit in range(10)), "9*"]
    assert len(snapshot.entries) == 21
    assert "8*" not in [value for entry in snapshot.entries for value in entry.request.values("I_COMMODITY")]


def test_a_stalled_question_is_split(settings, make_client, archive, server):
    server.faults.append(Fault(faults.stalled, params={"I_COMMODITY": "8*"}, times=2))

    with make_client(settings, timeout=0.5) as client:
        snapshot = fetch(client, archive)

    assert len(snapshot.entries) == 21


def test_parts_are_split_again_down_to_headings_and_no_further(client, archive, server):
    for prefix in ("8*", "84*", "847*", "8471*"):
        server.faults.append(Fault(status(504), params={"I_COMMODITY": prefix}, times=None))

    with pytest.raises(Unavailable, match=r"I_COMMODITY=8471\*"):
        fetch(client, archive)

    asked = dict.fromkeys(asked_for(server))
    assert [prefix for prefix in asked if prefix.startswith("84")] == [
        "84*", *(f"84{digit}*" for digit in range(8)), *(f"847{digit}*" for digit in range(2)),
    ]  # fmt: skip


def test_an_answer_that_is_too_large_is_split_without_a_second_try(client, archive, server):
    (largest,) = (r for r in PROGRAMMES.plan("2025-01", EVERYTHING) if ("I_COMMODITY", "8*") in r.params)
    size = len(client.ask(SOURCE, largest).body)
    source = replace(SOURCE, largest_bytes=size - 1)
    server.requests.clear()

    snapshot = fill(client, archive, source, PROGRAMMES, "2025-01", EVERYTHING)

    assert asked_for(server) == [
        *(f"{digit}*" for digit in range(9)), *(f"8{digit}*" for digit in range(10)), "9*"
    ]  # fmt: skip
    assert 0 < max(entry.size for entry in snapshot.entries) < size


def test_parts_of_a_first_question_that_all_say_that_there_is_nothing_leave_no_vintage(
    client, archive, server
):
    server.faults.append(Fault(status(504), params={"I_COMMODITY": "0*"}, times=None))

    assert fetch(client, archive, partition="2031-01", dataset=PROGRAMMES) is None
    assert asked_for(server) == ["0*", "0*", *(f"0{i}*" for i in range(10)), *(f"{i}*" for i in range(1, 10))]
    assert archive.partitions("census_trade", PROGRAMMES.name) == []


def test_a_source_that_is_down_is_not_asked_smaller_questions(client, archive, server):
    server.faults.append(Fault(status(500), params={"I_COMMODITY": "0*"}, times=None))

    with pytest.raises(Unavailable):
        fetch(client, archive)
    assert asked_for(server) == ["0*"] * 5


def test_a_folder_without_a_manifest_is_no_partition(archive):
    """A kill behind mkdir leaves one, and so does whoever removes a damaged manifest."""
    a_snapshot(archive, b"[]")
    (archive.root / "manifest/census_trade/imports_monthly/2025-02").mkdir()
    assert archive.partitions("census_trade", "imports_monthly") == ["2025-01"]


def test_a_scope_is_kept_with_the_snapshot(client, archive, server):
    scope = Scope(partners=("1220", "2010"), rate_provisions=("18",))

    snapshot = fetch(client, archive, scope=scope, dataset=PROGRAMMES)

    assert archive.latest("census_trade", PROGRAMMES.name, "2025-01", None).scope == scope
    assert len(snapshot.entries) == len(server.requests) == 1
    assert server.requests[0].values("CTY_CODE") == ["1220", "2010"]
    assert server.requests[0].values("RP") == ["18"]


def test_where_an_answer_comes_from_is_kept(client, archive, server):
    server.figures.execute("update trade set composed_from = 'b.parquet; a.parquet' where level = 'HS2'")

    snapshot = fetch(client, archive)

    assert snapshot.origin == "composed"
    assert snapshot.composed_from == ("a.parquet", "b.parquet")
    assert [entry.origin for entry in snapshot.entries][:2] == ["agency", "composed"]


def test_the_archive_has_one_identity_that_every_manifest_changes(archive):
    empty = archive.digest()
    a_snapshot(archive, b"first")
    one = archive.digest()
    a_snapshot(archive, b"first", NOON + timedelta(days=1))
    same = archive.digest()
    a_snapshot(archive, b"second", NOON + timedelta(days=1))

    assert one == same
    assert len({empty, one, archive.digest()}) == 3


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(b"junk"), "cannot be decompressed"),
        (
            lambda path: path.write_bytes(zstandard.compress(b"other")),
            "its hash is not the one in the manifest",
        ),
        (lambda path: path.write_bytes(zstandard.compress(b"longer than it was")), "was changed|is damaged"),
        (lambda path: path.write_bytes(b""), "cannot be decompressed"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
    ids=["junk", "tampered", "longer", "empty", "missing"],
)
def test_a_blob_is_used_only_when_its_hash_fits(archive, damage, says):
    (entry,) = a_snapshot(archive, b"12345").entries
    path = archive.verified_path(entry)
    damage(path)

    with pytest.raises(ArchiveDamaged, match=says) as failure:
        archive.verified_path(entry)
    assert str(path) in str(failure.value)
    assert "AITB_FETCH=always" in str(failure.value)

    archive.put(b"12345")
    assert archive.verified_path(entry) == path


def test_an_empty_body_is_a_body(archive):
    (entry,) = a_snapshot(archive, b"").entries

    assert archive.verified_path(entry).is_file()


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b"{}", b'{"digest": 1}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_named(archive, content):
    a_snapshot(archive, b"first")
    (path,) = archive.root.glob("manifest/*/*/*/*.json")
    path.write_bytes(content)

    with pytest.raises(
        ArchiveDamaged, match=r"cannot be read .* Restore it from a backup, or delete it"
    ) as failure:
        archive.latest("census_trade", "imports_monthly", "2025-01", None)
    assert str(path) in str(failure.value)


def test_a_manifest_in_the_folder_of_another_month_is_not_taken_for_it(archive):
    a_snapshot(archive, b"first")
    folder = archive.root / "manifest/census_trade/imports_monthly"
    (folder / "2025-01").rename(folder / "2025-02")

    with pytest.raises(ArchiveDamaged, match=r"is that of census_trade/imports_monthly/2025-01/2026"):
        archive.latest("census_trade", "imports_monthly", "2025-02", None)


def test_an_archive_is_read_as_one_with_the_one_that_ships_which_stays_as_it_is(archive, tmp_path):
    a_snapshot(archive, b"shipped")
    before = contents(archive.root)
    own = Archive(tmp_path / "own", shipped=archive.root)

    same = a_snapshot(own, b"shipped", NOON + timedelta(days=1))
    later = a_snapshot(own, b"later", NOON + timedelta(days=2))

    assert same.vintage_at == NOON
    assert [s.vintage_at for s in own.snapshots("census_trade", "imports_monthly", "2025-01")] == [
        NOON, NOON + timedelta(days=2),
    ]  # fmt: skip
    assert own.partitions("census_trade", "imports_monthly") == ["2025-01"]
    assert own.verified_path(later.entries[0]).is_relative_to(own.root)
    assert own.digest() != archive.digest()
    assert contents(archive.root) == before
    (own.root / "blobs").rename(own.root / "gone")
    assert own.verified_path(same.entries[0]).is_relative_to(archive.root)


def test_what_was_read_from_files_is_of_neither_kind(archive):
    (entry,) = a_snapshot(archive, b"first").entries
    origins = {
        kinds: replace(
            a_snapshot(archive, b"first"), entries=tuple(replace(entry, origin=kind) for kind in kinds)
        ).origin
        for kinds in (("file",), ("agency", "file"), ("composed", "file"), ("agency",))
    }

    assert list(origins.values()) == ["file", "agency", "composed", "agency"]

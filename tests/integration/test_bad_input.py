"""Whatever a source or a disk does on a bad day: a clear message, and landing as it was.

Each case begins with a good month in landing ("yesterday"), spoils something, and brings the month in again.
"""

import errno
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import zstandard
from dagster import AssetKey, DagsterInstance

from orchestration.archive import Archive, ArchiveDamaged, fill
from orchestration.assets.landing import READABLE, Absent, asset_key, bring_in
from orchestration.definitions import landing_definitions
from orchestration.files import NotWritten, partial_of
from orchestration.http import Client
from orchestration.jobs import LANDING_JOBS
from orchestration.landing import Landed, Rejected, selected
from orchestration.schedules import range_tags
from orchestration.settings import Settings
from orchestration.sources.model import EVERYTHING, KeyRefused, Refused, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay import faults
from tests.replay.answer import Answer, text
from tests.replay.faults import Fault, Misbehave, set_cell, status
from tests.replay.server import Replay
from tests.world import ALL_IMPORTS, KEY, contents, files_holding, planted_world

SOURCE, DATASET = DATASETS["imports_monthly"]
MONTH = "2025-01"
CHAPTERS = {"COMM_LVL": "HS2"}
FIRST_CODES = {"I_COMMODITY": "0*"}
COMPUTERS = {"I_COMMODITY": "8*"}


@dataclass
class Yesterday:
    """A data directory in which the month was landed, and how it looked then."""

    settings: Settings
    server: Replay
    make_client: Callable[..., Client]
    good: Landed
    landing: dict[str, bytes]

    def bring_in(self, timeout: float = 10, **changed: object) -> object:
        settings = self.settings.model_copy(update=changed)
        with self.make_client(settings, timeout) as client:
            return bring_in(settings, client, SOURCE, DATASET, MONTH)

    def spoil(self, act: Misbehave, params: dict[str, str], times: int | None = None) -> None:
        self.server.faults.append(Fault(act, path="imports/hs", params=params, times=times))

    def archive_other_answers(self) -> Path:
        """Let the archive have a newer vintage than landing; give the file of one of its new answers."""
        before = set(contents(self.settings.archive_dir))
        self.server.figures.execute("update trade set con_cha = 20 * con_cha")
        with self.make_client(self.settings) as client:
            archive = Archive(self.settings.archive_dir)
            fill(client, archive, SOURCE, DATASET, MONTH, EVERYTHING)
        new = sorted(set(contents(self.settings.archive_dir)) - before)
        return self.settings.archive_dir / next(name for name in new if name.endswith(".zst"))

    def newest_manifest(self) -> Path:
        return max(self.settings.archive_dir.glob(f"manifest/*/{DATASET.name}/{MONTH}/*.json"))

    def quarantined(self) -> list[Path]:
        return sorted(self.settings.quarantine_dir.rglob("report.json"))

    def assert_unharmed(self) -> None:
        assert contents(self.settings.landing_dir) == self.landing
        (in_use,) = selected(self.settings)
        assert in_use.folder == self.good.folder
        assert in_use.tables["goods"] == {"row_count": 6, "value_usd": ALL_IMPORTS}


@pytest.fixture(scope="module")
def good_data(tmp_path_factory) -> Path:
    """The data directory after a good day, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("good") / "data"
    with Replay(planted_world(), keys=[KEY]) as server:
        settings = Settings(data_dir=folder, fetch="always", census_url=server.census_url, census_api_key=KEY)
        with Client(settings, sleep=lambda _: None) as client:
            bring_in(settings, client, SOURCE, DATASET, MONTH)
    return folder


@pytest.fixture
def yesterday(good_data, settings, server, make_client) -> Yesterday:
    shutil.copytree(good_data, settings.data_dir)
    (good,) = selected(settings)
    return Yesterday(settings, server, make_client, good, contents(settings.landing_dir))


def ends_behind_a_row(answer: Answer) -> Answer:
    """The end is lost just behind the comma after a row, which some JSON readers take for a whole answer."""
    return replace(answer, body=answer.body[: answer.body.rindex(b",\n") + 1])


def repeats_its_header(answer: Answer) -> Answer:
    rows = json.loads(answer.body)
    return replace(answer, body=json.dumps([*rows, rows[0]]).encode())


# What an answer holds can only be judged when it has been read: the gate rejects, rows are kept.


@dataclass(frozen=True)
class BadFigures:
    """act: what happens to the answers to `params`; check, says: which gate closes, and with what words."""

    name: str
    act: Misbehave
    params: dict[str, str]
    check: str
    says: tuple[str, ...]
    shows: dict[str, object] = field(default_factory=dict)


BAD_FIGURES = [
    BadFigures(
        "a text where a number belongs",
        set_cell("CON_VAL_MO", "n.a."),
        COMPUTERS,
        "no_bad_values",
        ("1 values could not be read", "text_value n.a.", "correct the reader"),
        {"column_name": "value_usd", "text_value": "n.a.", "reason": "not a whole number"},
    ),
    BadFigures(
        "a row of another month",
        set_cell("time", "2025-02"),
        COMPUTERS,
        "right_period",
        ("rows belong to another flow or period than the partition", "period_start 2025-02-01"),
        {"table_name": "goods_aggregate", "row_count": 1},
    ),
    BadFigures(
        "an answer for another month",
        faults.every_cell("time", "2024-01"),
        {},
        "right_period",
        ("rows belong to another flow or period than the partition", "period_start 2024-01-01"),
    ),
    BadFigures(
        "a number with a comma",
        set_cell("CAL_DUT_MO", "1,200"),
        CHAPTERS,
        "no_bad_values",
        ("table_name chapters", "text_value 1,200"),
        {"column_name": "duty_usd", "text_value": "1,200"},
    ),
    BadFigures(
        "a negative value",
        set_cell("CON_VAL_MO", "-40000", row=5),
        COMPUTERS,
        "no_negative",
        ("rows hold a negative figure", "look at the archived answer"),
        {"value_usd": -40_000},
    ),
    BadFigures(
        "an unknown partner",
        set_cell("CTY_CODE", "9998", row=5),
        COMPUTERS,
        "partners_known",
        ("1 partner codes are unknown", "add a row to dbt_project/seeds/partner.csv"),
        {"partner_code": "9998", "row_count": 1},
    ),
    BadFigures(
        "a malformed partner",
        set_cell("CTY_CODE", "122", row=5),
        COMPUTERS,
        "partner_codes",
        ("a digit was lost",),
        {"partner_code": "122"},
    ),
    BadFigures(
        "a partner that is null",
        set_cell("CTY_CODE", None, row=5),
        COMPUTERS,
        "partner_codes",
        ("partner codes are malformed",),
        {"partner_code": None, "row_count": 1},
    ),
    BadFigures(
        "a duplicate key",
        faults.repeat_row(5),
        COMPUTERS,
        "keys_unique",
        ("1 keys occur more than once", "fetch again"),
        {"table_name": "goods", "partner_code": "1220", "commodity_code": "8471500150", "times": 2},
    ),
    BadFigures(
        "an empty month", faults.header_only, {}, "not_empty", ("goods has no rows",), {"row_count": 0}
    ),
    BadFigures(
        "no goods under totals",
        faults.no_content,
        {"COMM_LVL": "HS10"},
        "not_empty",
        ("goods has no rows", "an empty answer never replaces data"),
        {"row_count": 0},
    ),
    BadFigures(
        "a total that does not match its parts",
        set_cell("CON_VAL_MO", "123456", row=8),
        CHAPTERS,
        "parts_match_chapters",
        ("published figures differ from the sum of their parts", "fetch the whole partition again"),
        {"commodity_code": "84", "published_usd": 123_456},
    ),
    BadFigures(
        "an answer that lost half of its rows",
        faults.first_half,
        COMPUTERS,
        "countries_match_world",
        ("a request that is missing or was answered with a part",),
    ),
    BadFigures(
        "a code that lost a leading zero",
        set_cell("I_COMMODITY", "101210010", row=3),
        FIRST_CODES,
        "commodity_codes",
        ("a leading zero was lost", "never pad it here"),
        {"commodity_code": "101210010", "fault": "a leading zero was lost"},
    ),
]


@pytest.mark.parametrize("case", BAD_FIGURES, ids=lambda case: case.name)
def test_bad_figures_are_rejected_by_the_gate_and_kept_with_their_reasons(yesterday, case):
    yesterday.spoil(case.act, case.params)

    with pytest.raises(Rejected) as rejection:
        yesterday.bring_in()

    message = str(rejection.value)
    assert message.startswith(f"imports_monthly {MONTH}: ")
    assert [words for words in case.says if words not in message] == []
    yesterday.assert_unharmed()
    (path,) = yesterday.quarantined()
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(
        ["report.json", *(f"{table}.parquet" for table in DATASET.tables)]
    )
    report = json.loads(path.read_text())
    assert report["message"] == message
    failed = {check["check"]: check for check in report["failed"]}
    assert case.check in failed
    assert failed[case.check]["message"] in message
    assert any(case.shows.items() <= row.items() for row in failed[case.check]["rows"])


def test_a_month_that_shrinks_by_more_than_half_is_rejected(yesterday):
    money = ("gen_val", "con_val", "dut_val", "cal_dut", "con_cha")
    smaller = ", ".join(f"{name} = {name} * 4 // 10" for name in money)
    yesterday.server.figures.execute(f"update trade set {smaller}")

    with pytest.raises(Rejected, match=f"{MONTH}: .* shrank by 60 % against the vintage of") as rejection:
        yesterday.bring_in()

    assert [check.name for check in rejection.value.gate.failed] == ["size"]
    assert "if it is right, delete the vintage that it is compared with" in str(rejection.value)
    yesterday.assert_unharmed()
    (path,) = yesterday.quarantined()
    (failed,) = json.loads(path.read_text())["failed"]
    assert {row["table_name"] for row in failed["rows"]} == set(DATASET.tables)


def test_a_month_that_shrinks_a_little_is_a_revision(yesterday):
    yesterday.server.figures.execute("update trade set con_cha = con_cha // 2")

    landed = yesterday.bring_in()

    assert landed.vintage_at > yesterday.good.vintage_at
    assert [item.folder for item in selected(yesterday.settings)] == [landed.folder]


# What cannot even be read.


@pytest.mark.parametrize(
    ("act", "params", "says"),
    [
        (
            faults.rename_column("GEN_VAL_MO", "GENERAL_VALUE"),
            CHAPTERS,
            ("lacks GEN_VAL_MO: the format has changed", "correct sources/census_trade.py"),
        ),
        (
            faults.drop_column("CTY_CODE"),
            {"time": MONTH},
            ("lacks CTY_CODE: the format has changed",),
        ),
        (
            repeats_its_header,
            CHAPTERS,
            ("1 answers for chapters hold 2 header rows, and each should have one", "AITB_FETCH=always"),
        ),
        (
            lambda answer: replace(answer, body=b'[{"message": "sorry"}, ["no", "data"]]'),
            CHAPTERS,
            ("the header ['no', 'data'] lacks CTY_CODE",),
        ),
        (
            lambda answer: replace(answer, body=answer.body.replace(b'"84"', b'"84" oops', 1)),
            CHAPTERS,
            ("is cut off or is not JSON", "AITB_FETCH=always"),
        ),
    ],
    ids=["wrong header", "a column less", "repeated header row", "another shape", "broken in the middle"],
)
def test_an_answer_that_cannot_be_read_is_rejected_whole(yesterday, act, params, says):
    yesterday.spoil(act, params)

    with pytest.raises(Rejected) as rejection:
        yesterday.bring_in()

    assert rejection.value.gate is None
    assert str(rejection.value).startswith(f"imports_monthly {MONTH}: ")
    assert [words for words in says if words not in str(rejection.value)] == []
    yesterday.assert_unharmed()
    (path,) = yesterday.quarantined()
    assert json.loads(path.read_text()) == {"message": str(rejection.value), "failed": []}


def test_columns_that_are_repeated_in_the_header_do_no_harm(yesterday):
    yesterday.spoil(faults.repeat_column("CTY_CODE"), {})
    yesterday.spoil(faults.repeat_column("CON_VAL_MO"), {})

    landed = yesterday.bring_in()

    assert landed.tables == yesterday.good.tables
    assert landed.folder != yesterday.good.folder  # other bytes are another vintage


# What is not archived at all.


@pytest.mark.parametrize(
    ("act", "error", "waits", "says"),
    [
        (faults.truncated, Unavailable, [1, 2, 4, 8], ("the answer is cut off", "start again later")),
        (ends_behind_a_row, Unavailable, [1, 2, 4, 8], ("the answer is cut off",)),
        (faults.cut_off, Unavailable, [1, 2, 4, 8], ("RemoteProtocolError", "tried 5 times")),
        (faults.dropped, Unavailable, [1, 2, 4, 8], ("tried 5 times", "Look whether the service is up")),
        (faults.query_error_page, Unavailable, [1, 2, 4, 8], ("the query failed on their side", "tried 5")),
        (faults.rejected_page, Refused, [], ("firewall rejected the request", "try again later")),
        (faults.empty_body, Refused, [], ("a page or text instead of data", "AITB_CENSUS_URL")),
        (faults.missing_key, KeyRefused, [], ("the key is missing", "AITB_CENSUS_API_KEY")),
        (status(429), Unavailable, [1, 2, 4, 8], ("answered 429", "tried 5 times")),
        (status(429, {"Retry-After": "7"}), Unavailable, [7, 7, 7, 7], ("answered 429",)),
        (status(500), Unavailable, [1, 2, 4, 8], ("answered 500", "start again later")),
        (status(403), Refused, [], ("answered 403: error: status 403",)),
        (status(404), Refused, [], ("there is no such dataset (404)", "AITB_CENSUS_URL")),
    ],
    ids=[
        "truncated body", "ends behind a row", "cut off on the way", "dropped", "error page as 200",
        "firewall page as 200", "empty body", "302 to the key page", "429", "429 with Retry-After",
        "500 all the time", "403", "404",
    ],
)  # fmt: skip
def test_an_answer_that_is_no_data_leaves_archive_and_landing_as_they_were(
    yesterday, slept, act, error, waits, says
):
    archive = contents(yesterday.settings.archive_dir)
    asked = len(yesterday.server.requests)
    yesterday.spoil(act, {"time": MONTH})

    with pytest.raises(error) as failure:
        yesterday.bring_in()

    message = str(failure.value)
    assert "US Census Bureau, international trade" in message
    assert f"time={MONTH}" in message
    assert [words for words in says if words not in message] == []
    assert len(yesterday.server.requests) - asked == len(waits) + 1
    assert slept == waits
    yesterday.assert_unharmed()
    assert contents(yesterday.settings.archive_dir) == archive
    assert yesterday.quarantined() == []


def test_a_stalled_connection_is_given_up(yesterday, slept):
    yesterday.spoil(faults.stalled, CHAPTERS)

    with pytest.raises(Unavailable, match=r"did not answer in time: .*COMM_LVL=HS2.* tried 5 times"):
        yesterday.bring_in(timeout=0.1)

    assert slept == [1.0, 2.0, 4.0, 8.0]
    yesterday.assert_unharmed()


def test_500_then_good_is_good(yesterday, slept):
    yesterday.server.figures.execute("update trade set con_cha = 2 * con_cha")
    yesterday.spoil(status(500), CHAPTERS, times=2)

    landed = yesterday.bring_in()

    assert slept == [1.0, 2.0]
    assert landed.vintage_at > yesterday.good.vintage_at


# The disk.


class Full:
    """Writes fail as on a full disk from the moment on that `path_holds` is written to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path_holds: str):
        self.path_holds = path_holds
        self._fsync = os.fsync
        monkeypatch.setattr("os.fsync", self)

    def __call__(self, descriptor: int) -> None:
        if self.path_holds in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._fsync(descriptor)


@pytest.mark.parametrize("where", ["/blobs/", "/manifest/"])
def test_a_full_disk_while_archiving(yesterday, monkeypatch, where):
    yesterday.server.figures.execute("update trade set con_cha = 2 * con_cha")
    manifests = contents(yesterday.settings.archive_dir / "manifest")
    with monkeypatch.context() as full:
        Full(full, where)
        with pytest.raises(NotWritten) as failure:
            yesterday.bring_in()

    message = str(failure.value)
    assert where in message
    assert "(No space left on device). Make room" in message
    assert ".partial" not in message
    yesterday.assert_unharmed()
    assert contents(yesterday.settings.archive_dir / "manifest") == manifests
    assert files_holding(yesterday.settings.data_dir, ".partial") == []
    assert yesterday.bring_in().vintage_at > yesterday.good.vintage_at


@pytest.fixture
def no_file_larger_than() -> Iterator[Callable[[int], None]]:
    """Let the system itself refuse what makes a file larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("where", ["quality", "landing"])
def test_a_disk_that_refuses_while_landing(yesterday, no_file_larger_than, monkeypatch, where):
    yesterday.archive_other_answers()
    if where == "landing":
        monkeypatch.setattr("data_quality.runner._write", lambda *_: None)
    no_file_larger_than(1000)

    with pytest.raises(NotWritten) as failure:
        yesterday.bring_in(fetch="never")
    no_file_larger_than(resource.RLIM_INFINITY)

    message = str(failure.value)
    folder = {
        "quality": yesterday.settings.quality_dir,
        "landing": yesterday.settings.landing_dir / "census_trade" / "imports_monthly" / MONTH,
    }[where]
    assert message.startswith(str(folder))
    assert "could not be written (File too large). Make room" in message
    assert ".partial" not in message
    yesterday.assert_unharmed()
    assert yesterday.bring_in(fetch="never").vintage_at > yesterday.good.vintage_at


# The archive.


def overwritten(path: Path) -> None:
    path.write_bytes(b"not what was here before")


def replaced(path: Path) -> None:
    """Another answer in place of the one that was given: it reads well, only its hash is another."""
    body = zstandard.ZstdDecompressor().decompress(path.read_bytes())
    path.write_bytes(zstandard.ZstdCompressor().compress(body.replace(b"0", b"1")))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def in_place_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (overwritten, "is damaged: it cannot be decompressed"),
        (cut, "is damaged: it cannot be decompressed"),
        (replaced, "was changed: its hash is not the one in the manifest"),
        (Path.unlink, "cannot be read (No such file or directory)"),
        (in_place_a_directory, "cannot be read (Is a directory)"),
    ],
    ids=["overwritten", "cut off", "tampered", "missing", "unreadable"],
)
def test_a_damaged_archive_file_is_named_and_not_used(yesterday, act, says):
    blob = yesterday.archive_other_answers()
    act(blob)

    with pytest.raises(Rejected) as rejection:
        yesterday.bring_in(fetch="never")

    message = str(rejection.value)
    assert message.startswith(f"imports_monthly {MONTH}: {blob} {says}")
    assert "Restore it from a backup, or fetch the partition again: with AITB_FETCH=always" in message
    yesterday.assert_unharmed()
    (path,) = yesterday.quarantined()
    assert json.loads(path.read_text())["message"] == message


@pytest.mark.parametrize(
    "act", [overwritten, replaced, Path.unlink], ids=["overwritten", "tampered", "missing"]
)
def test_fetching_again_repairs_a_damaged_archive_file(yesterday, act):
    act(yesterday.archive_other_answers())

    landed = yesterday.bring_in(fetch="always")

    assert landed.vintage_at > yesterday.good.vintage_at
    assert yesterday.quarantined() == []


def test_a_file_that_may_not_be_read_is_named(yesterday, monkeypatch):
    blob = yesterday.archive_other_answers()
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == blob:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read_bytes(path)

    with monkeypatch.context() as refusing:
        refusing.setattr(Path, "read_bytes", refuse)
        with pytest.raises(Rejected, match=r"cannot be read \(Permission denied\)\. Restore it"):
            yesterday.bring_in(fetch="never")

    yesterday.assert_unharmed()


def other_answer(manifest: dict) -> None:
    manifest["entries"][1]["sha256"] = manifest["entries"][0]["sha256"]


def other_question(manifest: dict) -> None:
    manifest["entries"][0]["params"][1] = ["time", "2024-01"]


def other_month(manifest: dict) -> None:
    manifest["partition"] = "2024-01"


def other_origin(manifest: dict) -> None:
    manifest["entries"][0]["origin"] = "composed"


def other_makers(manifest: dict) -> None:
    manifest["entries"][0]["composed_from"] = ["figures.parquet"]


def other_scope(manifest: dict) -> None:
    manifest["scope"]["partners"] = ["5700"]


def nothing_in_it(manifest: dict) -> None:
    manifest.clear()


@pytest.mark.parametrize(
    "act",
    [
        other_answer,
        other_question,
        other_month,
        other_origin,
        other_makers,
        other_scope,
        nothing_in_it,
    ],
)
def test_a_tampered_manifest_is_named_and_not_used(yesterday, act):
    yesterday.archive_other_answers()
    path = yesterday.newest_manifest()
    manifest = json.loads(path.read_text())
    act(manifest)
    path.write_text(json.dumps(manifest))

    with pytest.raises(ArchiveDamaged) as damage:
        yesterday.bring_in(fetch="never")

    assert str(path) in str(damage.value)
    assert "Restore it from a backup, or delete it and fetch the partition again" in str(damage.value)
    yesterday.assert_unharmed()


# The key.


def echoes_the_key_as_an_error(_: Answer) -> Answer:
    return text(400, f"error: unknown variable in /data?get=X&key={KEY}")


def echoes_the_key_at_the_cut(_: Answer) -> Answer:
    """The key lies where a long message is cut."""
    return text(400, "x" * (200 - len(KEY) // 2) + KEY)


def redirects_with_the_key(_: Answer) -> Answer:
    return Answer(302, headers={"Location": f"/login/{KEY}?key={KEY}"})


def repeats_the_key_in_its_data(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b'"CANADA"', f'"{KEY}"'.encode()))


def repeats_the_key_in_its_headers(answer: Answer) -> Answer:
    return replace(answer, media_type=f"text/{KEY}", headers={"X-Archive-Composed-From": f"a?key={KEY}"})


@pytest.mark.parametrize(
    "act",
    [
        echoes_the_key_as_an_error, echoes_the_key_at_the_cut, redirects_with_the_key,
        repeats_the_key_in_its_data, repeats_the_key_in_its_headers, faults.dropped, faults.missing_key,
        status(500), set_cell("CON_VAL_MO", "n.a."),
    ],
)  # fmt: skip
def test_the_key_is_never_stored_and_never_shown(yesterday, caplog, act):
    caplog.set_level("DEBUG")
    yesterday.spoil(act, {"time": MONTH})
    message = ""
    try:
        yesterday.bring_in()
    except (Refused, Unavailable, Rejected) as error:
        message = repr(error) + str(error.__cause__) + str(error.__context__)

    assert yesterday.server.requests[-1].values("key") == [KEY]
    half = KEY[: len(KEY) // 2]
    assert half not in message
    assert half not in caplog.text
    assert files_holding(yesterday.settings.data_dir, half) == []
    bodies = [
        zstandard.ZstdDecompressor().decompress(path.read_bytes())
        for path in yesterday.settings.archive_dir.rglob("*.zst")
    ]
    assert not any(half.encode() in body for body in bodies)


# In Dagster: what is rejected is seen, what is good goes on.


@dataclass
class Run:
    """A landing run of two months in one process, and what the instance knows afterwards."""

    result: object
    instance: DagsterInstance
    key: AssetKey

    @property
    def materialized(self) -> set[str]:
        return self.instance.get_materialized_partitions(self.key)

    @property
    def failed_checks(self) -> dict[str, str]:
        return {
            check.check_name: check.description
            for check in self.result.get_asset_check_evaluations()
            if not check.passed and check.severity.value == "ERROR"
        }

    @property
    def retries(self) -> int:
        return len([event for event in self.result.all_events if event.is_step_up_for_retry])

    @property
    def failure(self) -> str:
        (event,) = [event for event in self.result.all_events if event.is_step_failure]
        error = event.event_specific_data.error
        return (error.cause or error).message


@pytest.fixture
def land_two_months(settings, make_client, monkeypatch) -> Iterator[Callable[..., Run]]:
    monkeypatch.setattr("orchestration.assets.step.FIRST_DELAY_SECONDS", 0)
    with DagsterInstance.ephemeral() as instance:

        def land(**changed: object) -> Run:
            given = settings.model_copy(update=changed)
            definitions = landing_definitions(given, make_client)
            result = definitions.resolve_job_def(LANDING_JOBS["month"]).execute_in_process(
                instance=instance,
                tags=range_tags("2025-01", "2025-02"),
                asset_selection=[asset_key(DATASET)],
                raise_on_error=False,
            )
            return Run(result, instance, asset_key(DATASET))

        yield land


@pytest.mark.parametrize("spoilt", ["2025-01", "2025-02"])
@pytest.mark.parametrize(
    ("act", "params", "check", "says"),
    [
        (set_cell("CON_VAL_MO", "n.a."), COMPUTERS, "no_bad_values", "could not be read"),
        (set_cell("CON_VAL_MO", "1", row=8), CHAPTERS, "parts_match_chapters", "differ from the sum"),
        (faults.rename_column("GEN_VAL_MO", "X"), CHAPTERS, READABLE, "the format has changed"),
        (faults.rejected_page, CHAPTERS, READABLE, "firewall rejected the request"),
    ],
    ids=["a text", "a total that does not match", "a wrong header", "a page with status 200"],
)
def test_of_two_months_the_bad_one_fails_its_check_and_the_good_one_is_materialized(
    land_two_months, server, spoilt, act, params, check, says
):
    server.faults.append(Fault(act, path="imports/hs", params=params | {"time": spoilt}, times=None))

    run = land_two_months()

    assert not run.result.success
    assert run.materialized == {"2025-01", "2025-02"} - {spoilt}
    assert says in run.failed_checks[check]
    assert spoilt in run.failed_checks[check]
    assert run.retries == 0
    assert run.failure.count(f"imports_monthly {spoilt}: ") >= 1
    assert "1 of 2 partitions of imports_monthly were rejected" in run.failure


def test_two_good_months_are_two_materializations_and_every_check_is_reported(land_two_months):
    run = land_two_months()

    assert run.result.success
    assert run.materialized == {"2025-01", "2025-02"}
    assert run.failed_checks == {}


def test_a_run_removes_what_a_killed_one_left_half_written(land_two_months, settings):
    folders = (settings.archive_dir / "manifest", settings.landing_dir / "imports_monthly")
    leftovers = [partial_of(folder / "half") for folder in folders]
    for leftover in leftovers:
        leftover.mkdir(parents=True)

    assert land_two_months().result.success
    assert not [leftover for leftover in leftovers if leftover.exists()]


def test_a_damaged_archive_rejects_its_month_only(land_two_months, settings):
    land_two_months()
    newest = max(settings.archive_dir.glob("manifest/*/imports_monthly/2025-02/*.json"))
    newest.write_text("{}")

    run = land_two_months(fetch="never")

    assert "cannot be read" in run.failed_checks[READABLE]
    assert str(newest) in run.failed_checks[READABLE]
    assert run.retries == 0
    assert [event.partition for event in run.result.get_asset_materialization_events()] == ["2025-01"]


def test_a_month_that_is_not_published_is_no_failure(land_two_months, server):
    server.figures.execute("delete from trade where period = '2025-02'")

    run = land_two_months()

    assert run.result.success
    assert run.materialized == {"2025-01"}
    assert run.failed_checks == {}


def bring_in_list(settings, make_client, name: str, partition: str) -> object:
    with make_client(settings) as client:
        return bring_in(settings, client, *DATASETS[name], partition)


def test_a_list_that_is_always_there_and_is_not_found_is_an_error(settings, make_client, server):
    """An edition may not be out yet; the current list is gone only where the address is wrong."""
    moved = settings.model_copy(update={"census_schedules_url": f"{server.url}/elsewhere"})

    assert bring_in_list(moved, make_client, "import_commodities", "2025") == Absent("not published yet")
    for _ in range(2):  # with nothing to fall back on, and with an older list in the archive
        with pytest.raises(
            Refused, match=r"nothing was found at c/country\.txt; check AITB_CENSUS_SCHEDULES_URL"
        ):
            bring_in_list(moved, make_client, "countries", "current")
        bring_in_list(settings, make_client, "countries", "current")


def test_a_refused_key_ends_the_run_at_once(land_two_months, server):
    server.keys = ("another",)

    run = land_two_months()

    assert len(server.requests) == 1
    assert "check AITB_CENSUS_API_KEY" in run.failure
    assert "check AITB_CENSUS_API_KEY" in run.failed_checks[READABLE]
    assert run.retries == 0


def test_a_source_that_is_down_is_tried_again_and_what_came_before_is_kept(land_two_months, server):
    server.faults.append(Fault(status(500), params={"time": "2025-02"}, times=None))

    run = land_two_months()

    assert run.materialized == {"2025-01"}
    assert run.retries == 3
    assert "imports_monthly 2025-02: " in run.failure
    assert "answered 500" in run.failure
    assert "answered 500" in run.failed_checks[READABLE]


def test_a_source_that_comes_back_between_two_tries_of_a_step_makes_a_good_run(land_two_months, server):
    server.faults.append(Fault(status(500), params={"time": "2025-02"}, times=5))

    run = land_two_months(fetch="always")

    assert run.result.success
    assert run.retries == 1
    assert run.materialized == {"2025-01", "2025-02"}
    # What the first try had brought in is not asked for by the second one.
    assert len([one for one in server.requests if one.values("time") == ["2025-01"]]) == 12


def test_a_full_disk_fails_the_run_with_a_sentence(land_two_months, settings, monkeypatch):
    with monkeypatch.context() as full:
        Full(full, "/manifest/")
        run = land_two_months()

    assert run.materialized == set()
    assert "could not be written (No space left on device). Make room" in run.failure
    assert run.retries == 0
    assert land_two_months().materialized == {"2025-01", "2025-02"}


def test_the_key_is_in_nothing_that_a_run_leaves(land_two_months, server, settings, caplog):
    caplog.set_level("DEBUG")
    server.faults.append(Fault(echoes_the_key_as_an_error, params={"time": "2025-02"}, times=None))

    run = land_two_months()

    assert KEY not in run.failure
    assert not any(KEY in str(event) for event in run.result.all_events)
    assert KEY not in caplog.text
    assert files_holding(settings.data_dir, KEY) == []

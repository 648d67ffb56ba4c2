"""Label lists from files and addresses: what fits is landed, what does not is named with its row."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance, Definitions

from orchestration.archive import Archive, is_unread, open_archive
from orchestration.assets.landing import READABLE, Absent, bring_in, landing_assets
from orchestration.http import Client
from orchestration.jobs import LANDING_JOBS, jobs
from orchestration.landing import Landed, Rejected, quarantined, selected
from orchestration.publish import identity
from orchestration.run import _archived_plan
from orchestration.settings import SHIPPED_ARCHIVE, Settings
from orchestration.sources.label_lists import LARGEST_BYTES
from orchestration.sources.model import Refused, SourceError, TooLarge
from orchestration.sources.registry import DATASETS, SOURCES
from tests.replay.answer import Answer
from tests.replay.faults import Fault
from tests.world import contents, files_holding

USER = "code,relevance\n8471.50,High\n101.21,low\n8542310001,MEDIUM\n"
WAUGH = (
    "relevance,confidence,primary_category,specific_use,reasoning,hs10_code,description\n"
    'High,95,Compute_Hardware,Servers,"They compute, ""all day""\nand all night",8471500150,Units\n'
    "Low,80.0,Not_DC_Related,,,101210010,Horses\n"
    "Medium,,Electrical_Power,Power,Some,8504409550,Converters\n"
)
WTO = "group,hs6_hs2007,description\nMachines,847150,Units\nGases,280421,Argon\nOther,10121,Horses\n"

LISTS = {"user_labels": USER, "waugh_labels": WAUGH, "waugh_export_labels": WAUGH, "wto_list": WTO}


@dataclass
class Desk:
    """A data directory without a network, and a place for files."""

    folder: Path
    settings: Settings

    def file(self, content: str | bytes, name: str = "list.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def bring_in(
        self, dataset: str, content: str | bytes | None = None, **changed: object
    ) -> Landed | Absent:
        """Bring a list in, as `content` has it or from where `changed` says."""
        if content is not None:
            changed[dataset] = str(self.file(content))
        settings = self.settings.model_copy(update=changed)
        with Client(settings, sleep=lambda _: None) as client:
            return bring_in(settings, client, *DATASETS[dataset], "current")

    def report(self) -> dict:
        (path,) = self.settings.quarantine_dir.rglob("report.json")
        return json.loads(path.read_text())


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path, Settings(data_dir=tmp_path / "data"))


def labels(landed: Landed, columns: str) -> list[tuple]:
    table = f"(from '{landed.folder}/labels.parquet' order by row_number)"
    return duckdb.sql(f"select {columns} from {table}").fetchall()


# What fits.


def test_a_users_list_holds_for_both_sides_and_gets_its_zeros_back(desk):
    landed = desk.bring_in("user_labels", USER)

    assert labels(landed, "label_set_id, commodity_system, commodity_code, relevance, row_number") == [
        ("user", "hs", "847150", "High", 2),
        ("user", "hs", "010121", "Low", 3),
        ("user", "hs", "8542310001", "Medium", 4),
    ]
    assert labels(landed, "distinct category, confidence, specific_use, reasoning") == [(None,) * 4]


def test_a_users_list_may_say_which_side_and_which_category(desk):
    landed = desk.bring_in(
        "user_labels",
        "Product;x,How,category,commodity_system,reasoning\n"
        "84715001,High,Compute_Hardware,hts10,I say so\n84715001,Low,,Schedule_B10,\n740311,High,,,\n",
    )

    assert labels(landed, "commodity_system, commodity_code, category, reasoning") == [
        ("hts10", "84715001", "Compute_Hardware", "I say so"),
        ("schedule_b10", "84715001", None, None),
        ("hs", "740311", None, None),
    ]


@pytest.mark.parametrize(
    ("dataset", "system"), [("waugh_labels", "hts10"), ("waugh_export_labels", "schedule_b10")]
)
def test_a_published_label_file_is_read_whole(desk, dataset, system):
    landed = desk.bring_in(dataset, WAUGH)

    assert labels(landed, "* exclude (vintage_at)") == [
        (
            "waugh_2026", system, "8471500150", "Units", "High", 95, "Compute_Hardware", "Servers",
            'They compute, "all day"\nand all night', 2,
        ),
        ("waugh_2026", system, "0101210010", "Horses", "Low", 80, "Not_DC_Related", None, None, 4),
        (
            "waugh_2026", system, "8504409550", "Converters", "Medium", None, "Electrical_Power", "Power",
            "Some", 5,
        ),
    ]  # fmt: skip


def test_columns_may_be_absent_in_another_order_and_more_than_are_known(desk):
    landed = desk.bring_in(
        "waugh_labels",
        "naics,hs10_code,description,relevance,primary_category\n334111,8471500150,Units,High,Compute_Hardware\n",
    )

    assert labels(landed, "commodity_code, confidence, specific_use, reasoning") == [
        ("8471500150", None, None, None)
    ]


@pytest.mark.parametrize("edition", ["hs2007", "hs2012", "hs2017", "hs2022"])
def test_the_header_of_the_wto_list_names_its_edition(desk, edition):
    landed = desk.bring_in("wto_list", WTO.replace("hs2007", edition))

    assert labels(landed, "label_set_id, commodity_system, commodity_code, relevance, specific_use") == [
        ("wto_2025", edition, "847150", "High", "Machines"),
        ("wto_2025", edition, "280421", "High", "Gases"),
        ("wto_2025", edition, "010121", "High", "Other"),
    ]


def test_the_list_that_ships_has_103_codes_and_is_what_the_sample_holds(desk):
    landed = desk.bring_in("wto_list", fetch="missing")

    assert labels(landed, "count(*), count(distinct commodity_code), any_value(commodity_system)") == [
        (103, 103, "hs2007")
    ]
    sample = Archive(SHIPPED_ARCHIVE).latest("label_lists", "wto_list", "current", None)
    (shipped,) = sample.entries
    (read,) = open_archive(desk.settings).latest("label_lists", "wto_list", "current", None).entries
    assert shipped.sha256 == read.sha256
    assert (sample.origin, sample.composed_from) == ("file", ("wto_ai_enabling_goods_2025.csv",))


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: (text + "\n\n").encode(),
        lambda text: text.replace("\n", "\n,\n", 1).encode(),
        lambda text: text.replace(",", " , ").encode(),
        lambda text: text.rstrip().encode(),
    ],
    ids=["byte order mark", "CRLF", "blank lines at the end", "an empty row", "blanks", "no last line end"],
)
def test_how_a_file_is_written_does_not_matter(desk, spell):
    landed = desk.bring_in("user_labels", spell(USER))

    assert labels(landed, "commodity_code, relevance") == [
        ("847150", "High"),
        ("010121", "Low"),
        ("8542310001", "Medium"),
    ]


# What does not fit: in its rows.


@pytest.mark.parametrize(
    ("dataset", "text", "check", "shows", "says"),
    [
        (
            "user_labels", f"{USER}8471,High\n", "no_bad_values",
            {"row_number": 5, "column_name": "code", "text_value": "8471"},
            "4 digits; a code has 6 or 8 or 10",
        ),
        (
            "user_labels", f"{USER}84715001501,High\n", "no_bad_values",
            {"row_number": 5, "text_value": "84715001501"}, "11 digits",
        ),
        (
            "user_labels", f"{USER}8.47E+09,High\n", "no_bad_values",
            {"row_number": 5, "text_value": "8.47E+09"}, "only digits and points",
        ),
        ("user_labels", f"{USER}001234,High\n", "no_bad_values", {"row_number": 5}, "there is no chapter 00"),
        ("user_labels", f"{USER},High\n", "no_bad_values", {"row_number": 5, "text_value": ""}, "not a code"),
        (
            "user_labels", f"{USER}847160,Hihg\n", "relevance_known",
            {"row_number": 5, "commodity_code": "847160", "relevance": "Hihg"}, "relevance that is not known",
        ),
        (
            "user_labels", f"{USER}847160,\n", "labels_complete",
            {"row_number": 5, "commodity_code": "847160", "relevance": None},
            "lack their code or their relevance",
        ),
        (
            "user_labels", f"{USER}847160,High,High\n", "no_bad_values",
            {"row_number": 5, "text_value": "847160,High,High"}, "has 3 cells, and the header has 2",
        ),
        (
            "user_labels", f"{USER}847160\n", "no_bad_values", {"row_number": 5, "text_value": "847160"},
            "has 1 cells, and the header has 2",
        ),
        (
            "user_labels", f"{USER}847150,Low\n", "labels_unique",
            {"commodity_code": "847150", "row_numbers": [2, 5], "relevances": ["High", "Low"]},
            "labelled more than once",
        ),
        (
            "user_labels", f"{USER}847150,High\n", "labels_unique",
            {"commodity_code": "847150", "row_numbers": [2, 5]}, "even where they agree",
        ),
        (
            "user_labels", "code,relevance,commodity_system\n847150,High,hts10\n847150,Low,\n",
            "labels_unique",
            {"commodity_code": "847150", "row_numbers": [2, 3]}, "labelled more than once",
        ),
        (
            "user_labels", "code,relevance,commodity_system\n847150,High,imports\n", "no_bad_values",
            {"row_number": 2, "column_name": "commodity_system", "text_value": "imports"}, "not a side",
        ),
        (
            "user_labels", "code,relevance,category\n847150,High,Computers\n", "categories_known",
            {"row_number": 2, "category": "Computers"}, "dbt_project/seeds/ai_category.csv",
        ),
        ("user_labels", "code,relevance\n", "not_empty", {"row_count": 0}, "write the rows into the file"),
        (
            "waugh_labels", WAUGH.replace("80.0", "101"), "confidence_in_range",
            {"row_number": 4, "confidence": 101}, "confidence beyond that",
        ),
        (
            "waugh_labels", WAUGH.replace("80.0", "-1"), "confidence_in_range",
            {"row_number": 4, "confidence": -1}, "confidence beyond that",
        ),
        (
            "waugh_labels", WAUGH.replace("80.0", "0.8"), "no_bad_values",
            {"row_number": 4, "column_name": "confidence", "text_value": "0.8"}, "not a whole number",
        ),
        (
            "waugh_labels", WAUGH.replace("101210010", "847150"), "no_bad_values",
            {"row_number": 4, "column_name": "hs10_code", "text_value": "847150"}, "6 digits; a code has 10",
        ),
        (
            "waugh_labels", WAUGH.replace("101210010", "01210010"), "no_bad_values", {"row_number": 4},
            "8 digits; a code has 10",
        ),
        (
            "waugh_labels", WAUGH.replace("Not_DC_Related", "None"), "categories_known",
            {"row_number": 4, "category": "None"}, "category that is not known",
        ),
        (
            "waugh_labels", WAUGH.replace("Not_DC_Related", ""), "no_bad_values",
            {"row_number": 4, "column_name": "primary_category"}, "empty",
        ),
        (
            "waugh_export_labels", f"{WAUGH}High,1,Compute_Hardware,,,8471500150,Units\n", "labels_unique",
            {"commodity_code": "8471500150", "row_numbers": [2, 6]}, "labelled more than once",
        ),
        (
            "wto_list", WTO.replace("847150", "84715001"), "no_bad_values",
            {"row_number": 2, "column_name": "hs6_hs2007"}, "8 digits; a code has 6",
        ),
        (
            "wto_list", f"{WTO}Machines,847150,Units\n", "labels_unique", {"row_numbers": [2, 5]},
            "labelled more than once",
        ),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_named_and_what_was_there_stays(desk, dataset, text, check, shows, says):
    good = desk.bring_in(dataset, LISTS[dataset])
    landing = contents(desk.settings.landing_dir)

    with pytest.raises(Rejected) as rejection:
        desk.bring_in(dataset, text)

    message = str(rejection.value)
    assert message.startswith(f"{dataset} current: ")
    assert says in message
    assert [failed.name for failed in rejection.value.gate.failed] == [check]
    report = desk.report()
    assert report["message"] == message
    (failed,) = report["failed"]
    assert any(shows.items() <= row.items() for row in failed["rows"])
    assert contents(desk.settings.landing_dir) == landing
    assert [item.folder for item in selected(desk.settings)] == [good.folder]
    assert quarantined(desk.settings) == [message]

    assert desk.bring_in(dataset, LISTS[dataset].rstrip()).gate.passed
    assert quarantined(desk.settings) == []


def test_a_list_may_become_shorter(desk):
    desk.bring_in("user_labels", USER)

    landed = desk.bring_in("user_labels", "code,relevance\n847150,High\n")

    assert {check.name: check.status for check in landed.gate.checks}["size"] == "warned"


# What does not fit: as a whole.


@pytest.mark.parametrize(
    ("dataset", "content", "says"),
    [
        ("user_labels", "code,relevance\nCafé,High\n".encode("latin-1"), "row 2 holds the byte 0xe9"),
        ("user_labels", "code\n847150\n", "needs two, a code and its relevance"),
        ("user_labels", "code;relevance\n847150;High\n", "a code and its relevance, separated by a comma"),
        ("user_labels", "847150,High\n847160,Low\n", "row 1 is a label already"),
        ("user_labels", "code,relevance,sytem\n847150,High,hts10\n", "the column 'sytem' is not known"),
        ("user_labels", 'code,relevance\n847150,"High\n847160,Low\n', "begins in line 2 cannot be read"),
        ("user_labels", f'code,relevance\n847150,"{"x" * 200_000}"\n', "begins in line 2 cannot be read"),
        ("waugh_labels", WAUGH.replace("hs10_code", "code"), "lacks the column hs10_code; its header is"),
        ("waugh_labels", WAUGH.replace("description", "relevance"), "names relevance more than once"),
        ("waugh_labels", WAUGH.replace(",", ";"), "columns are separated by commas"),
        ("wto_list", WTO.replace("hs6_hs2007", "hs6"), "named by their edition (hs6_hs2007, hs6_hs2012"),
        ("wto_list", WTO.replace("group", "hs6_hs2022"), "needs one column of codes"),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_kept_with_the_reason(desk, dataset, content, says):
    good = desk.bring_in(dataset, LISTS[dataset])

    with pytest.raises(Rejected) as rejection:
        desk.bring_in(dataset, content)

    assert rejection.value.gate is None
    assert says in str(rejection.value)
    assert desk.report() == {"message": str(rejection.value), "failed": []}
    assert [item.folder for item in selected(desk.settings)] == [good.folder]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"<!DOCTYPE html><html>not here</html>", "a web page and no CSV file"),
        (b"\xef\xbb\xbf\n <html>", "a web page and no CSV file"),
        (b"PK\x03\x04\x14\x00\x06\x00", "no text, or is in UTF-16; save it as CSV"),
        (USER.encode("utf-16"), "no text, or is in UTF-16"),
    ],
    ids=["nothing", "blank", "only a mark", "a page", "a page with a mark", "a workbook", "UTF-16"],
)  # fmt: skip
def test_what_is_no_list_is_not_even_archived(desk, content, says):
    desk.bring_in("user_labels", USER)
    before = contents(desk.settings.data_dir)

    with pytest.raises(Refused) as refusal:
        desk.bring_in("user_labels", content)

    assert says in str(refusal.value)
    assert "A user's own labels" in str(refusal.value)
    assert contents(desk.settings.data_dir) == before


def test_a_file_that_is_far_too_large_is_not_read(desk):
    path = desk.folder / "large.csv"
    with path.open("wb") as file:
        file.truncate(500 * 1024**2)

    with pytest.raises(TooLarge, match=rf"{path} is larger than {LARGEST_BYTES // 1024**2} MiB"):
        desk.bring_in("user_labels", user_labels=str(path))


def test_a_path_without_a_file_is_named(desk):
    path = desk.folder / "nothing.csv"

    with pytest.raises(Refused, match=rf"there is no such file; check AITB_USER_LABELS \({path}\)"):
        desk.bring_in("user_labels", user_labels=str(path))
    with pytest.raises(Refused, match=rf"{desk.folder} is not a file; give the path of one"):
        desk.bring_in("user_labels", user_labels=str(desk.folder))
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Refused, match="is not a file"):
        desk.bring_in("user_labels", user_labels=str(pipe))
    below = desk.file(USER) / "below.csv"
    with pytest.raises(Refused, match=r"cannot be read \(Not a directory\)"):
        desk.bring_in("user_labels", user_labels=str(below))


# When it is read.


def test_a_list_that_nobody_named_is_no_fault(desk):
    assert desk.bring_in("user_labels", fetch="always") == Absent("not configured")
    assert desk.bring_in("wto_list") == Absent("not in archive")
    assert desk.bring_in("user_labels", user_labels="https://lists.test/a.csv") == Absent("not in archive")


def test_a_file_that_changes_is_another_vintage_and_an_as_of_date_uses_the_one_of_then(desk):
    first = desk.bring_in("user_labels", USER)
    assert desk.bring_in("user_labels", USER).folder == first.folder
    second = desk.bring_in("user_labels", USER.replace("MEDIUM", "Low"))

    assert second.vintage_at > first.vintage_at
    then = desk.settings.model_copy(update={"as_of": first.vintage_at})
    assert [item.folder for item in selected(then)] == [first.folder]
    assert desk.bring_in("user_labels", USER + "847160,Low\n", as_of=first.vintage_at).folder == first.folder
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert desk.bring_in("user_labels", USER, as_of=before) == Absent("not in archive")
    assert desk.bring_in("user_labels").folder == second.folder


def test_no_folder_of_the_machine_is_written_down(desk):
    folder = desk.folder / "private"
    folder.mkdir()
    path = folder / "mine.csv"
    path.write_text(USER)

    landed = desk.bring_in("user_labels", user_labels=str(path))

    assert (landed.origin, landed.composed_from) == ("file", ("mine.csv",))
    assert files_holding(desk.settings.archive_dir, str(folder)) == []
    assert files_holding(desk.settings.landing_dir, str(folder)) == []


def test_what_is_not_read_yet_is_in_the_plan_of_a_run(desk):
    source, dataset = DATASETS["user_labels"]
    path = desk.file(USER)
    given = Settings(data_dir=desk.settings.data_dir, user_labels=str(path))
    archive = open_archive(given)

    assert _archived_plan(desk.settings)["current"] == []
    assert _archived_plan(given)["current"] == ["current"]
    desk.bring_in("user_labels", USER)
    assert not is_unread(given, archive, source, dataset)
    path.write_text(f"{USER}847160,Low\n")
    assert is_unread(given, archive, source, dataset)
    assert not is_unread(given.model_copy(update={"as_of": datetime(2020, 1, 1)}), archive, source, dataset)
    path.unlink()
    assert is_unread(given, archive, source, dataset)
    address = given.model_copy(update={"user_labels": "https://lists.test/a.csv"})
    assert not is_unread(address, archive, source, dataset)


def test_to_the_archive_that_ships_nothing_is_added(desk):
    settings = desk.settings.model_copy(update={"archive_dir": SHIPPED_ARCHIVE})
    before = {path: path.stat().st_mtime_ns for path in SHIPPED_ARCHIVE.rglob("*")}
    desk.settings = settings

    desk.bring_in("user_labels", USER)
    wto = desk.bring_in("wto_list")

    assert {path: path.stat().st_mtime_ns for path in SHIPPED_ARCHIVE.rglob("*")} == before
    assert {item.dataset for item in selected(settings)} == {"user_labels", "wto_list"}
    assert wto.vintage_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert _archived_plan(settings)["current"] == ["current"]
    assert "2025-06" in _archived_plan(settings)["month"]


def test_files_go_with_both_kinds_of_data_and_do_not_change_what_a_release_says_of_itself(
    desk, server, settings, make_client
):
    path = desk.file(USER)
    live = settings.model_copy(update={"user_labels": str(path)})
    origins = []
    with make_client(live) as client:
        for name, partition in (
            ("user_labels", "current"),
            ("countries", "current"),
            ("wto_list", "current"),
        ):
            bring_in(live, client, *DATASETS[name], partition)
            origins.append(identity(live, list(selected(live)))["origin"])
        path.write_text(f"{USER}847160,Low\n")
        bring_in(live, client, *DATASETS["user_labels"], "current")

    assert origins == ["file", "agency", "agency"]
    assert {item.dataset: item.origin for item in selected(live)} == {
        "countries": "agency", "user_labels": "file", "wto_list": "file",
    }  # fmt: skip


# By address.


def test_a_list_is_fetched_from_its_address(desk, server):
    server.faults.append(Fault(lambda _: Answer(200, "text/csv", WAUGH.encode()), times=None))
    address = f"{server.url}/data-input/labels.csv"

    landed = desk.bring_in("waugh_labels", waugh_labels=address, fetch="missing")

    assert (landed.origin, landed.composed_from) == ("file", ("labels.csv",))
    assert [request.path for request in server.requests] == ["/data-input/labels.csv"]
    assert desk.bring_in("waugh_labels", waugh_labels=address, fetch="missing").folder == landed.folder
    assert len(server.requests) == 1
    desk.bring_in("waugh_labels", waugh_labels=address, fetch="always")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, "text/html", b"<html>"), "a web page and no CSV file; set AITB_WAUGH_LABELS"),
        (Answer(302, headers={"Location": "/elsewhere.csv?token=0"}), "redirected to /elsewhere.csv; set"),
        (Answer(404, "text/plain", b"404: Not Found"), "there is no such file; check AITB_WAUGH_LABELS"),
        (Answer(403, "text/plain", b"no"), "answered 403; check AITB_WAUGH_LABELS"),
        (Answer(500, "text/plain", b"no"), "answered 500 to the file, tried 5 times"),
        (Answer(200, "text/csv", b""), "the file is empty; check AITB_WAUGH_LABELS"),
    ],
    ids=["page", "redirect", "404", "403", "500", "empty"],
)  # fmt: skip
def test_an_address_that_gives_no_list_is_named(desk, server, answer, says):
    server.faults.append(Fault(lambda _: answer, times=None))

    with pytest.raises(SourceError) as error:
        desk.bring_in("waugh_labels", waugh_labels=f"{server.url}/labels.csv", fetch="always")

    assert says in str(error.value)
    assert "Waugh (2026), labels of import codes" in str(error.value)


# In Dagster.


@pytest.fixture
def land_current(desk) -> Iterator[Callable[..., tuple[object, DagsterInstance]]]:
    with DagsterInstance.ephemeral() as instance:

        def land(**changed: object):
            given = desk.settings.model_copy(update=changed)
            definitions = Definitions(
                assets=landing_assets(given, lambda s: Client(s, sleep=lambda _: None), SOURCES),
                jobs=[job for job in jobs(given, SOURCES) if job.name in LANDING_JOBS.values()],
            )
            return definitions.resolve_job_def(LANDING_JOBS["current"]).execute_in_process(
                instance=instance,
                asset_selection=[AssetKey(["landing", name]) for name in ("user_labels", "waugh_labels")],
                raise_on_error=False,
            )

        yield land


def failed_checks(result) -> dict[str, object]:
    return {check.check_name: check for check in result.get_asset_check_evaluations() if not check.passed}


def test_a_bad_row_is_a_failed_check_with_its_rows_and_the_other_list_is_landed(desk, land_current):
    result = land_current(
        user_labels=str(desk.file(f"{USER}847160,Hihg\n")), waugh_labels=str(desk.file(WAUGH, "waugh.csv"))
    )

    assert not result.success
    (check,) = failed_checks(result).values()
    assert check.check_name == "relevance_known"
    assert check.asset_key == AssetKey(["landing", "user_labels"])
    assert "| 5 | 847160 | Hihg |" in check.metadata["failing_rows"].value
    assert [event.asset_key.path[-1] for event in result.get_asset_materialization_events()] == [
        "waugh_labels"
    ]


def test_a_page_in_place_of_a_list_is_a_failed_check(desk, land_current, caplog):
    with caplog.at_level(logging.CRITICAL):
        result = land_current(user_labels=str(desk.file("<html>")))

    checks = failed_checks(result)
    assert list(checks) == [READABLE]
    assert "a web page and no CSV file" in checks[READABLE].description


def test_lists_that_are_not_there_make_a_good_run(land_current):
    assert land_current().success

"""The tariff schedule: whole or not at all, from the service or a folder, and what its gate keeps out."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest
from dagster import DagsterInstance, Definitions

from orchestration.archive import Archive, unread
from orchestration.assets.landing import Absent, bring_in, landing_assets
from orchestration.jobs import LANDING_JOBS, jobs
from orchestration.landing import Landed, Rejected, landed
from orchestration.partitions import register
from orchestration.releases import revisions_to_land
from orchestration.run import _archived_plan
from orchestration.schedules import range_tags
from orchestration.sources.model import EVERYTHING, Refused, Request, Unavailable
from orchestration.sources.registry import DATASETS
from orchestration.sources.usitc_hts import classify, revision_of
from tests.replay import faults
from tests.replay.faults import Fault
from tests.schedules import footnote, line, plant_release, schedule

SOURCE, DATASET = DATASETS["tariff_schedule"]
REVISION = "2026_rev_09"


@pytest.fixture
def bring(settings, make_client, server) -> Callable[..., Landed | Absent]:
    """Make lines the current release, if any are given, and bring a revision in."""

    def act(*lines: dict, revision: str = REVISION, **changed: object) -> Landed | Absent:
        if lines:
            release = f"{revision[:4]}HTSRev{int(revision[-2:])}"
            plant_release(server.figures, release, "2026-05-28", lines)
        given = settings.model_copy(update=changed)
        with make_client(given) as client:
            return bring_in(given, client, SOURCE, DATASET, revision)

    return act


def rows(landed: Landed, table: str, query: str) -> list[tuple]:
    return duckdb.sql(query.replace("{}", f"'{landed.folder / f'{table}.parquet'}'")).fetchall()


def asked(server) -> list[str]:
    return [request.path.removeprefix("/reststop/") for request in server.requests]


@pytest.mark.parametrize(
    ("name", "revision"),
    [
        ("2025HTSRev28", "2025_rev_28"),
        ("2026HTSRev9", "2026_rev_09"),
        ("2026HTSBasic", "2026_basic"),
        ("2026 HTS Revision 10", "2026_rev_10"),
    ],
)
def test_the_name_of_a_release_is_that_of_a_revision(name, revision):
    assert revision_of(name) == revision


def test_a_name_of_another_form_is_named():
    with pytest.raises(Refused, match="'Preliminary 2027', which is not of the form 2025HTSRev28"):
        revision_of("Preliminary 2027")


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (200, b"<html>maintenance</html>", Refused, "a page or text instead of data"),
        (200, b"", Refused, "a page or text instead of data"),
        (200, b'[{"htsno": "0101"}, {"ht', Unavailable, "cut off"),
        (200, gzip.compress(b"[]" * 100, mtime=0)[:20], Refused, "cut off or damaged"),
        (403, b"", Refused, "firewall"),
        (404, b"", Refused, "AITB_HTS_URL"),
        (400, b"", Refused, "answered 400"),
    ],
)
def test_what_is_no_schedule_is_said(status, body, error, says):
    with pytest.raises(error, match=says):
        classify(status, {}, body)


def test_a_revision_is_landed_line_by_line(bring, server):
    lines = schedule()

    result = bring(*lines)

    assert result.tables["tariff_lines"]["row_count"] == len(lines)
    assert asked(server) == ["currentRelease", "exportList", "currentRelease"]
    assert rows(
        result,
        "tariff_lines",
        """
        select hts_number, indent, description_path, unit_1, unit_2, general_rate_text, special_rate_text,
               other_rate_text
        from {} where hts_number like '8504%' order by line_number
        """,
    ) == [
        ("8504", 0, "Electrical transformers", None, None, None, None, None),
        (
            "85042300", 1,
            "Electrical transformers > Having a power handling capacity exceeding 10,000 kVA",
            None, None, "1.6%", "Free (S)", "35%",
        ),
        (
            "8504230040", 2,
            "Electrical transformers > Having a power handling capacity exceeding 10,000 kVA > "
            "Not exceeding 100,000 kVA",
            "No.", None, None, None, None,
        ),
        (
            "8504230080", 2,
            "Electrical transformers > Having a power handling capacity exceeding 10,000 kVA > Other",
            "No.", "kg", None, None, "20%",
        ),
    ]  # fmt: skip
    assert rows(
        result, "tariff_revisions", "select revision, release_name, released_on::varchar from {}"
    ) == [(REVISION, "2026HTSRev9", "2026-05-28")]


def test_a_line_is_below_the_nearest_one_with_a_smaller_indent(bring):
    # A level is left out, as the schedule does here and there.
    jump = line("2620.99.75", 1, "Other residues", "Free"), line("2620.99.75.20", 4, "Vanadium")
    result = bring(*schedule(line("2620", 0, "Slag and ash:"), *jump, line("2620.99.75.60", 4, "Silver")))

    found = rows(
        result,
        "tariff_lines",
        """
        select lines.hts_number, parent.hts_number, rated.hts_number
        from {} as lines
        left join {} as parent on lines.parent_line_number = parent.line_number
        left join {} as rated on lines.rate_line_number = rated.line_number
        where lines.hts_number like '2620%' or lines.hts_number like '2009%' order by lines.line_number
        """,
    )

    assert found == [
        ("2009", None, None),
        ("20096100", None, "20096100"),  # its parent is a group without a number
        ("2009610020", "20096100", "20096100"),
        ("2620", None, None),
        ("26209975", "2620", "26209975"),
        ("2620997520", "26209975", "26209975"),
        ("2620997560", "26209975", "26209975"),
    ]


def test_rates_are_landed_once_for_each_text(bring):
    result = bring(*schedule())

    assert rows(
        result,
        "tariff_rate_parts",
        """
        select rate_number, part_number, programmes, part_kind, ad_valorem_rate, specific_amount_usd,
               specific_unit
        from {} where rate_text like '%(JO)' or rate_text like 'The duty%' order by rate_text, 1, 2
        """,
    ) == [
        (1, 1, "A+,AU", "free", None, None, None),
        (2, 1, "JO", "specific", None, Decimal("0.088"), "liter"),
        (1, 1, None, "applicable_duty", None, None, None),
        (1, 2, None, "ad_valorem", Decimal("0.25"), None, None),
    ]


def test_footnotes_name_headings_of_chapter_99(bring):
    more = (
        footnote("See 9903.88.15 and 9904.04.50-9904.05.01. "),
        {**footnote("Report stems.", "stat", "units")},
    )
    result = bring(*schedule(line("0601.10", 1, "Bulbs", "Free", footnotes=[*more])))

    assert rows(
        result,
        "tariff_footnotes",
        """
        select footnote_number, line_columns, footnote_text, referenced_codes
        from {} order by line_number, 1
        """,
    ) == [
        (1, "general", "See 9903.88.15 and 9904.04.50-9904.05.01.", "99038815,99040450-99040501"),
        (2, "stat,units", "Report stems.", None),
        (1, "general", "See 9903.88.03.", "99038803"),
        (1, "desc", "See 9903.88.69.", "99038869"),
    ]


def test_a_schedule_that_changes_while_it_is_downloaded_is_not_kept(bring, settings, server):
    good = bring(*schedule())
    plant_release(server.figures, "2026HTSRev10", "2026-06-08", schedule())

    def then_it_is_another(answer):
        plant_release(server.figures, "2026HTSRev11", "2026-06-09", schedule())
        return answer

    server.faults.append(Fault(then_it_is_another, path="exportList"))
    with pytest.raises(
        Refused, match="changed from 2026_rev_10 to 2026_rev_11 while it was being downloaded"
    ):
        bring(revision="2026_rev_10")

    assert Archive(settings.archive_dir).partitions(SOURCE.name, DATASET.name) == [REVISION]
    assert landed(settings, SOURCE.name, DATASET.name, REVISION)[0].folder == good.folder


def test_a_revision_that_is_not_in_force_is_not_there(bring, server):
    plant_release(server.figures, "2026HTSRev10", "2026-06-08", schedule())

    assert bring(revision="2026_rev_09") == Absent("not there")
    assert asked(server) == ["currentRelease"]


def test_a_revision_that_is_archived_is_not_asked_for_again(bring, server):
    bring(*schedule())
    plant_release(server.figures, "2026HTSRev10", "2026-06-08", schedule())
    server.requests.clear()

    assert isinstance(bring(), Landed)
    assert asked(server) == []


def test_revisions_to_land_are_the_one_in_force_unless_it_is_archived(bring, settings, client, server):
    plant_release(server.figures, "2026HTSRev9", "2026-05-28", schedule())
    assert revisions_to_land(settings, client) == [REVISION]
    bring()
    assert revisions_to_land(settings, client) == []


def without(prefix: str) -> list[dict]:
    return [found for found in schedule() if not found["htsno"].startswith(prefix)]


@pytest.mark.parametrize(
    ("lines", "check", "says"),
    [
        (
            schedule(line("8541", 0, "Diodes", "Twelve per hundred")),
            "rates_understood",
            "hts_rate_wording.csv",
        ),
        (
            schedule({**line("8541", 0, "Diodes", "Free"), "carbon": "5%"}),
            "no_bad_values",
            "values could not be",
        ),
        (
            [{k: v for k, v in found.items() if k != "other"} for found in schedule()],
            "no_bad_values",
            "values",
        ),
        (
            schedule(line("8541", 0, "Diodes", units=["No.", "kg", "W"])),
            "no_bad_values",
            "values could not be",
        ),
        (schedule(line("8541.1", 0, "Diodes", "Free")), "no_bad_values", "values could not be read"),
        (schedule(line("8504", 0, "Transformers again")), "hts_numbers", "stand in more than one line"),
        (without("99"), "chapters_present", "1 chapters are missing"),
        (schedule(line("8541", 3, "Diodes", "Free"))[-3:], "chapters_present", "chapters are missing"),
        ([line("0101", 1, "Horses", "Free"), *without("01")], "outline", "no place in the outline"),
        ([line("0101", 0, " ", "Free"), *without("01")], "outline", "no place in the outline"),
    ],
)
def test_a_spoilt_schedule_stays_out_and_the_one_before_in_use(bring, settings, lines, check, says):
    good = bring(*schedule(), revision="2026_rev_08")

    with pytest.raises(Rejected, match=says) as rejection:
        bring(*lines)

    assert check in {failed.name for failed in rejection.value.gate.failed}
    assert list((settings.quarantine_dir / SOURCE.name / DATASET.name / REVISION).rglob("report.json"))
    assert landed(settings, SOURCE.name, DATASET.name, "2026_rev_08")[0].folder == good.folder
    assert landed(settings, SOURCE.name, DATASET.name, REVISION) == []


def test_a_rate_that_is_not_understood_is_named_with_its_line(bring):
    with pytest.raises(Rejected) as rejection:
        bring(*schedule(line("8541", 0, "Diodes", "5% + twelve per hundred")))

    (check,) = rejection.value.gate.failed
    assert check.failing_rows[["hts_number", "rate_column", "part_text", "line_count"]].values.tolist() == [
        ["8541", "general_rate_text", "twelve per hundred", 1]
    ]


def many(count: int) -> list[dict]:
    return schedule(
        *(line(f"3926.{i // 100:02}.{i % 100:02}", 1, f"Article {i}", "5%") for i in range(count))
    )


def test_a_thousand_lines_fewer_are_too_many(bring):
    bring(*many(1500), revision="2026_rev_07")

    assert isinstance(bring(*many(501), revision="2026_rev_08"), Landed)
    bring(*many(1501), revision="2026_rev_09")
    with pytest.raises(Rejected, match=r"has 606 lines, 1000 fewer than 2026_rev_09 .*; the answer was cut"):
        bring(*many(501), revision="2026_rev_10")


@pytest.mark.parametrize("act", [faults.truncated, faults.cut_off])
def test_an_answer_that_ends_early_is_not_kept(bring, settings, server, act):
    plant_release(server.figures, "2026HTSRev9", "2026-05-28", schedule())
    server.faults.append(Fault(act, path="exportList", times=None))

    with pytest.raises(Unavailable):
        bring()
    assert Archive(settings.archive_dir).partitions(SOURCE.name, DATASET.name) == []


# A folder of revisions.


@pytest.fixture
def folder(tmp_path):
    """Revisions in files, one of them in a longer name and as the agency's archive has it."""
    place = tmp_path / "schedules"
    place.mkdir()
    (place / "hts_2025_basic.json.gz").write_bytes(gzip.compress(json.dumps(schedule()).encode()))
    (place / "hts_2025_revision_16_json.json").write_text(json.dumps(many(3)))
    (place / "notes.txt").write_text("not a schedule")
    return place


def test_a_folder_gives_its_revisions_without_a_network(folder, settings, bring, client, server):
    given = settings.model_copy(update={"hts_url": str(folder), "fetch": "never"})

    assert _archived_plan(given)["revision"] == ["2025_basic", "2025_rev_16"]
    assert revisions_to_land(given, client) == ["2025_basic", "2025_rev_16"]
    basic = bring(revision="2025_basic", hts_url=str(folder), fetch="never")
    later = bring(revision="2025_rev_16", hts_url=str(folder), fetch="never")

    assert (basic.origin, basic.composed_from) == ("file", ("hts_2025_basic.json.gz",))
    assert basic.tables["tariff_lines"]["row_count"] == len(schedule())
    assert later.tables["tariff_lines"]["row_count"] == len(many(3))
    assert rows(basic, "tariff_revisions", "select release_name, released_on from {}") == [(None, None)]
    assert bring(revision="2025_rev_17", hts_url=str(folder)) == Absent("not there")
    assert server.requests == []
    assert unread(given, Archive(given.archive_dir), SOURCE, DATASET) == []


def test_a_file_that_changed_is_read_again(folder, settings, bring):
    bring(revision="2025_rev_16", hts_url=str(folder))
    (folder / "hts_2025_revision_16_json.json").write_text(json.dumps(many(5)))
    given = settings.model_copy(update={"hts_url": str(folder)})

    assert unread(given, Archive(given.archive_dir), SOURCE, DATASET) == ["2025_basic", "2025_rev_16"]
    again = bring(revision="2025_rev_16", hts_url=str(folder))
    assert again.tables["tariff_lines"]["row_count"] == len(many(5))


def test_a_folder_that_is_not_there_is_named(settings, client, tmp_path):
    given = settings.model_copy(update={"hts_url": str(tmp_path / "nowhere")})
    with pytest.raises(Refused, match=r"nowhere is no folder that can be read .*; check AITB_HTS_URL"):
        revisions_to_land(given, client)


def test_what_is_no_json_is_said(bring, folder):
    (folder / "hts_2025_rev_17.json").write_text("[{]")
    with pytest.raises(Rejected, match="cut off or is not JSON"):
        bring(revision="2025_rev_17", hts_url=str(folder))


def test_revisions_become_known_to_dagster_in_any_order(folder, settings, make_client):
    """The older ones come after the newer one; one run lands all that are known."""
    given = settings.model_copy(update={"hts_url": str(folder), "fetch": "never"})
    definitions = Definitions(
        assets=landing_assets(given, make_client, (SOURCE,)), jobs=jobs(given, (SOURCE,))[3:4]
    )
    with DagsterInstance.ephemeral() as instance:
        register(instance, "revision", ["2025_rev_16"])
        tags = range_tags(*register(instance, "revision", ["2025_basic"]))
        result = definitions.resolve_job_def(LANDING_JOBS["revision"]).execute_in_process(
            instance=instance, tags=tags
        )

    assert result.success
    for revision in ("2025_basic", "2025_rev_16"):
        assert len(landed(given, SOURCE.name, DATASET.name, revision)) == 1


def test_what_is_asked_for():
    assert [str(request) for request in DATASET.plan(REVISION, EVERYTHING)] == [
        "currentRelease",
        "exportList?from=0101&to=9999&format=JSON&styles=false",
        "currentRelease?after=exportList",
    ]
    assert DATASET.files(["hts_2026_rev_4.json.gz", "hts_2026_rev_4.csv"]) == {
        "2026_rev_04": Request("hts_2026_rev_4.json.gz")
    }

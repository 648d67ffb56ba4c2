"""The screening list: its file as it is served, as JSON and as a prepared table; and its gate."""

import csv
import io
import json
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import Rejected, landed
from orchestration.releases import days_to_land
from orchestration.settings import Settings
from orchestration.sources.csl import SERVED_COLUMNS, classify, day_served
from orchestration.sources.model import NEW_YORK, Refused, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay.export_controls import PARTY_COLUMNS

SOURCE, DATASET = DATASETS["screening_list"]
EL = "Entity List (EL) - Bureau of Industry and Security"
UVL = "Unverified List (UVL) - Bureau of Industry and Security"
SDN = "Specially Designated Nationals (SDN) - Treasury Department"
HEAD = PARTY_COLUMNS


def as_csv(parties: list[dict[str, str]], head=HEAD) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(parties)
    return text.getvalue()


def many(count: int, source: str = EL) -> list[dict[str, str]]:
    return [{"name": f"Party {number}", "source": source} for number in range(count)]


@pytest.fixture
def bring(tmp_path, make_client):
    """Lands the file of a day, from a folder that is named as the address of the source."""
    folder = tmp_path / "csl"
    folder.mkdir()
    settings = Settings(data_dir=tmp_path / "data", csl_url=str(folder))

    def act(text: str, day: str = "2026-07-31", name: str = "consolidated_{}.csv"):
        Path(folder, name.format(day)).write_text(text)
        with make_client(settings) as client:
            return bring_in(settings, client, SOURCE, DATASET, day)

    act.settings = settings
    return act


def rows(result, columns: str) -> list[tuple]:
    return duckdb.sql(f"select {columns} from '{result.folder / 'screened_parties.parquet'}'").fetchall()


def failed(rejection) -> list[str]:
    return [check.name for check in rejection.value.gate.failed]


def test_the_header_is_that_of_the_file_as_it_is_served():
    assert len(HEAD) == 29
    assert set(SERVED_COLUMNS) <= set(HEAD)


def test_a_party_is_landed_with_its_list_countries_and_names(bring):
    served = {
        "_id": "fabe21", "source": EL, "name": " Fazal  Rahim Farid ",
        "federal_register_notice": "76 FR 71867",
        "addresses": "Microrayan 3rd Apt. 45, block #21, Kabul, AF; Block 1, MIAMI, FL, 33144, US; AF",
        "alt_names": "Fazel Rahim Farid; Farid", "start_date": "2011-11-21", "license_policy": "Denial.",
    }  # fmt: skip

    result = bring(as_csv([served]))

    assert rows(result, "list_code, party_name, alt_names, countries, start_date, snapshot_date") == [
        (
            "EL",
            "Fazal Rahim Farid",
            "Fazel Rahim Farid; Farid",
            "AF;US",
            date(2011, 11, 21),
            date(2026, 7, 31),
        )
    ]
    assert result.origin == "file"


def test_json_and_a_prepared_table_become_the_same_rows(bring):
    """The service's own entries have lists in place of joined texts, and no field without a value."""
    served = [
        {"source": EL, "name": "Murat Peker", "alt_names": ["A", "B"],
         "federal_register_notice": "78 FR 75485 ",
         "addresses": [{"address": "Mah. Idris", "city": "Istanbul", "state": None, "country": "TR"}]},
        {"source": "ITAR Debarred (DTC) - State Department", "name": "Juwhan Yun", "alt_names": []},
    ]  # fmt: skip
    prepared = (
        "source_code,source,name,alt_names,type,countries_iso2,entity_number,license_requirement,license_policy,"
        "programs,federal_register_notice,source_list_url\n"
        f"EL,{EL},Murat Peker,A; B,,TR,,,,,78 FR 75485,\n"
        "DTC,ITAR Debarred (DTC) - State Department,Juwhan Yun,,,,,,,,,\n"
    )

    kept = "* exclude (snapshot_date, row_number, vintage_at)"
    from_json = rows(bring(json.dumps(served), name="consolidated_{}.json"), kept)
    from_table = rows(bring(prepared, "2026-08-01", "csl_entities_{}.csv"), kept)

    assert from_json == from_table
    as_results = bring(json.dumps({"results": served}), "2026-08-02", "consolidated_{}.json")
    assert rows(as_results, "party_name") == [("Murat Peker",), ("Juwhan Yun",)]


def test_a_list_with_another_short_name_is_known_by_the_word_behind_it(bring):
    name = "Non-SDN Menu-Based Sanctions List (NS-MBS List) - Treasury Department"
    assert rows(bring(as_csv([{"name": "A", "source": name}])), "list_code") == [("NS-MBS",)]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"name": ""}, "complete"),
        ({"source": "Some New List (SNL) - Some Department"}, "lists_known"),
        ({"source": "A list without a code"}, "no_bad_values"),
        ({"start_date": "next week"}, "no_bad_values"),
    ],
)
def test_a_spoilt_entry_keeps_its_day_out(bring, changed, check):
    with pytest.raises(Rejected) as rejection:
        bring(as_csv([{"name": "A", "source": EL}, {"name": "B", "source": EL, **changed}]))
    assert check in failed(rejection)


def test_a_day_that_loses_more_than_one_in_twenty_is_kept_out(bring):
    bring(as_csv(many(100)))
    bring(as_csv(many(95)), "2026-08-01")

    with pytest.raises(Rejected, match=r"5 of 95 entries \(5.3 %\) of the day before are gone") as rejection:
        bring(as_csv(many(90)), "2026-08-02")

    assert failed(rejection) == ["entries_kept"]
    assert landed(bring.settings, SOURCE.name, DATASET.name, "2026-08-02") == []


def test_other_entries_in_place_of_the_old_ones_do_not_make_up_for_them(bring):
    bring(as_csv(many(100)))
    with pytest.raises(Rejected, match="6 of 100 entries"):
        bring(as_csv(many(94) + [{"name": f"New {i}", "source": EL} for i in range(50)]), "2026-08-01")


def test_the_whole_list_is_landed_in_time(bring):
    """As many parties as there were on 2026-07-31, through reader and gate: ten seconds of one core."""
    parties = [
        party
        | {"addresses": f"{place} High Road, Kyiv, UA; Main Street {place}, Kazan, RU", "alt_names": "A; B"}
        for place, party in enumerate(many(25_921))
    ]
    text = as_csv(parties)
    begun = time.process_time()
    result = bring(text)
    assert result.tables["screened_parties"]["row_count"] == 25_921
    assert time.process_time() - begun < 10


def test_a_list_that_disappears_keeps_the_day_out(bring):
    bring(as_csv(many(100) + many(1, SDN) + many(1, UVL)))
    with pytest.raises(Rejected, match="1 lists of the day before are gone") as rejection:
        bring(as_csv(many(100) + many(1, UVL)), "2026-08-01")
    assert failed(rejection) == ["parts_kept"]


def test_a_shift_in_the_columns_is_named(bring):
    with pytest.raises(Rejected, match="lacks the column addresses"):
        bring(as_csv([{"name": "A"}], [name for name in HEAD if name != "addresses"]))
    with pytest.raises(Rejected, match="values could not be read"):
        bring(as_csv(many(2)) + "cut,off\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"message": "gone"}', "is not a list of parties any more"),
        ('[{"title": "x"}]', "entry 1 of the list has no name or source"),
        ("[1]", "entry 1"),
    ],
)
def test_json_of_another_shape_is_said(bring, text, says):
    with pytest.raises(Rejected, match=says):
        bring(text, name="consolidated_{}.json")


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (404, b"", Refused, "no such file"),
        (401, b"", Refused, "answered 401"),
        (302, b"", Refused, "redirected"),
        (200, b"", Unavailable, "empty"),
        (200, b"<html>Maintenance</html>", Unavailable, "a page instead"),
        (200, b'{"results": [{"name": "A', Unavailable, "cut off"),
    ],
)
def test_what_is_no_list_is_said(status, body, error, says):
    with pytest.raises(error, match=says):
        classify(status, {}, body)


def test_an_address_is_asked_for_today_and_never_for_a_day_that_is_past(settings, client, server):
    asked = DATASETS["screening_list"]

    noon = datetime(2026, 7, 31, 12, tzinfo=NEW_YORK)

    assert bring_in(settings, client, *asked, "2026-07-30", now=lambda: noon) == Absent("not in archive")
    assert server.requests == []
    result = bring_in(settings, client, *asked, "2026-07-31", now=lambda: noon)

    assert rows(result, "party_name, list_code") == [("Some Party", "EL")]
    assert result.origin == "agency"
    assert days_to_land(settings, noon) == []
    assert days_to_land(settings, noon + timedelta(days=1)) == ["2026-08-01"]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-07-31T00:10-04:00", "2026-07-30"),
        ("2026-07-31T05:59-04:00", "2026-07-30"),
        ("2026-07-31T06:00-04:00", "2026-07-31"),
        # The same moments seen from elsewhere, in summer and in winter.
        ("2026-07-31T09:59+00:00", "2026-07-30"),
        ("2026-07-31T10:00+00:00", "2026-07-31"),
        ("2026-01-31T10:59+00:00", "2026-01-30"),
        ("2026-01-31T03:00-08:00", "2026-01-31"),
        ("2026-07-31T23:30-07:00", "2026-07-31"),
    ],
)
def test_until_the_morning_in_new_york_the_list_is_that_of_the_day_before(at, day):
    assert day_served(datetime.fromisoformat(at)) == day

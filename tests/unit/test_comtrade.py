"""UN Comtrade: what partners report of their own trade in codes that hold controlled products."""

import json

import duckdb
import pytest
from pydantic import SecretStr

from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import Rejected
from orchestration.settings import Settings
from orchestration.sources import comtrade
from orchestration.sources.comtrade import MOST, classify
from orchestration.sources.model import KeyRefused, Refused, TooLarge, Unavailable
from orchestration.sources.registry import DATASETS
from tests.replay.figures import plant
from tests.world import KEY


def record(reporter: tuple, flow: str, partner: tuple, value: float, code: str = "854231", **more) -> dict:
    """A row as the service writes it: codes and ISO codes of both sides."""
    return {
        "typeCode": "C",
        "freqCode": "A",
        "refPeriodId": 20240101,
        "refYear": 2024,
        "refMonth": 52,
        "period": "2024",
        "reporterCode": reporter[0],
        "reporterISO": reporter[1],
        "reporterDesc": None,
        "flowCode": flow,
        "partnerCode": partner[0],
        "partnerISO": partner[1],
        "partner2Code": 0,
        "classificationCode": "H6",
        "cmdCode": code,
        "aggrLevel": 6,
        "customsCode": "C00",
        "motCode": 0,
        "qty": 10.0,
        "cifvalue": value if flow == "M" else None,
        "fobvalue": value if flow == "X" else None,
        "primaryValue": value,
        "isReported": False,
        "isAggregate": True,
        **more,
    }


MALAYSIA, CHINA, USA, REST_OF_ASIA = (458, "MYS"), (156, "CHN"), (842, "USA"), (490, "S19")
WORLD, NES, EUROPE = (0, "W00"), (899, "_X "), (97, "EUR")


# The service answers code by code, and the first one says whether the year is there.
FIRST = record(MALAYSIA, "M", USA, 100.4, code="847150")


@pytest.fixture
def bring(settings, client, server):
    """Lands the year 2024 from rows that the service has; `settings` gets its address and key."""

    def act(*records: dict):
        plant(server.figures, "partner_trade", ({"record": json.dumps(one)} for one in records))
        key = {"comtrade_url": server.comtrade_url, "comtrade_api_key": SecretStr(KEY)}
        client.settings = settings.model_copy(update=key)
        return bring_in(client.settings, client, *DATASETS["partner_trade"], "2024")

    return act


def rows(result, table: str) -> list[tuple]:
    path = result.folder / f"{table}.parquet"
    return duckdb.sql(f"select * exclude (vintage_at) from '{path}' order by all").fetchall()


def test_countries_are_kept_apart_from_the_world_and_groups(bring):
    result = bring(
        FIRST,
        record(MALAYSIA, "M", USA, 60.0, fobvalue=57.0),
        record(MALAYSIA, "M", REST_OF_ASIA, 30.0),
        record(MALAYSIA, "M", NES, 7.0),
        record(MALAYSIA, "M", WORLD, 94.0),
        record(MALAYSIA, "X", CHINA, 80.0),
        record(EUROPE, "X", CHINA, 900.0),
        record(MALAYSIA, "M", USA, 5.0, code="010121"),
    )

    assert rows(result, "partner_trade") == [
        (2024, "export", "MYS", "CHN", "854231", "fob", 80),
        (2024, "import", "MYS", "TWN", "854231", "cif", 30),
        (2024, "import", "MYS", "USA", "847150", "cif", 100),
        (2024, "import", "MYS", "USA", "854231", "fob", 57),
        (2024, "import", "MYS", "_X", "854231", "cif", 7),
    ]
    assert rows(result, "partner_trade_aggregate") == [
        (2024, "export", "EUR", "CHN", "854231", "fob", 900),
        (2024, "import", "MYS", "W00", "854231", "cif", 94),
    ]


def test_each_code_is_asked_for_once_with_its_dimensions_pinned(bring, server):
    bring(FIRST)
    asked = [dict(one.params) for one in server.requests if one.path.endswith("/C/A/HS")]
    assert [one["cmdCode"] for one in asked] == [
        *("847150", "847180", "847330", "848620", "848640"),
        *("851762", "854231", "854232", "854239", "903141"),
    ]
    assert all(one["customsCode"] == "C00" and one["motCode"] == one["partner2Code"] == "0" for one in asked)


def test_rows_that_come_twice_or_cannot_be_read_are_kept_out(bring):
    once = record(MALAYSIA, "M", USA, 5.0)
    with pytest.raises(Rejected) as rejection:
        bring(FIRST, once, once, record(MALAYSIA, "M", CHINA, None))
    assert {failed.name for failed in rejection.value.gate.failed} == {"keys_unique", "no_bad_values"}


def test_a_country_without_its_code_is_kept_out(bring):
    with pytest.raises(Rejected, match="country 158 without an ISO code"):
        bring(FIRST, record(MALAYSIA, "M", (158, None), 5.0))


def test_a_world_that_is_not_the_sum_of_its_partners_is_a_warning(bring):
    result = bring(FIRST, record(MALAYSIA, "M", USA, 60.0), record(MALAYSIA, "M", WORLD, 100.0))
    assert [check.name for check in result.gate.checks if check.status == "warned"] == [
        "partners_match_world"
    ]


def test_a_year_without_rows_is_not_published_yet(bring):
    assert bring() == Absent("not published yet")


def test_nothing_is_asked_without_an_address_and_nothing_answered_without_a_key(settings, client, server):
    assert bring_in(settings, client, *DATASETS["partner_trade"], "2024") == Absent("not configured")
    client.settings = settings.model_copy(update={"comtrade_url": server.comtrade_url})
    with pytest.raises(KeyRefused, match="AITB_COMTRADE_API_KEY"):
        bring_in(client.settings, client, *DATASETS["partner_trade"], "2024")


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (401, b'{"statusCode":401}', KeyRefused, "AITB_COMTRADE_API_KEY"),
        (404, b"", Refused, "answered 404"),
        (200, b"", Unavailable, "empty"),
        (200, b"<html>", Refused, "a page"),
        (200, b'{"count": 2, "data": [', Unavailable, "cut off"),
        (200, b'{"count": 0, "data": [], "error": "period is not valid"}', Refused, "period is not valid"),
        (200, json.dumps({"count": MOST, "data": [], "error": ""}).encode(), TooLarge, "cut at"),
    ],
)
def test_what_is_no_trade_is_said(status, body, error, says):
    with pytest.raises(error, match=says):
        classify(status, {}, body)


def test_a_question_is_split_by_flow():
    (request, *_) = comtrade._plan("2024", None)
    assert [part.values("flowCode") for part in comtrade.split(request)] == [("M",), ("X",)]
    assert comtrade.split(comtrade.split(request)[0]) == []


@pytest.fixture
def bring_table(tmp_path, make_client):
    def act(select: str):
        duckdb.sql(f"copy ({select}) to '{tmp_path / 'table.parquet'}'")
        settings = Settings(data_dir=tmp_path / "data", partner_trade=str(tmp_path / "table.parquet"))
        with make_client(settings) as client:
            return bring_in(settings, client, *DATASETS["partner_trade_table"], "current")

    return act


LINES = """
    from (values
        ('China', 'M', 2023, '854231', 'USA', 5392046729.4, 'USA'),
        ('China', 'M', 2023, '854231', 'USA', 5392046729.4, 'China'),
        ('China', 'M', 2023, '854231', 'World', 176211552393.0, 'USA'),
        ('Japan', 'M', 2024, '851762', 'Other Asia, nes', 12.0, 'China'),
        ('Japan', 'M', 2024, '010121', 'USA', 9.0, 'China')
    ) as lines(reporter, flow, year, cmd_code, partner, value_usd, scope)
"""


def test_a_prepared_table_becomes_the_same_tables(bring_table):
    """Two extracts overlap in it, it names countries, and codes that are not asked for are left out."""
    result = bring_table(f"select * {LINES}")
    assert rows(result, "partner_trade") == [
        (2023, "import", "China", "USA", "854231", "cif", 5392046729),
        (2024, "import", "Japan", "Other Asia, nes", "851762", "cif", 12),
    ]
    assert [row[3] for row in rows(result, "partner_trade_aggregate")] == ["World"]
    assert result.origin == "file"


@pytest.mark.parametrize(
    "mistake",
    [
        "'nan'::double as value_usd",
        "'inf'::double as value_usd",
        "1e30 as value_usd",
        "'n.a.' as value_usd",
        "null::double as value_usd",
        "'2024.5' as year",
        "date '2024-01-01' as year",
        "null::integer as year",
        "null::varchar as partner",
    ],
)
def test_what_is_no_number_in_a_table_is_named(bring_table, mistake):
    with pytest.raises(Rejected) as rejection:
        bring_table(f"select * replace ({mistake}) {LINES}")
    (bad,) = [failed for failed in rejection.value.gate.failed if failed.name == "no_bad_values"]
    assert set(bad.failing_rows.reason) == {"is not whole"}


def test_codes_and_countries_that_are_numbers_are_read(bring_table):
    result = bring_table(f"select * replace (cmd_code::integer as cmd_code, 156 as reporter) {LINES}")
    assert [row[2] for row in rows(result, "partner_trade")] == ["156", "156"]


def test_a_table_with_a_mistake_is_kept_out(bring_table, tmp_path, make_client):
    with pytest.raises(Rejected, match="lacks the column value_usd"):
        bring_table(f"select * exclude (value_usd) {LINES}")
    with pytest.raises(Rejected) as rejection:
        bring_table(f"select * replace ('?' as flow) {LINES}")
    assert "no_bad_values" in {failed.name for failed in rejection.value.gate.failed}
    (tmp_path / "text.csv").write_text("reporter,flow\n")
    settings = Settings(data_dir=tmp_path / "other", partner_trade=str(tmp_path / "text.csv"))
    with make_client(settings) as client, pytest.raises(Refused, match="no Parquet file"):
        bring_in(settings, client, *DATASETS["partner_trade_table"], "current")

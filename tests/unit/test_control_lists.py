"""The Common High Priority List and vendors' pairs of control number and tariff code."""

from pathlib import Path

import duckdb
import pytest

from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import Rejected
from orchestration.settings import Settings
from orchestration.sources.model import Refused, TooLarge
from orchestration.sources.registry import DATASETS
from tests.world import files_holding


@pytest.fixture
def bring(tmp_path, make_client):
    def act(name: str, text: str):
        Path(tmp_path, "list.csv").write_text(text)
        settings = Settings(data_dir=tmp_path / "data", **{name: str(tmp_path / "list.csv")})
        with make_client(settings) as client:
            return bring_in(settings, client, *DATASETS[name], "current")

    return act


def rows(result, table: str) -> list[tuple]:
    path = result.folder / f"{table}.parquet"
    return duckdb.sql(f"select * exclude (row_number, vintage_at) from '{path}'").fetchall()


def test_the_list_that_ships(tmp_path, make_client):
    settings = Settings(data_dir=tmp_path)
    given = settings.model_copy(update={"fetch": "missing"})
    with make_client(given) as client:
        codes = rows(bring_in(given, client, *DATASETS["chpl_list"], "current"), "priority_codes")
    tiers = [tier for _, tier in codes]
    assert (len(codes), len(dict(codes)), tiers.count("1")) == (50, 50, 4)
    assert dict(codes)["854231"] == "1"


def test_points_and_lost_zeros_of_codes(bring):
    assert rows(bring("chpl_list", "hs6,tier\n8542.31,1\n10121,4A\n"), "priority_codes") == [
        ("854231", "1"),
        ("010121", "4A"),
    ]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("hs6,tier\n85423,1\n8542311,2\n", "no_bad_values"),
        ("hs6,tier\n854231,1\n8542.31,2\n", "keys_unique"),
        ("hs6,tier\n854231,\n", "complete"),
        ("hs6,tier\n854231,1,2\n", "no_bad_values"),
        ("hs6,tier\n", "not_empty"),
    ],
)
def test_a_priority_list_with_a_mistake_is_kept_out(bring, text, check):
    with pytest.raises(Rejected) as rejection:
        bring("chpl_list", text)
    assert check in [failed.name for failed in rejection.value.gate.failed]


def test_pairs_of_vendors(bring):
    lines = "AMD,3A090.a.1,8542310040,29\nNVIDIA,5A002.a.2,,1\nAMD,EAR99,847330,3\n"
    text = f"vendor,eccn,hts_digits,n_parts\n{lines}"
    assert rows(bring("eccn_pairs", text), "eccn_pairs") == [
        ("AMD", "3A090.a.1", "8542310040", 29),
        ("NVIDIA", "5A002.a.2", None, 1),
        ("AMD", "EAR99", "847330", 3),
    ]


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("AMD,3A09,854231,29", "eccn_form"),
        ("AMD,3A090,854231,many", "no_bad_values"),
        ("AMD,3A090,854231,12345678901234567890", "no_bad_values"),
        ("AMD,3A090,854231,²", "no_bad_values"),
        ("AMD,3A090,85,1", "no_bad_values"),
        (",3A090,854231,1", "complete"),
    ],
)
def test_pairs_with_a_mistake_are_kept_out(bring, line, check):
    with pytest.raises(Rejected) as rejection:
        bring("eccn_pairs", f"vendor,eccn,hts_digits,n_parts\n{line}\n")
    assert check in [failed.name for failed in rejection.value.gate.failed]


def test_a_file_with_other_columns_is_said(bring):
    with pytest.raises(Rejected, match="lacks the column hts_digits, n_parts"):
        bring("eccn_pairs", "vendor,eccn\nAMD,3A090\n")


def test_pairs_are_not_there_until_somebody_names_them(tmp_path, make_client):
    settings = Settings(data_dir=tmp_path)
    with make_client(settings) as client:
        assert bring_in(settings, client, *DATASETS["eccn_pairs"], "current") == Absent("not configured")


def test_parties_of_a_user(bring):
    text = "Name,Country,Reference\nHuawei Technologies,CN,17\nЭлектроника,,\n"
    assert rows(bring("parties", text), "parties") == [
        ("Huawei Technologies", "CN", "17"),
        ("Электроника", None, None),
    ]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ('name\n"=HYPERLINK(""http://x"",""y"")"\n', "no_bad_values"),
        ("name,country\nAcme,@SUM(A1)\n", "no_bad_values"),
        ("name\n-2+3\n", "no_bad_values"),
        (f"name\n{'x' * 301}\n", "no_bad_values"),
        ("name,country\n,CN\n", "complete"),
        ("name\n", "not_empty"),
    ],
)
def test_hostile_or_empty_parties_are_kept_out(bring, text, check):
    with pytest.raises(Rejected) as rejection:
        bring("parties", text)
    assert check in [failed.name for failed in rejection.value.gate.failed]


def test_a_file_of_millions_of_parties_is_refused_before_it_is_read(bring):
    with pytest.raises(TooLarge, match="16 MiB"):
        bring("parties", "name\n" + "a\n" * 10_000_000)


def test_more_parties_than_can_be_compared_are_refused(bring):
    with pytest.raises(Rejected, match=r"100,001 names, and no more than 100,000"):
        bring("parties", "name\n" + "ab\n" * 100_001)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("name\nMüller\n".encode("latin-1"), "not UTF-8: row 2 holds the byte 0xfc"),
        ("name\nMüller\n".encode("utf-16"), "UTF-16"),
        (b"name\nAc\0me\n", "is no text"),
        (b'name\n"Acme\n', "line 2 cannot be read"),
    ],
)
def test_parties_in_another_encoding_or_cut_off_are_refused(tmp_path, make_client, body, says):
    (tmp_path / "parties.csv").write_bytes(body)
    settings = Settings(data_dir=tmp_path / "data", parties=str(tmp_path / "parties.csv"))
    with make_client(settings) as client, pytest.raises((Rejected, Refused), match=says):
        bring_in(settings, client, *DATASETS["parties"], "current")


def test_a_byte_order_mark_is_no_part_of_the_first_name(bring):
    assert rows(bring("parties", "\ufeffname\nAcme\n"), "parties") == [("Acme", None, None)]


def test_a_link_out_of_the_input_folder_is_refused(tmp_path, make_client):
    """Else a file that users can put would bring in what only the operator may read."""
    inbox, secret = tmp_path / "inbox", tmp_path / "secret.csv"
    inbox.mkdir()
    secret.write_text("name\nNobody is to see this\n")
    (inbox / "parties.csv").symlink_to(secret)
    settings = Settings(data_dir=tmp_path / "data", parties=str(inbox / "parties.csv"))
    with make_client(settings) as client, pytest.raises(Refused, match="leads out of its folder"):
        bring_in(settings, client, *DATASETS["parties"], "current")
    assert files_holding(tmp_path / "data", "Nobody is to see this") == []

    (inbox / "csl_entities_2026-07-31.csv").symlink_to(secret)
    settings = Settings(data_dir=tmp_path / "data", csl_url=str(inbox))
    with make_client(settings) as client, pytest.raises(Refused, match="leads out of its folder"):
        bring_in(settings, client, *DATASETS["screening_list"], "2026-07-31")

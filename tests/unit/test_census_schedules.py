"""Code lists: fixed width and bars, and a country whose code is NA."""

import duckdb
import pytest
import zstandard

from orchestration.sources.census_schedules import classify
from orchestration.sources.model import EVERYTHING, Refused
from orchestration.sources.registry import DATASETS


def read(folder, dataset: str, partition: str, body: bytes) -> duckdb.DuckDBPyConnection:
    _, described = DATASETS[dataset]
    path = folder / "answer.zst"
    path.write_bytes(zstandard.compress(body))
    (request,) = described.plan(partition, EVERYTHING)
    con = duckdb.connect()
    described.read(con, partition, {request: path})
    return con


def a_line(**fields: str) -> str:
    """A line of 278 characters; positions are those of the agency's layout."""
    line = [" "] * 278
    places = {
        "code": 1, "short": 15, "long": 70, "unit_1": 225, "unit_2": 233, "sitc": 241,
        "end_use": 251, "usda": 261, "naics": 266, "hitech": 277,
    }  # fmt: skip
    for name, text in fields.items():
        at = places[name] - 1
        line[at : at + len(text)] = text
    return "".join(line) + "\r\n"


WHOLE = {
    "code": "0101210010", "short": "HORSES", "long": "PUREBRED BREEDING HORSES, LIVE", "unit_1": "NO",
    "unit_2": "KG", "sitc": "00150", "end_use": "10140", "usda": "1", "naics": "112920", "hitech": "04",
}  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "system", "path"),
    [
        ("import_commodities", "hts10", "b/2026/imp-code.txt"),
        ("export_commodities", "schedule_b10", "b/2026/exp-code.txt"),
    ],
)
def test_a_commodity_has_all_its_columns(tmp_path, dataset, system, path):
    con = read(tmp_path, dataset, "2026", a_line(**WHOLE).encode())

    assert con.execute("from commodities").fetchall() == [
        (
            system, "0101210010", 2026, "PUREBRED BREEDING HORSES, LIVE", "HORSES", "NO", "KG", "00150",
            "10140", "112920", "1", "04",
        )
    ]  # fmt: skip
    assert [str(request) for request in DATASETS[dataset][1].plan("2026", EVERYTHING)] == [path]
    assert con.execute("select count(*) from bad_values").fetchone() == (0,)


def test_what_is_blank_is_null_no_unit_is_null_and_a_description_is_found(tmp_path):
    body = a_line(code="8471500150", short="UNITS", unit_1="X", unit_2="X")

    row = read(tmp_path, "import_commodities", "2026", body.encode()).execute(
        "select description, unit_1, unit_2, sitc_code, hitech_code from commodities"
    )

    assert row.fetchall() == [("UNITS", None, None, None, None)]


def test_bytes_above_127_do_not_shift_the_columns(tmp_path):
    line = a_line(**WHOLE | {"long": "CR\u00caPE PAPER \u2013 50\u00b0"})

    row = read(tmp_path, "import_commodities", "2026", line.encode("cp1252")).execute(
        "select description, unit_1, naics_code from commodities"
    )

    assert row.fetchall() == [("CR\u00caPE PAPER \u2013 50\u00b0", "NO", "112920")]


def test_a_shortened_line_and_blank_lines_do_no_harm(tmp_path):
    body = f"\r\n{a_line(**WHOLE).rstrip()}\r\n   \r\n{a_line(code='0101290010', short='X', long='Y')[:100]}"

    rows = read(tmp_path, "import_commodities", "2026", body.encode()).execute(
        "select commodity_code, unit_1 from commodities"
    )

    assert rows.fetchall() == [("0101210010", "NO"), ("0101290010", None)]


def test_namibia_has_the_code_na_and_a_country_without_a_code_has_none(tmp_path):
    body = (
        "Schedule C - Country Codes\r\n\r\nCode | Name | ISO Code\r\n1220 | Canada | CA\r\n"
        "7920 | Namibia | NA\r\n8220 | Unidentified Countries | \r\n8500 | No bars behind\r\n----\r\n"
    )

    con = read(tmp_path, "countries", "current", body.encode())

    assert con.execute("from countries").fetchall() == [
        ("1220", "Canada", "CA"),
        ("7920", "Namibia", "NA"),
        ("8220", "Unidentified Countries", None),
        ("8500", "No bars behind", None),
    ]


def test_a_list_is_data_and_a_missing_edition_is_not_there_yet():
    assert classify(200, {}, b"0101210010") is True
    assert classify(404, {}, b"<html>not found</html>") is False


@pytest.mark.parametrize(("status", "body"), [(200, b"\n <!DOCTYPE html>"), (302, b""), (403, b"no")])
def test_everything_else_is_refused(status, body):
    with pytest.raises(Refused, match="AITB_CENSUS_SCHEDULES_URL"):
        classify(status, {}, body)

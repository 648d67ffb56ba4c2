"""Which questions a partition needs, what the answers mean, and how they become rows."""

import json
from datetime import date

import duckdb
import pytest
import zstandard

from orchestration.sources import census_trade
from orchestration.sources.census_trade import classify, level, split
from orchestration.sources.model import (
    EVERYTHING,
    KeyRefused,
    Refused,
    Request,
    Scope,
    SourceError,
    TooLarge,
    Unavailable,
)
from orchestration.sources.registry import DATASETS

MONTH = "2025-01"

# Answers in the agency's order; cells as text, as it sends them.
IMPORT_TOTALS = ["CTY_CODE", "GEN_VAL_MO", "CON_VAL_MO", "DUT_VAL_MO", "CAL_DUT_MO", "CON_CHA_MO", "time"]
IMPORT_CHAPTERS = [
    "I_COMMODITY", "CTY_CODE", "GEN_VAL_MO", "CON_VAL_MO", "DUT_VAL_MO", "CAL_DUT_MO", "CON_CHA_MO",
    "COMM_LVL", "time",
]  # fmt: skip
IMPORT_GOODS = [
    "CTY_CODE", "GEN_VAL_MO", "CON_VAL_MO", "DUT_VAL_MO", "CAL_DUT_MO", "CON_CHA_MO",
    "CON_QY1_MO", "CON_QY1_MO_FLAG", "CON_QY2_MO", "CON_QY2_MO_FLAG", "UNIT_QY1", "UNIT_QY2",
    "COMM_LVL", "time", "I_COMMODITY",
]  # fmt: skip
EXPORT_TOTALS = ["CTY_CODE", "DF", "ALL_VAL_MO", "time"]
EXPORT_CHAPTERS = ["E_COMMODITY", "CTY_CODE", "DF", "ALL_VAL_MO", "COMM_LVL", "time"]
EXPORT_GOODS = [
    "CTY_CODE", "DF", "ALL_VAL_MO", "QTY_1_MO", "QTY_1_MO_FLAG", "QTY_2_MO", "QTY_2_MO_FLAG",
    "UNIT_QY1", "UNIT_QY2", "COMM_LVL", "time", "E_COMMODITY",
]  # fmt: skip
PROGRAMMES = ["CTY_CODE", "RP", "CON_VAL_MO", "CAL_DUT_MO", "COMM_LVL", "time", "I_COMMODITY"]


class Reading:
    """Reads answers of a dataset; `body` may be a table or the bytes themselves."""

    def __init__(self, folder, dataset: str):
        self.folder = folder
        _, self.dataset = DATASETS[dataset]
        self.answers = {}

    def answer(self, of_level: str, body: list | bytes) -> None:
        requests = [r for r in self.dataset.plan(MONTH, EVERYTHING) if level(r) == of_level]
        request = next(request for request in requests if request not in self.answers)
        path = self.folder / f"{len(self.answers)}.zst"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path.write_bytes(zstandard.compress(content))
        self.answers[request] = path

    def tables(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        self.dataset.read(con, MONTH, self.answers)
        return con


@pytest.fixture
def imports(tmp_path) -> Reading:
    return Reading(tmp_path, "imports_monthly")


@pytest.fixture
def exports(tmp_path) -> Reading:
    return Reading(tmp_path, "exports_monthly")


@pytest.fixture
def programmes(tmp_path) -> Reading:
    return Reading(tmp_path, "import_programmes_monthly")


def an_import(partner="1220", code="8471500150", value="100", q1="7", flag1=None, unit1="NO", **more) -> list:
    cells = {"CTY_CODE": partner, "CON_VAL_MO": value, "I_COMMODITY": code, "CON_QY1_MO": q1}
    cells |= {"time": MONTH}
    cells |= {"CON_QY1_MO_FLAG": flag1, "UNIT_QY1": unit1, "CON_QY2_MO": "0", "UNIT_QY2": "X"} | more
    return [cells.get(name, "0") if not name.endswith("FLAG") else cells.get(name) for name in IMPORT_GOODS]


def an_export(partner="4190", kind="-", value="100", code="8542310001", q1="5", unit1="NO") -> list:
    return [partner, kind, value, q1, None, "0", None, unit1, "X", "HS10", MONTH, code]


# Questions.


def test_a_month_is_asked_for_in_total_by_chapter_and_by_first_digit():
    _, dataset = DATASETS["imports_monthly"]

    total, chapters, *goods = dataset.plan("2025-01", EVERYTHING)

    assert dict(total.params) == {
        "get": "CTY_CODE,GEN_VAL_MO,CON_VAL_MO,DUT_VAL_MO,CAL_DUT_MO,CON_CHA_MO", "time": "2025-01"
    }  # fmt: skip
    assert chapters.values("COMM_LVL") == ("HS2",)
    assert [request.values("I_COMMODITY") for request in goods] == [(f"{digit}*",) for digit in range(10)]
    assert {level(request) for request in goods} == {"hs10"}
    assert [level(total), level(chapters)] == ["total", "hs2"]
    assert goods[0].values("get") == (
        "CTY_CODE,GEN_VAL_MO,CON_VAL_MO,DUT_VAL_MO,CAL_DUT_MO,CON_CHA_MO,"
        "CON_QY1_MO,CON_QY1_MO_FLAG,CON_QY2_MO,CON_QY2_MO_FLAG,UNIT_QY1,UNIT_QY2",
    )


def test_a_year_is_the_year_to_date_of_its_december():
    _, dataset = DATASETS["exports_annual"]

    requests = dataset.plan("2024", EVERYTHING)

    assert {request.values("time") for request in requests} == {("2024-12",)}
    assert requests[0].values("get") == ("CTY_CODE,DF,ALL_VAL_YR",)
    assert "QTY_1_YR,QTY_1_YR_FLAG" in requests[2].values("get")[0]
    assert not any("_MO" in request.values("get")[0] for request in requests)


def test_a_scope_asks_for_its_partners_and_provisions_only():
    _, goods = DATASETS["imports_monthly"]
    _, programmes = DATASETS["import_programmes_monthly"]
    scope = Scope(partners=("1220", "2010"), rate_provisions=("18",))

    assert [request.values("CTY_CODE") for request in goods.plan(MONTH, scope)] == [("1220", "2010")] * 3
    (request,) = programmes.plan(MONTH, scope)
    assert (request.values("RP"), request.values("CTY_CODE")) == (("18",), ("1220", "2010"))


def test_every_code_is_in_exactly_one_part_of_a_split():
    _, dataset = DATASETS["exports_monthly"]
    _, chapters, *goods = dataset.plan(MONTH, EVERYTHING)

    parts = split(goods[8])

    assert [part.values("E_COMMODITY") for part in parts] == [(f"8{digit}*",) for digit in range(10)]
    assert {part.values("get") for part in parts} == {goods[8].values("get")}
    assert split(chapters) == []
    heading = goods[8]
    while split(heading):
        heading = split(heading)[0]
    assert heading.values("E_COMMODITY") == ("8000*",)


# What an answer is.


@pytest.mark.parametrize(
    "body", [b'[["a"],\n["1"]]', b' \n[["a"]]\n', b'[["a"],["1"] ]', b'[["a"],[null]\n]\r\n']
)
def test_an_array_is_data(body):
    assert classify(200, {}, body) is True


def test_no_content_is_not_yet():
    assert classify(204, {}, b"") is False


KEY_PAGE = b"""\n<html><head><title>Missing Key</title></head><body><p>A valid <em>key</em> must be
included with each data API request.</p></body></html>"""
MAINTENANCE_PAGE = b"""<!DOCTYPE html><html><head><title>Sorry</title><style>p { key: 1 }</style></head>
<body><p>The keyboard &amp; the monkey\n are away.</p></body></html>"""
ERROR_PAGE = b"<html><p>There was an error while running your query. We've logged the error</p></html>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "error", "says"),
    [
        (302, {"Location": "/data/missing_key.html"}, b"", KeyRefused, "AITB_CENSUS_API_KEY"),
        (302, {"Location": "/data/invalid_key.html"}, b"", KeyRefused, "AITB_CENSUS_API_KEY"),
        (302, {"Location": "/sorry", "X-DataWebAPI-KeyError": "1"}, b"", KeyRefused, "AITB_CENSUS_API_KEY"),
        (301, {"Location": "https://elsewhere?key=1"}, b"", Refused, "to https://elsewhere, where no data"),
        (303, {}, b"", Refused, "AITB_CENSUS_URL"),
        (400, {}, b"error: unknown variable 'X'", Refused, "answered 400: error: unknown variable 'X'"),
        (400, {}, b"\xff" * 9, Refused, "answered 400"),
        (404, {}, b"", Refused, "AITB_CENSUS_URL"),
        (200, {}, ERROR_PAGE, Unavailable, "failed on their side"),
        (200, {}, b"<html><title>Request Rejected</title></html>", Refused, "another address"),
        (200, {}, KEY_PAGE, KeyRefused, "AITB_CENSUS_API_KEY"),
        (200, {}, MAINTENANCE_PAGE, Refused, "instead of data: Sorry The keyboard & the monkey are away.;"),
        (200, {}, b"", Refused, "a page or text instead of data"),
        (200, {}, b'{"error": 1}', Refused, "a page or text instead of data"),
        (200, {}, b'[["a"],\n["1"],', Unavailable, "cut off"),
        (200, {}, b'[["a"],\n["1"],\n', Unavailable, "cut off"),
        (200, {}, b'[["a"],\n["1"]', Unavailable, "cut off"),
        (200, {}, b'[["a"],\n["1', Unavailable, "cut off"),
        (200, {}, b"[", Unavailable, "cut off"),
    ],
)
def test_everything_else_is_an_error_that_says_what_to_do(status, headers, body, error, says):
    with pytest.raises(SourceError) as failure:
        classify(status, headers, body)

    assert type(failure.value) is error
    assert says in str(failure.value)
    assert not isinstance(failure.value, TooLarge)


def test_a_failed_query_and_a_cut_answer_may_be_too_much_at_once():
    for body in (ERROR_PAGE, b'[["a"],'):
        with pytest.raises(Unavailable) as failure:
            classify(200, {}, body)
        assert failure.value.smaller_may_help


# Rows.


def test_countries_groups_and_the_world_are_told_apart_by_code(imports):
    codes = ["-", "0003", "0014", "1XXX", "7XXX", "5700", "1220", "7920"]
    imports.answer("total", [IMPORT_TOTALS, *([code, "6", "5", "4", "3", "2", MONTH] for code in codes)])
    imports.answer(
        "hs2", [IMPORT_CHAPTERS, *(["84", c, "6", "5", "4", "3", "2", "HS2", MONTH] for c in codes)]
    )
    imports.answer("hs10", [IMPORT_GOODS, *(an_import(code) for code in codes)])

    con = imports.tables()

    for table in ("totals", "chapters", "goods"):
        assert con.execute(f"select partner_code from {table}").fetchall() == [
            ("1220",),
            ("5700",),
            ("7920",),
        ]
        assert con.execute(f"select partner_kind, partner_code from {table}_aggregate").fetchall() == [
            ("world", "-"), ("group", "0003"), ("group", "0014"), ("group", "1XXX"), ("group", "7XXX"),
        ]  # fmt: skip
    assert con.execute("from totals").fetchone() == (
        "import", "month", date(2025, 1, 1), "1220", 5, 3, 6, 4, 2, None, None
    )  # fmt: skip
    assert con.execute("select commodity_system, commodity_code from chapters").fetchone() == ("hs2", "84")
    assert con.execute("from bad_values").fetchall() == []


def test_a_partner_or_a_code_that_is_null_is_kept_for_the_gate_to_see(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import(None), an_import("1220", None), an_import("2010")])

    rows = imports.tables().execute("select partner_code, commodity_code from goods").fetchall()

    assert sorted(rows, key=str) == sorted(
        [(None, "8471500150"), ("1220", None), ("2010", "8471500150")], key=str
    )


def test_an_empty_row_is_no_row_that_vanishes(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import(), []])

    con = imports.tables()

    assert con.execute("select reason from bad_values").fetchall() == [("has not the columns of its header",)]
    assert con.execute("select count(*) from goods").fetchone() == (2,)


@pytest.mark.parametrize(
    ("said", "period"),
    [("2025-01", date(2025, 1, 1)), ("2025-02", date(2025, 2, 1)), ("2025", None), (None, None), ("", None)],
)
def test_a_row_of_another_month_keeps_its_month_for_the_gate_to_see(imports, said, period):
    imports.answer("hs10", [IMPORT_GOODS, an_import(time=MONTH), an_import("2010", time=said)])

    rows = imports.tables().execute("select partner_code, period_start from goods").fetchall()

    assert rows == [("1220", date(2025, 1, 1)), ("2010", period)]


def test_parts_of_another_month_are_seen_behind_their_total(exports):
    whole, part = ["4190", "-", "100", MONTH], ["4190", "1", "100", "2024-12"]
    exports.answer("total", [EXPORT_TOTALS, whole, part, ["4419", "-", "8", MONTH]])

    rows = exports.tables().execute("select partner_code, period_start from totals").fetchall()

    assert rows == [("4190", date(2024, 12, 1)), ("4419", date(2025, 1, 1))]


def test_provisions_of_another_month_keep_their_month(programmes):
    rows = [
        ["1220", rp, "6", "0", "HS10", time, "8471500150"] for rp, time in (("18", MONTH), ("61", "2024-12"))
    ]
    programmes.answer("hs10", [PROGRAMMES, *rows])

    periods = programmes.tables().execute("select period_start from programmes").fetchall()

    assert periods == [(date(2025, 1, 1),), (date(2024, 12, 1),)]


def test_the_december_of_a_year_is_the_year(tmp_path):
    _, dataset = DATASETS["imports_annual"]
    header = [name.replace("_MO", "_YR") for name in IMPORT_TOTALS]
    rows = [["1220", "6", "5", "4", "3", "2", "2024-12"], ["2010", "6", "5", "4", "3", "2", "2024-11"]]
    path = tmp_path / "answer.zst"
    path.write_bytes(zstandard.compress(json.dumps([header, *rows]).encode()))
    con = duckdb.connect()
    dataset.read(con, "2024", {dataset.plan("2024", EVERYTHING)[0]: path})

    assert con.execute("select period_grain, period_start from totals").fetchall() == [
        ("year", date(2024, 1, 1)), ("year", date(2024, 11, 1))
    ]  # fmt: skip


def test_text_becomes_whole_numbers_and_codes_stay_text(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import(code="0101210010", value="9007199254740993")])

    row = imports.tables().execute("select commodity_code, value_usd, unit_1 from goods").fetchone()

    assert row == ("0101210010", 9007199254740993, "NO")


@pytest.mark.parametrize(
    "text", ["n.a.", "1,200", "1.5", "1e3", "(D)", "", " 7", "007", "99999999999999999999"]
)
def test_what_is_no_whole_number_is_reported(imports, text):
    imports.answer("hs10", [IMPORT_GOODS, an_import(), an_import("2010", value=text)])

    con = imports.tables()

    assert con.execute("select table_name, column_name, text_value, reason from bad_values").fetchall() == [
        ("goods", "value_usd", text, "not a whole number")
    ]


def test_null_is_not_served_and_zero_is_zero(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import("1220", value=None), an_import("2010", value="0")])

    con = imports.tables()

    assert con.execute("select value_usd from goods order by partner_code").fetchall() == [(None,), (0,)]
    assert con.execute("select count(*) from bad_values").fetchone() == (0,)


@pytest.mark.parametrize(
    ("quantity", "flag", "unit", "read"),
    [
        ("7", None, "NO", (7, "NO")),
        ("0", None, "NO", (None, "NO")),
        ("0", "", "NO", (None, "NO")),
        ("0", "A", "NO", (0, "NO")),
        (None, None, "NO", (None, "NO")),
        ("7", None, "X", (None, None)),
        ("7", None, "-", (None, None)),
        ("7", None, "", (None, None)),
        ("7", None, None, (None, None)),
        ("0", "A", "X", (None, None)),
    ],
)
def test_a_quantity_is_there_when_it_has_a_unit_and_a_zero_when_it_is_flagged(
    imports, quantity, flag, unit, read
):
    imports.answer("hs10", [IMPORT_GOODS, an_import(q1=quantity, flag1=flag, unit1=unit)])

    assert imports.tables().execute("select quantity_1, unit_1 from goods").fetchone() == read


def test_of_a_repeated_header_name_the_first_column_counts(imports):
    header = ["CTY_CODE", *IMPORT_GOODS[1:], "CTY_CODE", "CON_VAL_MO"]
    imports.answer("hs10", [header, [*an_import(), "9999", "555"]])

    rows = imports.tables().execute("select partner_code, value_usd from goods").fetchall()

    assert rows == [("1220", 100)]


def test_answers_with_their_columns_in_another_order_are_read_together(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import()])
    imports.answer("hs10", [IMPORT_GOODS[::-1], an_import("2010", "8542310075", "300")[::-1]])

    rows = imports.tables().execute("select partner_code, commodity_code, value_usd from goods").fetchall()

    assert rows == [("1220", "8471500150", 100), ("2010", "8542310075", 300)]


def test_rows_come_in_the_order_of_their_key(imports):
    imports.answer("hs10", [IMPORT_GOODS, an_import("2010"), an_import("1220", "9")])
    imports.answer("hs10", [IMPORT_GOODS, an_import("1220", "1")])

    rows = imports.tables().execute("select partner_code, commodity_code from goods").fetchall()

    assert rows == [("1220", "1"), ("1220", "9"), ("2010", "8471500150")]


def test_nothing_answered_is_empty_tables_of_the_right_types(imports):
    con = imports.tables()

    for table in DATASETS["imports_monthly"][1].tables:
        assert con.execute(f"select count(*) from {table}").fetchone() == (0,)
        assert ("value_usd", "BIGINT") in [row[:2] for row in con.execute(f"describe {table}").fetchall()]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'[["CTY_CODE","X"],\n["1","2"', r"lacks GEN_VAL_MO"),
        (b"[]", "does not begin with a header row"),
        (b"", "does not begin with a header row"),
        (b"[1, 2]", "does not begin with a header row"),
        (
            json.dumps([IMPORT_TOTALS, ["1220"], IMPORT_TOTALS]).encode(),
            "1 answers for totals hold 2 header rows",
        ),
        (json.dumps([IMPORT_TOTALS, {"a": 1}]).encode(), "cut off or is not JSON"),
        (json.dumps([IMPORT_TOTALS]).encode()[:-1] + b',\n["1220","6', "cut off or is not JSON"),
        (json.dumps([IMPORT_TOTALS]).encode()[:-1] + b',\n["1220","\xff"]]', "cut off or is not JSON"),
        (json.dumps([IMPORT_TOTALS]).encode() + b"<html>", "cut off or is not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(imports, body, says):
    imports.answer("total", body)

    with pytest.raises(Refused, match=says):
        imports.tables()


def test_a_folder_and_a_header_may_hold_an_apostrophe(tmp_path):
    folder = tmp_path / "o'brien [1]"
    folder.mkdir()
    reading = Reading(folder, "imports_monthly")
    reading.answer("total", [["it's", *IMPORT_TOTALS], ["x", "1220", "6", "5", "4", "3", "2", MONTH]])

    assert reading.tables().execute("select value_usd from totals").fetchall() == [(5,)]


def test_an_export_row_is_the_total_beside_its_domestic_and_foreign_parts(exports):
    parts = (("-", "100"), ("1", "70"), ("2", "30"))
    exports.answer("total", [EXPORT_TOTALS, *(["4190", kind, value, MONTH] for kind, value in parts)])
    exports.answer("hs2", [EXPORT_CHAPTERS, *(["85", "4190", k, v, "HS2", MONTH] for k, v in parts)])
    exports.answer(
        "hs10",
        [
            EXPORT_GOODS,
            *(an_export(kind=kind, value=value, q1=value) for kind, value in parts),
            an_export("4419", "-", "8"),
            an_export("4419", "1", "8"),
            an_export("-", "-", "108"),
        ],
    )

    con = exports.tables()

    figures = "value_usd, domestic_value_usd, foreign_value_usd"
    assert con.execute(f"select partner_code, {figures}, quantity_1, unit_1 from goods").fetchall() == [
        ("4190", 100, 70, 30, 100, "NO"), ("4419", 8, 8, None, 5, "NO")
    ]  # fmt: skip
    assert con.execute(f"select {figures}, duty_usd from chapters").fetchall() == [(100, 70, 30, None)]
    assert con.execute(f"select {figures} from totals").fetchall() == [(100, 70, 30)]
    assert con.execute(f"select partner_kind, {figures} from goods_aggregate").fetchall() == [
        ("world", 108, None, None)
    ]
    assert con.execute("select distinct flow, commodity_system from goods").fetchall() == [
        ("export", "schedule_b10")
    ]


def test_repeated_export_rows_survive_the_pivot(exports):
    exports.answer("hs10", [EXPORT_GOODS, *([an_export(), an_export(kind="1", value="100")] * 2)])

    rows = exports.tables().execute("select value_usd, domestic_value_usd from goods").fetchall()

    assert rows == [(100, 100), (100, 100)]


def test_parts_without_their_total_are_reported(exports):
    exports.answer("hs10", [EXPORT_GOODS, an_export(kind="1", value="70"), an_export("4419")])

    con = exports.tables()

    assert con.execute("select table_name, column_name, text_value, reason from bad_values").fetchall() == [
        ("goods", "value_usd", "4190", "parts without their total")
    ]


def test_provisions_and_their_total_are_kept_apart_and_only_for_countries(programmes):
    rows = [
        [partner, provision, value, "1", "HS10", MONTH, "8471500150"]
        for partner in ("1220", "-", "0020", "1XXX")
        for provision, value in (("-", "10"), ("18", "6"), ("61", "4"))
    ]
    programmes.answer("hs10", [PROGRAMMES, *rows])

    con = programmes.tables()

    columns = "partner_code, commodity_system, commodity_code, rate_provision_code, value_usd, duty_usd"
    assert con.execute(f"select {columns} from programmes").fetchall() == [
        ("1220", "hts10", "8471500150", "18", 6, 1), ("1220", "hts10", "8471500150", "61", 4, 1)
    ]  # fmt: skip
    assert con.execute("select partner_code, value_usd from programmes_total").fetchall() == [("1220", 10)]


def test_a_provision_or_a_partner_that_is_null_is_kept_for_the_gate_to_see(programmes):
    rows = [[p, rp, "6", "0", "HS10", MONTH, "8471500150"] for p, rp in (("1220", None), (None, "18"))]
    programmes.answer("hs10", [PROGRAMMES, *rows])

    con = programmes.tables()

    assert con.execute("select count(*) from programmes").fetchone() == (2,)
    assert con.execute("select count(*) from programmes_total").fetchone() == (0,)


def test_the_terms_of_use_are_named():
    assert "not endorsed or certified by the Census Bureau" in census_trade.SOURCE.attribution
    assert Request("a", (("x", "1"), ("x", "2"))).values("x") == ("1", "2")

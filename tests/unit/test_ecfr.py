"""The Code of Federal Regulations: its lists and tables about export controls."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.assets.landing import Absent, bring_in
from orchestration.landing import Rejected
from orchestration.releases import amendments_to_land
from orchestration.settings import Settings
from orchestration.sources.ecfr import classify, in_force
from orchestration.sources.model import Refused, Unavailable
from orchestration.sources.registry import DATASETS

DAY = "2026-07-10"
CHART_HEAD = (
    *("CB 1", "CB 2", "CB 3", "NP 1", "NP 2", "NS 1", "NS 2", "MT 1"),
    *("RS 1", "RS 2", "FC 1", "CC 1", "CC 2", "CC 3", "AT 1", "AT 2"),
)


def part(number: str, content: str, supplement: str = "1") -> str:
    """A part as the service writes it, with a supplement that is read and a section that is not."""
    name = f"Supplement No. {supplement} to Part {number}"
    return (
        f'<DIV5 N="{number}" TYPE="PART"><HEAD>PART {number}</HEAD><DIV8 N="{number}.1" TYPE="SECTION">'
        f"<HEAD>&#xA7; {number}.1 Introduction.</HEAD><P><B>9A999</B> Not of the supplement.</P></DIV8>"
        f'<DIV9 N="{name}" TYPE="APPENDIX"><HEAD>{name}&#x2014;Text</HEAD>{content}</DIV9></DIV5>'
    )


def line(*cells: str, tag: str = "TD") -> str:
    return f"<TR>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</TR>"


OTHER_TABLE = f"<TABLE>{line('a', 'b')}</TABLE>"


@pytest.fixture
def bring(settings, client, server):
    """Lands one of the datasets from the text of a part."""

    def act(name: str, number: str, xml: str, day: str = DAY):
        server.figures.execute(
            "insert into regulations (part, amended_on, xml) values (?, ?, ?)", [number, day, xml]
        )
        return bring_in(settings, client, *DATASETS[name], day)

    return act


@pytest.fixture
def bring_file(tmp_path, make_client):
    """Lands a file of a folder that is named as the address of the source."""

    def act(name: str, file: str, text: str):
        Path(tmp_path, file).write_text(text)
        settings = Settings(data_dir=tmp_path / "data", ecfr_url=str(tmp_path))
        with make_client(settings) as client:
            return bring_in(settings, client, *DATASETS[name], DAY)

    return act


def rows(result, table: str, columns: str, more: str = "") -> list[tuple]:
    return duckdb.sql(f"select {columns} from '{result.folder / table}.parquet' {more}").fetchall()


CONTROL_LIST = part(
    "774",
    "<P>Category 3 preamble.</P>"
    "<P><B>3A090</B> Integrated circuits as follows (see List of Items Controlled). Including 3A001.</P>"
    "<HD1>License Requirements</HD1><P><I>Reason for Control:</I> RS, AT</P>"
    f"<DIV><TABLE>{line('Control(s)', 'Country Chart (See Supp. No. 1 to part 738)', tag='TH')}"
    f"{line('RS applies to 3A090.a', 'To or within any destination worldwide.')}"
    f"{line('AT applies to entire entry', 'AT Column 1.')}</TABLE></DIV>"
    "<P><I>LVS:</I> N/A</P><P><I>GBS:</I> N/A</P><HD1>List of Items Controlled</HD1>"
    "<P><I>Related Controls:</I> See ECCNs 3D001.</P><P><I>Items:</I></P>"
    "<P>a. Integrated circuits.</P><P>b. Others.</P>"
    "<P><B>3A991</B> Other integrated circuits. Details.</P><P>3A992 is named and no entry.</P>",
)


def test_entries_of_the_control_list_with_their_controls(bring):
    result = bring("control_list", "774", CONTROL_LIST)

    assert rows(result, "eccns", "* exclude (row_number, vintage_at)") == [
        (
            date(2026, 7, 10), "3A090", "3", "A",
            "Integrated circuits as follows (see List of Items Controlled). Including 3A001.", "RS, AT",
            "LVS: N/A; GBS: N/A", "a. Integrated circuits. | b. Others.",
        ),
        (date(2026, 7, 10), "3A991", "3", "A", "Other integrated circuits. Details.", None, None, None),
    ]  # fmt: skip
    assert rows(
        result, "eccn_controls", "eccn, control_number, reason_code, requirement_text, chart_column"
    ) == [
        ("3A090", 1, "RS", "To or within any destination worldwide.", None),
        ("3A090", 2, "AT", "AT Column 1.", "AT_1"),
    ]
    assert rows(result, "regulation_amendments", "part, amendment_date") == [("774", date(2026, 7, 10))]


def test_the_documented_shapes_are_read(bring):
    """As answers were described: an entry begins in bold, an entity list names a country once."""
    listed = bring(
        "control_list",
        "774",
        '<DIV5 N="774" TYPE="PART"><HEAD>PART 774</HEAD><DIV9 N="Supplement No. 1 to Part 774" '
        'TYPE="APPENDIX"><HEAD>Supplement No. 1 to Part 774&#x2014;The Commerce Control List</HEAD>'
        "<P>Category 3 preamble.</P>"
        "<P><B>3A090</B> Integrated circuits as follows. Details for 3A090 including 3A001.</P>"
        "<P><B>3A991</B> Other integrated circuits. Details.</P></DIV9></DIV5>",
    )
    entities = bring(
        "entity_list",
        "744",
        part(
            "744",
            "<TABLE>"
            + line(
                "Country",
                "Entity",
                "License requirement",
                "License review policy",
                "Federal Register citation",
                tag="TH",
            )
            + '<TR><TD rowspan="2">CHINA, PEOPLE\'S REPUBLIC OF</TD><TD>Huawei Technologies, China; and</TD>'
            "<TD>For all items subject to the EAR.</TD><TD>Presumption of denial</TD>"
            "<TD>84 FR 22961.</TD></TR>"
            "<TR><TD>Huawei Cloud Argentina; and</TD><TD>All items.</TD><TD/><TD>87 FR 6026.</TD></TR>"
            "<TR><TD/><TD>Huawei Cloud Beijing.</TD><TD>All items.</TD><TD/><TD/></TR></TABLE>",
            supplement="4",
        ),
    )

    assert rows(listed, "eccns", "eccn") == [("3A090",), ("3A991",)]
    china = "CHINA, PEOPLE'S REPUBLIC OF"
    assert rows(entities, "entity_list_entries", "country_name, party_text, license_policy") == [
        (china, "Huawei Technologies, China", "Presumption of denial"),
        (china, "Huawei Cloud Argentina", None),
        (china, "Huawei Cloud Beijing", None),
    ]


# Short excerpts of title 15 of the Code of Federal Regulations, a work of the United States Government, with
# the marks that the service puts around them: entries in FP-2 (now and then FP-1), sections in HD1 or E,
# notes, controls in words, no word before the items, footnotes below a table.
LIST_EXCERPT = part(
    "774",
    "<HD1>Category 3&#x2014;Electronics</HD1>"
    "<HD1>A. &#x201C;End Items&#x201D; and &#x201C;Equipment&#x201D;</HD1>"
    "<FP-2><B>3A090 Integrated circuits as follows (see List of Items Controlled).</B></FP-2>"
    '<FP-1><E T="04">License Requirements</E></FP-1>'
    "<FP-1><I>Reason for Control:</I> RS, AT</FP-1>"
    '<DIV width="100%"><DIV class="gpotbl_div"><TABLE class="gpo_table"><THEAD>'
    f"{line('Control(s)', 'Country Chart (See Supp. No. 1 to part 738)', tag='TH')}</THEAD><TBODY>"
    '<TR><TD colspan="2">RS applies to entire entry. A license is required for all destinations.</TD></TR>'
    f"{line('AT applies to entire entry', 'AT Column 1.')}</TBODY></TABLE></DIV></DIV>"
    "<HD1>List Based License Exceptions (See Part 740 for a Description of All License Exceptions)</HD1>"
    "<FP-1><I>LVS:</I> N/A</FP-1><FP-1><I>GBS:</I> N/A</FP-1>"
    "<HD1>List of Items Controlled</HD1><FP-1><I>Related Controls:</I> See ECCNs 3D001 and 3E001.</FP-1>"
    "<FP><I>Items:</I> a. Integrated circuits having one or more digital processing units.</FP>"
    "<NOTE><HED>Note 1 to 3A090:</HED>"
    "<P>Integrated circuits include graphical processing units (GPUs).</P></NOTE>"
    "<P><B>3A090.b Note:</B> This names a paragraph.</P>"
    "<HD1>B. &#x201C;Test,&#x201D; &#x201C;Inspection&#x201D; and &#x201C;Production Equipment&#x201D;</HD1>"
    "<P>Note: what stands between entries.</P>"
    "<HD1>Category 5&#x2014;Telecommunications and &#x201C;Information Security&#x201D;</HD1>"
    "<FP-2><B>5A001 Telecommunications systems, equipment and &#x201C;components.&#x201D;</B></FP-2>"
    '<FP-1><E T="04">List of Items Controlled</E></FP-1><FP-1><I>Related Definitions:</I> N/A</FP-1>'
    "<P>a. Any type of telecommunications equipment.</P><HD2>Radio</HD2><P>b. Others.</P>"
    "<FP-1><B>5A980 Devices primarily useful for the surreptitious interception of communications</B>.</FP-1>"
    "<FP-1><I>Reason for Control:</I> SL, AT</FP-1>"
    "<P>Control(s): SL and AT apply to entire entry. A license is required for ALL destinations.</P>"
    '<CITA TYPE="N">[61 FR 12937, Mar. 25, 1996]</CITA>',
)


def test_the_control_list_as_the_service_marks_it(bring):
    result = bring("control_list", "774", LIST_EXCERPT)

    assert rows(result, "eccns", "eccn, reason_for_control, license_exceptions, item_text") == [
        (
            *("3A090", "RS, AT", "LVS: N/A; GBS: N/A"),
            "a. Integrated circuits having one or more digital processing units. | Integrated circuits "
            "include graphical processing units (GPUs). | 3A090.b Note: This names a paragraph.",
        ),
        ("5A001", None, None, "a. Any type of telecommunications equipment. | Radio | b. Others."),
        ("5A980", "SL, AT", None, None),
    ]
    everywhere = "RS applies to entire entry. A license is required for all destinations."
    intercepting = "SL and AT apply to entire entry. A license is required for ALL destinations."
    assert rows(result, "eccn_controls", "eccn, reason_code, requirement_text, chart_column") == [
        ("3A090", "RS", everywhere, None),
        ("3A090", "AT", "AT Column 1.", "AT_1"),
        ("5A980", "SL", intercepting, None),
    ]


def test_footnotes_below_a_table_are_no_rows_of_it(bring):
    """Of the chart, the groups and the entity list; group B is a list, and an entry is reserved."""
    foot = (
        '<TFOOT><TR><TD colspan="17"><SUP>1</SUP> See &#xA7; 746.1(b) for United Nations.</TD></TR></TFOOT>'
    )
    chart = bring(
        "country_chart",
        "738",
        part(
            "738",
            '<DIV class="gpotbl_div"><TABLE><THEAD><TR><TH rowspan="2">Countries</TH>'
            f'<TH colspan="3">Chemical and biological weapons</TH>{"<TH>Other</TH>" * 13}</TR>'
            f"{line(*CHART_HEAD, tag='TH')}</THEAD><TBODY>{line('Germany <SUP>3</SUP>', 'X', *[''] * 15)}"
            '<TR><TD>Iran <SUP>1</SUP></TD><TD colspan="16">See part 746 of the EAR to determine.</TD></TR>'
            f"</TBODY>{foot}</TABLE></DIV>",
        ),
    )
    members = bring(
        "country_groups",
        "740",
        part(
            "740",
            "<HD1>Country Group A</HD1><TABLE><THEAD>"
            f"{line('Country', '[A:1] Participating States <SUP>1</SUP>', '[A:5]', tag='TH')}</THEAD>"
            f"<TBODY>{line('Malta <SUP>2</SUP>', '', 'X')}{line('Turkey', 'X', '')}</TBODY>{foot}</TABLE>"
            "<HD1>Country Group B&#x2014;Countries</HD1><SCOL2><LI>Afghanistan</LI><LI>Zimbabwe</LI></SCOL2>"
            "<HD1>Country Group C [Reserved]</HD1>",
        ),
    )
    header = (
        "Country",
        "Entity",
        "License requirement",
        "License review policy",
        "Federal Register citation",
    )
    entities = bring(
        "entity_list",
        "744",
        part(
            "744",
            f"<TABLE><THEAD>{line(*header, tag='TH')}</THEAD><TBODY>"
            f"{line('BURMA', '[Reserved]', '', '', '')}"
            f"{line('', 'Office, Naypyitaw.', 'All items. <SUP>1</SUP>', 'Denial.', '86 FR 13179.')}"
            f"</TBODY>{foot}</TABLE>",
            supplement="4",
        ),
    )

    counted = "country_name, count(*) filter (is_controlled), any_value(rule_text)"
    assert sorted(rows(chart, "chart_cells", counted, "group by all")) == [
        ("Germany", 1, None),
        ("Iran", 0, "See part 746 of the EAR to determine."),
    ]
    assert sorted(rows(members, "group_members", "country_name, country_group")) == [
        ("Afghanistan", "B"),
        ("Malta", "A:5"),
        ("Turkey", "A:1"),
        ("Zimbabwe", "B"),
    ]
    assert rows(entities, "entity_list_entries", "country_name, party_text") == [
        ("BURMA", "Office, Naypyitaw")
    ]


def test_the_country_chart(bring):
    marks = ["X"] * 3 + [""] + ["X"] * 12
    text = part(
        "738",
        "<TABLE>"
        + '<TR><TH rowspan="2">Countries</TH><TH colspan="3">Chemical &amp; biological weapons</TH>'
        + f"{'<TH>Other</TH>' * 13}</TR>"
        + line(*CHART_HEAD, tag="TH")
        + line("China", *marks)
        + line("Cyprus<SUP>2</SUP>", "X", *[""] * 15)
        + '<TR><TD>Cuba</TD><TD colspan="16">See part 746 of the EAR to determine.</TD></TR></TABLE>',
    )

    result = bring("country_chart", "738", text)

    counted = "country_name, count(*) filter (is_controlled), count(*), any_value(rule_text)"
    assert sorted(rows(result, "chart_cells", counted, "group by all")) == [
        ("China", 15, 16, None),
        ("Cuba", 0, 1, "See part 746 of the EAR to determine."),
        ("Cyprus", 1, 16, None),
    ]
    assert ("NP_1", False) in rows(result, "chart_cells", "chart_column, is_controlled")


def groups(*members: tuple[str, str, str]) -> str:
    """Country, A:5, A:6 …"""
    return part(
        "740",
        "<HD1>Country Group A</HD1><TABLE>"
        + line("Country", "[A:5]", "[A:6] Some states<SUP>1</SUP>", tag="TH")
        + "".join(line(*member) for member in members)
        + "</TABLE><P>Country Group B—Countries</P><TABLE>"
        + line("Country", tag="TH")
        + line("Albania")
        + "</TABLE>",
    )


def test_country_groups(bring):
    result = bring("country_groups", "740", groups(("Albania", "", "X"), ("Japan", "X", "X 1")))
    assert rows(result, "group_members", "country_name, country_group") == [
        ("Albania", "A:6"),
        ("Japan", "A:5"),
        ("Japan", "A:6"),
        ("Albania", "B"),
    ]


def test_an_amendment_that_takes_many_out_is_kept_out(bring):
    members = [(f"Country {letter}", "X", "X") for letter in "ABCDEFGHIJKLMNOPQRST"]
    bring("country_groups", "740", groups(*members), "2026-01-01")
    with pytest.raises(Rejected, match=r"3 of 41 entries \(7.3 %\)"):
        bring("country_groups", "740", groups(*members[:18], ("Country S", "", "X")))


@pytest.mark.parametrize(
    ("name", "number", "xml", "says"),
    [
        ("control_list", "774", "<DIV5><P>other</P></DIV5>", "no 'Supplement No. 1 to Part 774'"),
        ("control_list", "774", part("774", "<P>3A090 without bold</P>"), "no entry of the control list"),
        ("control_list", "774", "<DIV5><P>cut off</DIV5>", "cut off or is not XML"),
        (
            "control_list",
            "774",
            '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><DIV5>&b;</DIV5>',
            "declares a document type or entities",
        ),
        (
            "country_chart",
            "738",
            part("738", f"<TABLE>{line('a', 'b')}</TABLE>"),
            "no country chart was found",
        ),
        ("country_groups", "740", part("740", OTHER_TABLE), "is none of them"),
        (
            "entity_list",
            "744",
            part("744", f"<TABLE>{line('a', 'b')}</TABLE>", "4"),
            "no entity list was found",
        ),
    ],
)
def test_what_has_another_shape_is_said(bring, name, number, xml, says):
    with pytest.raises(Rejected, match=says):
        bring(name, number, xml)


def test_a_mark_that_is_not_understood_keeps_the_groups_out(bring):
    with pytest.raises(Rejected, match="values could not be read"):
        bring("country_groups", "740", groups(("Japan", "maybe", "X")))


def test_a_day_before_the_first_text_is_not_there(settings, client):
    assert bring_in(settings, client, *DATASETS["control_list"], DAY) == Absent("not there")


def test_prepared_tables_become_the_same_tables(bring_file):
    listed = bring_file(
        "control_list",
        f"ccl_eccn_{DAY}.csv",
        "eccn,category,product_group,heading,reason_for_control,country_chart_json,license_exceptions_json,"
        "related_controls,items_text\n"
        '3A090,3,A,Circuits,"RS, AT","[{""control"": ""AT applies"", ""countryChart"": ""AT Column 1.""}]",'
        '"{""LVS"": ""N/A""}",,a. Circuits\n',
    )
    chart = bring_file("country_chart", f"ear_country_chart_{DAY}.csv", "country,CB_1,NS_2\nChina,1,0\n")
    members = bring_file(
        "country_groups", f"ear_country_groups_{DAY}.csv", "country,country_group,label\nChina,D:5,Embargo\n"
    )

    assert rows(listed, "eccns", "eccn, category, reason_for_control, license_exceptions, item_text") == [
        ("3A090", "3", "RS, AT", "LVS: N/A", "a. Circuits")
    ]
    assert rows(listed, "eccn_controls", "eccn, reason_code, chart_column") == [("3A090", "AT", "AT_1")]
    assert rows(chart, "chart_cells", "country_name, chart_column, is_controlled") == [
        ("China", "CB_1", True),
        ("China", "NS_2", False),
    ]
    assert rows(members, "group_members", "country_name, country_group") == [("China", "D:5")]
    assert {result.origin for result in (listed, chart, members)} == {"file"}


def test_a_prepared_table_with_a_wrong_value_is_kept_out(bring_file):
    with pytest.raises(Rejected, match="values could not be read"):
        bring_file("country_chart", f"ear_country_chart_{DAY}.csv", "country,CB_1,NS_2\nChina,yes,0\n")
    with pytest.raises(Rejected, match="lacks the column country_group"):
        bring_file("country_groups", f"ear_country_groups_{DAY}.csv", "country,group\nChina,D:5\n")


def test_the_last_amendment_of_any_part_is_landed(bring, settings, client):
    bring("country_groups", "740", groups(("Japan", "X", "X")), "2026-02-03")
    assert amendments_to_land(settings, client) == ["2026-02-03"]  # the other parts are not there yet

    chart = f"<TABLE>{line('', *CHART_HEAD)}{line('China', *['X'] * 16)}</TABLE>"
    for name, number, xml in (
        ("control_list", "774", CONTROL_LIST),
        ("country_chart", "738", part("738", chart)),
    ):
        bring(name, number, xml, "2026-01-01")
        bring_in(settings, client, *DATASETS[name], "2026-02-03")

    assert amendments_to_land(settings, client) == ["2026-02-03"]  # the entity list is still missing


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (406, b"", Refused, "Accept"),
        (500, b"", Refused, "answered 500"),
        (200, b"", Unavailable, "empty"),
        (200, b"<html>Request Access</html>", Refused, "a page instead"),
        (200, b"<DIV5><P>cut", Unavailable, "cut off"),
        (200, b'{"content_versions": [', Unavailable, "cut off"),
    ],
)
def test_what_is_no_text_is_said(status, body, error, says):
    with pytest.raises(error, match=says):
        classify(status, {}, body)


def test_a_day_without_text_is_no_fault():
    assert classify(404, {}, b'{"error":"No matching content found."}') is False


def test_titles_of_another_shape_are_said():
    assert in_force(b'{"titles": [{"number": 15, "up_to_date_as_of": "2026-11-18"}]}') == date(2026, 11, 18)
    with pytest.raises(Refused, match=r"titles.json does not say"):
        in_force(b'{"titles": []}')

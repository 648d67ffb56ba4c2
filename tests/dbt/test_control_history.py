"""Lists as they were on some days become intervals: nothing overlaps, and each day is as it was seen."""

import random
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import duckdb
import pytest

from orchestration.archive import Archive
from orchestration.settings import SHIPPED_ARCHIVE
from orchestration.sources.registry import DATASETS
from tests.dbt.conftest import TinyWarehouse

# Days that follow each other, and others that do not.
DAYS = [date(2026, 1, day) for day in (1, 2, 3, 6, 7, 20, 21)]
PARTIES = [f"party {number}" for number in range(120)]
MODELS = ("path:seeds/controls", "partner", "partner_alias", "path:models/staging/landing")
STAGED = ("csl", "ecfr", "control_lists")
ENTRY = """
    select date '{day}' as snapshot_date, row_number() over () as row_number, list_code,
        'A list' as list_name, null::varchar as entity_number, null::varchar as party_type, party_name,
        null::varchar as alt_names, 'CN' as countries, null::varchar as programs,
        null::varchar as federal_register_notice, null::varchar as license_requirement, license_policy,
        start_date::date as start_date, null::date as end_date, null::varchar as source_list_url
    from (values {rows}) as entries(list_code, party_name, license_policy, start_date)
"""


def seen_at_random() -> dict[date, dict[str, str]]:
    """Which parties were there on which day, and what was said of them."""
    chance = random.Random(5)
    return {day: {p: chance.choice("abb") for p in PARTIES if chance.random() < 0.7} for day in DAYS}


SEEN = seen_at_random()
# On the entity list: an entry that names its day, one that says a later day, two entries of one party.
STATED = {
    date(2026, 1, 1): "('EL', 'Old', 'x', '2020-05-04'), ('EL', 'Two', 'x', null), ('EL', 'Two', 'y', null)",
    date(2026, 1, 2): "('EL', 'Old', 'x', '2020-05-04'), ('EL', 'Late', 'x', '2019-01-01')",
    date(2026, 1, 6): "('EL', 'Between', 'x', '2026-01-05'), ('EL', 'Old', 'z', '2020-05-04')",
}
# What the shipped list is on the last day, against the days before: three removed, two added, one changed.
SHIPPED = ("MEU", "CMIC", "ISN", "SSI", "CAP")
LAST_DAY_OF_SHIPPED = """
    select * replace (
        case when party_name = 'CNOOC Limited' then 'Other words.' else license_policy end as license_policy
    )
    from shipped
    where party_name not in
        ('China Mobile Limited', 'BANK OF KUNLUN CO LTD', 'China Telecom Corporation Limited')
    union all by name
    select list_code, list_name, 'planted' as entity_number, 'Planted Party' as party_name
    from shipped where list_code in ('MEU', 'CMIC') group by all
"""
GROUPS = {
    "2026-02-03": [("United Arab Emirates", "D:4"), ("Japan", "A:5"), ("China (PRC)", "D:5")],
    "2026-07-10": [("United Arab Emirates", "A:5"), ("Japan", "A:5"), ("China (PRC)", "D:5")],
}

# Three amendments of the control list and of the country chart: words, a control, a mark, and an entry that
# comes back.
ENTRIES = {
    "2026-02-03": {"3A090": ("Circuits.", "RS Column 1."), "3B001": ("Equipment.", "NS Column 2.")},
    "2026-05-01": {"3B001": ("Equipment, as follows.", "NS Column 2.")},
    "2026-07-10": {
        "3A090": ("Circuits.", "RS Column 1."),
        "3B001": ("Equipment, as follows.", "NS Column 1."),
    },
}
MARKS = {
    "2026-02-03": {("China", "NS_2"): True, ("Japan", "NS_2"): True},
    "2026-05-01": {("China", "NS_2"): True, ("Japan", "NS_2"): False},
    "2026-07-10": {("China", "NS_2"): True, ("Japan", "NS_2"): True},
}


def land_regulations(warehouse: TinyWarehouse) -> None:
    """Land the control list and the country chart of each day of amendment."""
    place = "date '{day}' as snapshot_date, row_number() over () as row_number"
    for day, entries in ENTRIES.items():
        rows = ", ".join(f"('{eccn}', '{heading}', '{rule}')" for eccn, (heading, rule) in entries.items())
        given = f"from (values {rows}) as t(eccn, heading, requirement_text)"
        warehouse._land(
            ("control_list", day, "eccns"),
            (None, None, None),
            f"""
            select {place.format(day=day)}, eccn, eccn[1] as category, eccn[2] as product_group, heading,
                'NS' as reason_for_control, null::varchar as license_exceptions, null::varchar as item_text
            {given}
            """,
        )
        warehouse._land(
            ("control_list", day, "eccn_controls"),
            (None, None, None),
            f"""
            select {place.format(day=day)}, eccn, 1 as control_number, requirement_text[:2] as reason_code,
                'NS applies to entire entry' as control_text, requirement_text,
                requirement_text[:2] || '_' || requirement_text[11] as chart_column
            {given}
            """,
        )
    for day, marks in MARKS.items():
        rows = ", ".join(f"('{country}', '{column}', {mark})" for (country, column), mark in marks.items())
        warehouse._land(
            ("country_chart", day, "chart_cells"),
            (None, None, None),
            f"""
            select {place.format(day=day)}, *, null::varchar as rule_text
            from (values {rows}) as t(country_name, chart_column, is_controlled)
            """,
        )


def shipped_list(folder: Path) -> Path:
    """The screening list of the sample, as its reader makes it, without the vintage."""
    _, dataset = DATASETS["screening_list"]
    archive = Archive(SHIPPED_ARCHIVE)
    snapshot = archive.latest("csl", "screening_list", "2026-07-31", as_of=None)
    answers = {entry.request: archive.verified_path(entry) for entry in snapshot.entries}
    with duckdb.connect() as con:
        dataset.read(con, snapshot.partition, answers)
        con.execute(f"copy screened_parties to '{folder / 'parties.parquet'}'")
    return folder / "parties.parquet"


@pytest.fixture(scope="module")
def history(forks, tmp_path_factory) -> TinyWarehouse:
    warehouse = TinyWarehouse(tmp_path_factory.mktemp("history") / "warehouse", forks)
    none = (None, None, None)
    shipped = shipped_list(tmp_path_factory.mktemp("shipped"))
    for day in DAYS:
        rows = [f"('UVL', '{name}', '{said}', null)" for name, said in SEEN[day].items()]
        entries = ", ".join([*rows, *([STATED[day]] if day in STATED else [])])
        more = LAST_DAY_OF_SHIPPED if day == DAYS[-1] else "from shipped"
        query = f"""
            with shipped as (from '{shipped}' where list_code in {SHIPPED})
            {ENTRY.format(day=day, rows=entries)}
            union all by name
            select * replace (date '{day}' as snapshot_date) from ({more})
        """
        warehouse._land(("screening_list", str(day), "screened_parties"), none, query)
    for day, members in GROUPS.items():
        rows = ", ".join(f"('{country}', '{group}')" for country, group in members)
        warehouse._land(
            ("country_groups", day, "group_members"),
            none,
            f"select date '{day}' as snapshot_date, row_number() over () as row_number, *"
            f" from (values {rows}) as members(country_name, country_group)",
        )
        warehouse._land(
            ("country_groups", day, "regulation_amendments"),
            none,
            f"select date '{day}' as snapshot_date, '740' as part, amended::date as amendment_date"
            " from (values ('2026-02-03'), ('2026-07-10')) as days(amended)",
        )
    land_regulations(warehouse)
    warehouse._land(
        ("parties", "current", "parties"),
        none,
        "select row_number() over () as row_number, *, null::varchar as country, null::varchar as reference"
        " from (values ('Huawei Technologies Co Ltd'), ('Bank of Kunlun'), ('Lakeside Bakery'))"
        " as t(party_name)",
    )
    warehouse.select()
    selected = [*MODELS, *(f"path:models/staging/{name}" for name in STAGED)]
    dated = ("screened_party", "control_list_entry", "country_group_member", "country_chart_cell")
    layers = ("path:models/intermediate/controls", *dated, "licence_requirement", "control_list_changes")
    layers += ("path:models/intermediate/screening", "party_screening")
    # With `cautious`, only tests all of whose parents are built are run.
    tests = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
    code = warehouse.dbt("build", *tests, "--select", *selected, *layers)
    assert code == 0, warehouse.log
    return warehouse


def intervals(history: TinyWarehouse) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {}
    for party, *interval in history.query("""
        select party_key, valid_from, valid_to, valid_from_known, license_policy
        from screened_party where list_code = 'UVL' order by party_key, valid_from
    """):
        found.setdefault(party, []).append(tuple(interval))
    return found


def expected_intervals(party: str) -> list[tuple]:
    """Runs of days on which the same was said, each until the day before the next one."""
    runs = []
    place = 0
    for said, days in groupby(DAYS, key=lambda day: SEEN[day].get(party)):
        count = len(list(days))
        if said is not None:
            first = DAYS[place]
            following = DAYS[place + count] if place + count < len(DAYS) else None
            known = place > 0 and first - DAYS[place - 1] == timedelta(days=1)
            runs.append((first, following and following - timedelta(days=1), known, said))
        place += count
    return runs


def test_each_run_of_days_is_one_interval(history):
    found = intervals(history)
    assert found == {party: runs for party in PARTIES if (runs := expected_intervals(party))}
    assert max(len(runs) for runs in found.values()) >= 4


def test_every_day_is_as_it_was_seen_and_no_two_intervals_share_one(history):
    for day in DAYS:
        rows = history.query(f"""
            select party_key, license_policy from screened_party
            where list_code = 'UVL' and valid_from <= '{day}' and coalesce(valid_to, '{day}') >= '{day}'
        """)
        assert len(rows) == len(dict(rows))
        assert dict(rows) == SEEN[day]


def test_entries_and_marks_are_as_they_were_on_any_day(history):
    """On each day of amendment, on the day before the next one, and long after the last."""
    at = "valid_from <= '{day}' and coalesce(valid_to, date '9999-12-31') >= '{day}'"
    days = sorted(ENTRIES)
    for said, following in pairwise([*days, "2030-01-01"]):
        last = str(date.fromisoformat(following) - timedelta(days=1))
        for day in (said, last):
            entries = history.query(
                f"select eccn, heading from control_list_entry where {at.format(day=day)}"
            )
            marks = history.query(f"""
                select country_name, chart_column, is_controlled from country_chart_cell
                where {at.format(day=day)}
            """)
            assert dict(entries) == {eccn: heading for eccn, (heading, _) in ENTRIES[said].items()}
            assert {row[:2]: row[2] for row in marks} == MARKS[said]
    # What is about an entry counts as well: its control has changed on the last day, its words have not.
    assert history.query("select count(*) from control_list_entry where eccn = '3B001'") == [(3,)]
    assert history.query("""
        select requirement, basis_text, valid_from::varchar, valid_to::varchar from licence_requirement
        where eccn = '3B001' and partner_code = '5880' order by valid_from
    """) == [
        ("required", "NS_2", "2026-02-03", "2026-04-30"),
        ("not_required", "NS_2", "2026-05-01", "2026-07-09"),
    ]


def test_an_entry_that_names_its_day_begins_on_it(history):
    rows = history.query("""
        select party_name, valid_from, valid_to, valid_from_known, entry_count from screened_party
        where list_code = 'EL' order by party_name, valid_from
    """)
    assert rows == [
        ("Between", date(2026, 1, 5), date(2026, 1, 6), True, 1),
        ("Late", date(2026, 1, 2), date(2026, 1, 2), True, 1),
        ("Old", date(2020, 5, 4), date(2026, 1, 2), True, 1),
        ("Old", date(2026, 1, 6), date(2026, 1, 6), False, 1),
        ("Two", date(2026, 1, 1), date(2026, 1, 1), False, 2),
    ]


def test_changes_are_what_two_days_differ_in(history):
    rows = history.query("""
        select snapshot_date, entry_key, change_kind from control_list_changes where list_part = 'UVL'
    """)
    expected = set()
    for before, day in pairwise(DAYS):
        old, new = SEEN[before], SEEN[day]
        expected |= {(day, party, "added") for party in new.keys() - old.keys()}
        expected |= {(day, party, "removed") for party in old.keys() - new.keys()}
        expected |= {(day, party, "changed") for party in new.keys() & old.keys() if old[party] != new[party]}
    assert len(rows) == len(expected) > 100
    assert set(rows) == expected


def test_a_second_day_derived_from_the_shipped_list_shows_what_was_planted(history):
    rows = history.query(f"""
        select list_part, entry_name, change_kind from control_list_changes
        where list_part in {SHIPPED} and snapshot_date = '{DAYS[-1]}' order by all
    """)
    assert rows == [
        ("CAP", "BANK OF KUNLUN CO LTD", "removed"),
        ("CMIC", "CNOOC Limited", "changed"),
        ("CMIC", "China Mobile Limited", "removed"),
        ("CMIC", "China Telecom Corporation Limited", "removed"),
        ("CMIC", "Planted Party", "added"),
        ("MEU", "Planted Party", "added"),
    ]
    assert history.query(f"select count(*) from control_list_changes where list_part in {SHIPPED}") == [(6,)]


def test_a_users_names_are_held_against_the_last_day_of_the_list(history):
    """A listed company is found, one that was taken off the list on that day is not any more."""
    rows = history.query("""
        select party_name, candidate_rank, list_code, match_kind, as_of, reason from party_screening
        where candidate_rank < 2 order by row_number
    """)
    last = DAYS[-1]
    assert rows == [
        ("Huawei Technologies Co Ltd", 1, "CMIC", "exact", last, "the same name, country not compared"),
        ("Bank of Kunlun", 0, None, None, last, "no listed name is similar enough"),
        ("Lakeside Bakery", 0, None, None, last, "no listed name is similar enough"),
    ]
    assert history.query("""
        select valid_to is not null from screened_party where party_name = 'BANK OF KUNLUN CO LTD'
    """) == [(True,)]


def test_a_country_that_changes_its_groups(history):
    """The seed holds before the first day; an amendment that stands alone names the day of a change."""
    rows = history.query("""
        select country_group, valid_from, valid_to, valid_from_known, first_seen_on
        from country_group_member where partner_code = '5200' and country_group in ('A:5', 'D:4')
        order by country_group
    """)
    amended = date(2026, 7, 10)
    assert rows == [
        ("A:5", amended, None, True, amended),
        ("D:4", date(2010, 1, 1), date(2026, 7, 9), False, date(2026, 2, 3)),
    ]
    assert history.query("""
        select list_part, entry_name, change_kind, changed_on, change_day_known
        from control_list_changes where dataset = 'country_groups' order by list_part
    """) == [
        ("A:5", "United Arab Emirates", "added", amended, True),
        ("D:4", "United Arab Emirates", "removed", amended, True),
    ]


def test_a_membership_that_only_the_seed_has_ends_where_the_seed_says(history):
    rows = history.query("""
        select valid_from, valid_to, valid_from_known from country_group_member
        where partner_code = '5550' and country_group = 'D:5'
    """)
    assert rows == [(date(2021, 12, 9), date(2026, 2, 2), True)]

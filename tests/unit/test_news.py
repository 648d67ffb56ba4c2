"""What changed in the export control lists since the release before, as one line to a webhook."""

from pathlib import Path

import duckdb

from orchestration.news import control_news


def write(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    folder.mkdir()
    values = ", ".join(f"('{day}', '{name}', '{kind}')" for day, name, kind in rows) or "(null, null, null)"
    duckdb.execute(f"""
        copy (
            select 'screening_list' as dataset, 'EL' as list_part, lower(name) as entry_key,
                day::date as snapshot_date, kind as change_kind, name as entry_name
            from (values {values}) as t(day, name, kind) where name is not null
        ) to '{folder / "control_list_changes.parquet"}'
    """)
    return folder


def test_only_what_the_release_before_lacks_is_news(tmp_path):
    old = ("2026-08-01", "Old", "added")
    new = [("2026-08-02", f"Party {letter}", "added") for letter in "GFEDCBA"]
    before = write(tmp_path / "before", [old])
    after = write(tmp_path / "after", [old, *new, ("2026-08-02", "Old", "removed")])

    assert control_news(before, after) == (
        "Export control lists have changed. screening_list 2026-08-02, EL: "
        "7 added (Party A, Party B, Party C, Party D, Party E, …); "
        "screening_list 2026-08-02, EL: 1 removed (Old)."
    )
    assert control_news(after, after) is None


def test_a_first_release_is_no_news(tmp_path):
    after = write(tmp_path / "after", [("2026-08-02", "Party", "added")])
    assert control_news(tmp_path / "nothing", after) is None

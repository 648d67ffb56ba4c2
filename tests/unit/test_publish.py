"""A release is swapped in among files that are not ours, and old ones go whole."""

import os
import shutil
from pathlib import Path

import pytest

from orchestration.files import clear_leftovers
from orchestration.publish import RELEASES_KEPT, swap_in
from orchestration.settings import Settings


def build(settings: Settings, name: str, *tables: str) -> Path:
    """A release of empty tables, a second younger than the one before."""
    folder = settings.release_dir / "releases" / name
    folder.mkdir(parents=True)
    for table in tables:
        (folder / f"{table}.parquet").touch()
    (folder / "release.json").write_text("{}")
    at = 1_790_000_000 + len(list(folder.parent.iterdir()))
    os.utime(folder, (at, at))
    return folder


def test_links_of_tables_that_are_gone_go_and_those_of_others_stay(settings):
    swap_in(settings, build(settings, "one", "goods", "services"))
    (settings.release_dir / "notes").symlink_to("/tmp")
    swap_in(settings, build(settings, "two", "goods"))

    root = settings.release_dir
    assert sorted(path.name for path in root.iterdir() if path.is_symlink()) == [
        "current", "goods.parquet", "notes", "release.json",
    ]  # fmt: skip
    assert (root / "goods.parquet").resolve() == (root / "releases/two/goods.parquet").resolve()


def test_a_release_that_came_back_is_not_the_oldest(settings):
    """Readers were in it until a moment ago, though its folder is older than those of others."""
    a, b, c = (build(settings, name, "goods") for name in "abc")
    for release in (a, b, c, a):
        swap_in(settings, release)
    swap_in(settings, build(settings, "d", "goods"))

    assert sorted(path.name for path in a.parent.iterdir()) == ["a", "c", "d"]


def test_a_release_that_was_removed_by_half_is_none(settings, monkeypatch):
    """Its id stands for its content: half of one must not be found under it."""
    for number in range(RELEASES_KEPT):
        swap_in(settings, build(settings, f"release {number}", "goods"))

    def killed(folder: Path) -> None:
        (folder / "goods.parquet").unlink()
        raise KeyboardInterrupt

    newest = build(settings, "the newest", "goods")
    with monkeypatch.context() as killing:
        killing.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            swap_in(settings, newest)

    releases = settings.release_dir / "releases"
    assert not (releases / "release 0").exists()
    clear_leftovers(settings.release_dir)
    assert sorted(path.name for path in releases.iterdir()) == ["release 1", "release 2", "the newest"]

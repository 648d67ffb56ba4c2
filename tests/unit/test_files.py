"""Old or new, never a half; and a full disk ends in a sentence."""

import errno
import os
from pathlib import Path
from uuid import uuid4

import pytest

from orchestration.files import (
    NotWritten,
    clear_leftovers,
    directory_in_one_rename,
    files_digest,
    names_of_files,
    write_atomically,
)
from tests.world import contents


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path):
    path = tmp_path / "a" / "b" / "file"

    write_atomically(path, b"old")
    write_atomically(path, b"new")

    assert contents(tmp_path) == {"a/b/file": b"new"}


@pytest.mark.parametrize("at", ["os.fsync", "pathlib.Path.replace"])
def test_a_file_stays_what_it_was_when_the_disk_is_full(tmp_path, monkeypatch, at):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with monkeypatch.context() as patched:
        patched.setattr(at, full)
        with pytest.raises(NotWritten) as failure:
            write_atomically(path, b"new")

    assert str(failure.value) == (
        f"{path} could not be written (No space left on device). Make room, or allow writing there, and "
        "start again; what was there before is unchanged."
    )
    assert contents(tmp_path) == {"file": b"old"}


def test_a_directory_appears_whole(tmp_path):
    target = tmp_path / "a" / "folder"
    with directory_in_one_rename(target) as partial:
        (partial / "file").write_bytes(b"1")
        assert not target.exists()

    assert contents(tmp_path) == {"a/folder/file": b"1"}


def test_a_directory_gets_its_name_when_all_that_is_in_it_has_reached_the_disk(tmp_path, monkeypatch):
    target = tmp_path / "a" / "folder"
    flushed = []

    def flush(descriptor: int) -> None:
        flushed.append((os.fstat(descriptor).st_ino, target.exists()))

    monkeypatch.setattr(os, "fsync", flush)
    with directory_in_one_rename(target) as partial:
        (partial / "below").mkdir()
        (partial / "below" / "file").write_bytes(b"1")

    inside = {path.stat().st_ino for path in (target, target / "below", target / "below" / "file")}
    assert {inode for inode, has_its_name in flushed if not has_its_name} == inside
    assert flushed[-1] == (target.parent.stat().st_ino, True)


def test_what_editors_keep_beside_a_file_is_none_of_ours(tmp_path):
    model = tmp_path / "model.sql"
    model.write_text("select 1")
    before = files_digest(tmp_path, "*.sql")
    # Emacs marks what it edits by a link to nowhere; macOS keeps a file's attributes under such a name.
    (tmp_path / ".#model.sql").symlink_to("somebody@somewhere.1")
    (tmp_path / "._model.sql").write_bytes(b"1")

    assert names_of_files(tmp_path, "*.sql") == [Path("model.sql")]
    assert files_digest(tmp_path, "*.sql") == before


def test_a_directory_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "folder"
    for name in ("old", "new"):
        with directory_in_one_rename(target) as partial:
            (partial / name).write_bytes(b"1")

    assert contents(tmp_path) == {"folder/new": b"1"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_directory_stays_what_it_was_after_an_error(tmp_path, error):
    target = tmp_path / "folder"
    with directory_in_one_rename(target) as partial:
        (partial / "old").write_bytes(b"1")

    def fail(folder: Path) -> None:
        (folder / "new").write_bytes(b"1")
        raise error

    with pytest.raises(error), directory_in_one_rename(target) as partial:
        fail(partial)

    assert contents(tmp_path) == {"folder/old": b"1"}
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_while_a_directory_is_filled_names_the_directory(tmp_path, monkeypatch):
    target = tmp_path / "folder"
    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(NotWritten) as failure, directory_in_one_rename(target) as partial:
        write_atomically(partial / "file", b"1")

    assert str(failure.value).startswith(f"{target} could not be written (No space left on device). ")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_go_and_everything_else_stays(tmp_path):
    one, other = uuid4().hex, uuid4().hex
    for name in (
        f"landing/.v1.{one}.partial/goods.parquet",
        f"landing/.v1.{one}.partial/.report.json.{other}.partial",
        "landing/v1/goods.parquet",
        f"archive/.manifest.json.{one}.partial",
        f"published/.v2.{one}.old/file",
        "published/v2/file",
        ".lock",
        "notes.partial",
        ".bashrc.old",
        ".notes.partial",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())

    clear_leftovers(tmp_path)

    assert set(contents(tmp_path)) == {
        "landing/v1/goods.parquet",
        "published/v2/file",
        ".lock",
        "notes.partial",
        ".bashrc.old",
        ".notes.partial",
    }


def test_what_was_put_aside_for_something_that_never_came_is_put_back(tmp_path):
    target = tmp_path / "a.b-r1"
    for name in ("old", "new"):
        if name == "new":
            target.rename(tmp_path / f".{target.name}.{uuid4().hex}.old")
            break
        with directory_in_one_rename(target) as partial:
            (partial / name).write_bytes(b"1")

    clear_leftovers(tmp_path)

    assert contents(tmp_path) == {"a.b-r1/old": b"1"}


def test_an_empty_folder_and_none_at_all_have_no_leftovers(tmp_path):
    clear_leftovers(tmp_path)
    clear_leftovers(tmp_path / "none")

"""Writing files so that a reader sees the old one or the new one, never a half.

A full disk or a missing permission ends in `NotWritten`, which names the path and leaves what was there.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

# Others have files that begin with a dot and end so.
_LEFTOVER = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>partial|old)")


class NotWritten(OSError):
    """The disk did not take something; the message says what and what to do."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path} could not be written ({reason}). Make room, or allow writing there, and start again; "
            "what was there before is unchanged."
        )
        self.path = path
        self.reason = reason


def reason_of(error: OSError) -> str:
    """What the operating system said, without the name of a file that is about to go."""
    return error.reason if isinstance(error, NotWritten) else error.strerror or str(error)


def partial_of(path: Path) -> Path:
    """A new name beside `path` for what is to become it, or was it; `clear_leftovers` removes what stays."""
    return path.with_name(f".{path.name}.{uuid4().hex}.partial")


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` by one rename, after it has reached the disk; raises `NotWritten`."""
    partial = partial_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _flush(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritten(path, reason_of(error)) from None


def files_digest(root: Path, *patterns: str) -> str:
    """Identity, as SHA-256, of the files below `root` that match a pattern: of names and bytes."""
    content = hashlib.sha256()
    for name in names_of_files(root, *patterns):
        content.update(str(name).encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return content.hexdigest()


def names_of_files(root: Path, *patterns: str) -> list[Path]:
    """The files below `root` that match a pattern, relative to it, in order.

    What dbt writes when it is run by hand, into a folder `target`, does not count, and neither do files that
    dbt does not read: editors keep theirs beside others under such names.
    """
    names = {path.relative_to(root) for pattern in patterns for path in root.glob(pattern)}
    return sorted(
        name for name in names if "target" not in name.parts and not name.name.startswith((".", "#", "~"))
    )


@contextmanager
def directory_in_one_rename(target: Path) -> Iterator[Path]:
    """Give an empty directory to fill; it becomes `target` when the block ends without an error.

    All that is in it has reached the disk by then: a name must not outlive a power cut that its content does
    not. A `target` that is there already is put aside first and removed after the rename.
    Raises `NotWritten`.
    """
    partial = partial_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        yield partial
        for path in (*partial.rglob("*"), partial):
            _flush(path)
        old = partial.with_suffix(".old")
        if target.exists():
            target.rename(old)
        partial.rename(target)
        _flush(target.parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if isinstance(error, NotWritten) and not error.path.is_relative_to(partial):
            raise
        raise NotWritten(target, reason_of(error)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_leftovers(*roots: Path) -> None:
    """Remove what a killed run left half written below the folders. Call it with the lock held.

    What it had put aside for something new that never came is put back.
    """
    for leftover in [path for root in roots for path in root.glob("**/.*")]:
        match = _LEFTOVER.fullmatch(leftover.name)
        if match is None:
            continue
        target = leftover.with_name(match["target"])
        if match["kind"] == "old" and leftover.exists() and not target.exists():
            leftover.rename(target)
        elif leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)

"""Writing files so that a reader sees the old one or the new one, never a half."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` by one rename, after it has reached the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def directory_in_one_rename(target: Path) -> Iterator[Path]:
    """Give an empty directory to fill; it becomes `target` when the block ends without an error.

    A `target` that is there already is put aside first and removed after the rename.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid4().hex}.partial")
    partial.mkdir()
    try:
        yield partial
        if target.exists():
            old = target.with_name(f".{target.name}.{uuid4().hex}.old")
            target.rename(old)
            partial.rename(target)
            shutil.rmtree(old)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def clear_leftovers(root: Path) -> None:
    """Remove what a killed run left half written below `root`. Call it with the lock held."""
    for pattern in ("**/.*.partial", "**/.*.old"):
        for leftover in root.glob(pattern):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

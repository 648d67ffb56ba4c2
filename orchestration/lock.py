"""One writer for each data directory, guarded by a lock of the operating system.

The kernel releases the lock when its process dies, so a killed run never blocks the next one. Inside
one process the lock may be taken again (a run holds it as a whole, its steps take it once more).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.files import NotWritten, reason_of, write_atomically


class Busy(RuntimeError):
    """Somebody else writes to this data directory."""


@contextmanager
def writing(data_dir: Path, purpose: str, wait_seconds: float = 0) -> Iterator[bool]:
    """Hold the right to write to `data_dir`; raise `Busy`, naming the holder, when another process has it.

    Gives whether this process did not hold it already.
    """
    lock = FileLock(data_dir / ".lock", is_singleton=True)
    holder_file = data_dir / ".lock-holder.json"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise Busy(
            f"{data_dir} is being written by {_holder(holder_file)}. "
            "Wait until it has finished, or stop that process, and start again."
        ) from None
    except OSError as error:
        raise NotWritten(data_dir, reason_of(error)) from None
    try:
        is_new = lock.lock_counter == 1
        if is_new:
            holder = {
                "pid": os.getpid(),
                "purpose": purpose,
                "since": datetime.now(UTC).isoformat("T", "seconds"),
            }
            write_atomically(holder_file, json.dumps(holder).encode())
        yield is_new
    finally:
        lock.release()


def _holder(holder_file: Path) -> str:
    try:
        holder = json.loads(holder_file.read_text())
        return f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"

"""The journal of answers: one line of JSON for each product of each call, appended and never rewritten.

    <data_dir>/language_model/answers.jsonl

A line holds either a label or the reason why the answer was not believed, and in both cases what it cost, so
that the sum over the lines is what was paid. Fields: model, model_answered, prompt_version, commodity_system,
commodity_code, description, description_sha256, relevance, confidence, category, specific_use, reasoning,
not_believed, tokens_in, tokens_out, tokens_estimated, cost_usd, answered_at.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.files import NotWritten, reason_of
from orchestration.sources.language_model import FILE_NAME
from orchestration.sources.model import Refused


@dataclass(frozen=True)
class Journal:
    """The journal in one folder. Only one process may append; see `lock.writing`."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    def lines(self) -> Iterator[dict]:
        """All lines, oldest first; one that a kill left half written is not among them.

        Raises `Refused` when a line is not what was written.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                yield json.loads(line)
            except ValueError:
                raise Refused(
                    f"Line {number} of {self.path} is not what was written; restore the file from a backup, "
                    "or delete the line, and its product is asked for again."
                ) from None

    def append(self, lines: Sequence[dict]) -> None:
        """Add the lines of one call; when this returns they are on the disk. Raises `NotWritten`."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            size = self.path.stat().st_size if self.path.exists() else 0
            try:
                with self.path.open("ab") as file:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                # The lines of the next call would begin in the middle of a line.
                if self.path.exists():
                    os.truncate(self.path, size)
                raise
        except OSError as error:
            raise NotWritten(self.path, reason_of(error)) from None

    def cut_torn_line(self) -> None:
        """Remove the beginning of a line that a kill left at the end. Call it with the lock held."""
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)

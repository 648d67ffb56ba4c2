"""The archive: the exact bytes of every answer, content-addressed, with a manifest. Never rewritten.

    blobs/<first two digits>/<sha256 of the bytes as served>.zst
    manifest/<source>/<dataset>/<partition>/<vintage>.json

A manifest names the answers that together make up a partition at one moment (its *vintage*). It is
written last, by one rename, so a partition is in the archive whole or not at all.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import zstandard

from orchestration.files import write_atomically
from orchestration.http import Client, content_of, file_of
from orchestration.settings import SHIPPED_ARCHIVE, Settings, is_address
from orchestration.sources.model import (
    EVERYTHING,
    Dataset,
    Refused,
    Request,
    Scope,
    Source,
    SourceError,
    TooLarge,
    Unavailable,
)

VINTAGE_FORMAT = "%Y%m%dT%H%M%SZ"


class ArchiveDamaged(Exception):
    """Something in the archive is not what was put there."""


@dataclass(frozen=True)
class Entry:
    """One answer. `sha256` and `size` are of the uncompressed body; both are None/0 for an empty answer.

    origin: 'agency' when an agency served the bytes, 'composed' when they were made in the agency's
    format from the agency's figures, 'file' when they are one file that somebody has or has published;
    `composed_from` then names the files, without their folders.
    """

    request: Request
    status: int
    media_type: str
    retrieved_at: datetime
    sha256: str | None
    size: int
    origin: str
    composed_from: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """A partition of a dataset as it was answered at one moment."""

    source: str
    dataset: str
    partition: str
    vintage_at: datetime
    scope: Scope
    entries: tuple[Entry, ...]

    @property
    def vintage(self) -> str:
        return self.vintage_at.strftime(VINTAGE_FORMAT)

    @cached_property
    def digest(self) -> str:
        """Identity of what was asked and answered, whenever that was."""
        content = [[str(entry.request), entry.status, entry.sha256] for entry in self.entries]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def origin(self) -> str:
        origins = {entry.origin for entry in self.entries}
        if "composed" in origins:
            return "composed"
        return "file" if origins == {"file"} else "agency"

    @property
    def composed_from(self) -> tuple[str, ...]:
        return tuple(sorted({name for entry in self.entries for name in entry.composed_from}))


class Archive:
    """Reads and extends one archive folder. The compression level is zstd's, 1 (fast) to 22 (small).

    shipped: another archive whose content is read as if it were here, and which is never written to.
    """

    def __init__(self, root: Path, compression_level: int = 9, shipped: Path | None = None):
        self.root = root
        self.compression_level = compression_level
        self.roots = (root,) if shipped is None else (root, shipped)

    def snapshots(self, source: str, dataset: str, partition: str) -> list[Snapshot]:
        """All vintages of a partition, oldest first."""
        folder = Path("manifest", source, dataset, partition)
        paths = [path for root in self.roots for path in (root / folder).glob("*.json")]
        return [_read_manifest(path) for path in sorted(paths, key=lambda path: path.name)]

    def latest(self, source: str, dataset: str, partition: str, as_of: datetime | None) -> Snapshot | None:
        """The newest vintage that was known at `as_of` (or at all)."""
        known = [
            s for s in self.snapshots(source, dataset, partition) if as_of is None or s.vintage_at <= as_of
        ]
        return known[-1] if known else None

    def newest_vintages(self, source: str, dataset: str) -> dict[str, str]:
        """The name of the newest vintage of each partition that has one; partitions in order."""
        folders = [root / "manifest" / source / dataset for root in self.roots]
        # A folder without one is what a kill left, or somebody who removed a damaged manifest.
        paths = [path for folder in folders for path in folder.glob("*/*.json")]
        return {path.parent.name: path.stem for path in sorted(paths, key=lambda p: (p.parent.name, p.name))}

    def partitions(self, source: str, dataset: str) -> list[str]:
        """Partitions of which at least one vintage is there, in order."""
        return list(self.newest_vintages(source, dataset))

    def digest(self) -> str:
        """Identity of everything in the archive, from the manifests alone."""
        content = hashlib.sha256()
        for root in self.roots:
            for path in sorted((root / "manifest").glob("*/*/*/*.json")):
                content.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
        return content.hexdigest()

    def verified_path(self, entry: Entry) -> Path:
        """Where the compressed body of an answer lies, once its hash has been checked.

        Raises `ArchiveDamaged` when the file is missing, unreadable or not what the manifest says.
        """
        path = next((path for path in self._blobs(entry.sha256) if path.exists()), self._blob(entry.sha256))
        advice = (
            "Restore it from a backup, or fetch the partition again: with AITB_FETCH=always, or after you "
            "removed its manifest, as a revision, an amendment and the list of a day are not asked for twice."
        )
        try:
            body = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=entry.size)
        except OSError as error:
            raise ArchiveDamaged(f"{path} cannot be read ({error.strerror}). {advice}") from None
        except zstandard.ZstdError:
            raise ArchiveDamaged(f"{path} is damaged: it cannot be decompressed. {advice}") from None
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise ArchiveDamaged(f"{path} was changed: its hash is not the one in the manifest. {advice}")
        return path

    def put(self, body: bytes) -> str:
        """Keep the bytes and return their sha256. A file that was damaged since is put right."""
        sha256 = hashlib.sha256(body).hexdigest()
        path = self._blob(sha256)
        if not _holds(path, body):
            write_atomically(path, zstandard.ZstdCompressor(level=self.compression_level).compress(body))
        return sha256

    def commit(self, snapshot: Snapshot) -> Snapshot:
        """Keep a snapshot; when its content is that of the newest vintage already, give that one back."""
        newest = self.latest(snapshot.source, snapshot.dataset, snapshot.partition, as_of=None)
        if newest is not None and newest.digest == snapshot.digest:
            return newest
        if newest is not None and snapshot.vintage_at <= newest.vintage_at:
            # Twice in a second, or a clock that was put back: the one that came later is the newer one.
            snapshot = replace(snapshot, vintage_at=newest.vintage_at + timedelta(seconds=1))
        folder = self.root / "manifest" / snapshot.source / snapshot.dataset / snapshot.partition
        write_atomically(folder / f"{snapshot.vintage}.json", _manifest(snapshot))
        return snapshot

    def _blob(self, sha256: str) -> Path:
        return self._blobs(sha256)[0]

    def _blobs(self, sha256: str) -> list[Path]:
        return [root / "blobs" / sha256[:2] / f"{sha256}.zst" for root in self.roots]


def _holds(path: Path, body: bytes) -> bool:
    try:
        return zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=len(body)) == body
    except (OSError, zstandard.ZstdError):
        return False


def open_archive(settings: Settings) -> Archive:
    """The archive of a data directory: to the one that ships nothing is added, what comes lies beside it."""
    if settings.archive_dir.resolve() == SHIPPED_ARCHIVE:
        return Archive(settings.data_dir / "archive", shipped=SHIPPED_ARCHIVE)
    return Archive(settings.archive_dir)


def may_fill(settings: Settings, source: Source) -> bool:
    """Whether a source may be asked now. A file that somebody has named needs no network to be read."""
    location = getattr(settings, source.base_url)
    # What is fetched now was not known at any date in the past.
    if location is None or settings.as_of is not None:
        return False
    return settings.fetch != "never" or (not is_address(location) and settings.is_given(source.base_url))


def unread(settings: Settings, archive: Archive, source: Source, dataset: Dataset) -> list[str]:
    """Partitions that a place which somebody has named holds, and the archive has not.

    A file is compared by its content. A file that is missing counts, unless it is one of a folder, which may
    come later; an address counts when it was never asked.
    """
    if not settings.is_given(source.base_url) or not may_fill(settings, source):
        return []
    if dataset.grain == "current":
        there = {"current": dataset.plan("current", EVERYTHING)}
    else:
        there = {name: [request] for name, request in _files(settings, source, dataset).items()}
    return [
        partition
        for partition, requests in there.items()
        if _is_unread(settings, archive, source, dataset, partition, requests)
    ]


def _is_unread(
    settings: Settings,
    archive: Archive,
    source: Source,
    dataset: Dataset,
    partition: str,
    requests: Sequence[Request],
) -> bool:
    try:
        newest = archive.latest(source.name, dataset.name, partition, as_of=None)
    except ArchiveDamaged:
        # Landing says so, and rejects it.
        return True
    known = {entry.request: entry.sha256 for entry in newest.entries} if newest else {}
    for request in requests:
        try:
            file = file_of(settings, source, request)
            found = None if file is None else hashlib.sha256(content_of(source, file)).hexdigest()
        except FileNotFoundError:
            if request.path:
                continue
            return True
        except SourceError:
            return True
        if request not in known or (found is not None and found != known[request]):
            return True
    return False


def _files(settings: Settings, source: Source, dataset: Dataset) -> Mapping[str, Request]:
    """The partitions that a folder holds in a file each; none when the source is no folder."""
    location = getattr(settings, source.base_url)
    if dataset.files is None or location is None or is_address(location):
        return {}
    try:
        return dataset.files([path.name for path in Path(location).iterdir()])
    except OSError as error:
        raise Refused(
            f"{source.title}: {location} is no folder that can be read ({error.strerror}); check "
            f"AITB_{source.base_url.upper()}"
        ) from None


def _requests(
    settings: Settings, source: Source, dataset: Dataset, partition: str, scope: Scope
) -> list[Request]:
    if dataset.files is None or is_address(getattr(settings, source.base_url)):
        return list(dataset.plan(partition, scope))
    file = _files(settings, source, dataset).get(partition)
    return [] if file is None else [file]


def fill(
    client: Client,
    archive: Archive,
    source: Source,
    dataset: Dataset,
    partition: str,
    scope: Scope,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[Request], None] = lambda request: None,
) -> Snapshot | None:
    """Fetch a partition into the archive; None when the source has not published it yet.

    Questions that are too large, or time out, are split. Raises a `SourceError` when the source gives
    something that cannot be used; the archive then has no new vintage.
    """
    entries = tuple(_entries(client, archive, source, dataset, partition, scope, now, progress))
    # Of a question that was split, every part may say that there is nothing.
    if all(entry.sha256 is None for entry in entries):
        return None
    vintage_at = now().replace(microsecond=0)
    return archive.commit(Snapshot(source.name, dataset.name, partition, vintage_at, scope, entries))


def _entries(
    client: Client,
    archive: Archive,
    source: Source,
    dataset: Dataset,
    partition: str,
    scope: Scope,
    now: Callable[[], datetime],
    progress: Callable[[Request], None],
) -> Iterator[Entry]:
    waiting = _requests(client.settings, source, dataset, partition, scope)
    # Its answer tells whether there is anything; that of a part of it does not.
    first = waiting[:1]
    answers: dict[Request, bytes] = {}
    while waiting:
        request = waiting.pop(0)
        progress(request)
        parts = dataset.split(request)
        try:
            answer = client.ask(source, request, can_be_split=bool(parts))
        except (TooLarge, Unavailable) as error:
            if not parts or (isinstance(error, Unavailable) and not error.smaller_may_help):
                raise
            waiting = [*parts, *waiting]
            continue
        if [request] == first and answer.body is None:
            return
        if dataset.agree is not None and answer.body is not None:
            answers[request] = answer.body
            if not dataset.agree(partition, answers):
                return
        if answer.body is not None:
            waiting = [*dataset.follow(request, answer.body), *waiting]
        yield Entry(
            request=request,
            status=answer.status,
            media_type=answer.media_type,
            retrieved_at=now().replace(microsecond=0),
            sha256=None if answer.body is None else archive.put(answer.body),
            size=0 if answer.body is None else len(answer.body),
            origin=answer.origin,
            composed_from=answer.composed_from,
        )


def _checksum(content: dict) -> str:
    """Of everything that a manifest says, but for the checksum itself."""
    said = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _manifest(snapshot: Snapshot) -> bytes:
    content = {
        "source": snapshot.source,
        "dataset": snapshot.dataset,
        "partition": snapshot.partition,
        "vintage_at": snapshot.vintage_at.isoformat(),
        "scope": {
            "partners": list(snapshot.scope.partners),
            "rate_provisions": list(snapshot.scope.rate_provisions),
        },
        "digest": snapshot.digest,
        "entries": [
            {
                "path": entry.request.path,
                "params": [list(pair) for pair in entry.request.params],
                "status": entry.status,
                "media_type": entry.media_type,
                "retrieved_at": entry.retrieved_at.isoformat(),
                "sha256": entry.sha256,
                "size": entry.size,
                "origin": entry.origin,
                "composed_from": list(entry.composed_from),
            }
            for entry in snapshot.entries
        ],
    }
    content["checksum"] = _checksum(content)
    return (json.dumps(content, indent=1) + "\n").encode()


def _read_manifest(path: Path) -> Snapshot:
    advice = "Restore it from a backup, or delete it and fetch the partition again with AITB_FETCH=always."
    try:
        content = json.loads(path.read_bytes())
        digest, checksum = content["digest"], content["checksum"]
        snapshot = Snapshot(
            source=content["source"],
            dataset=content["dataset"],
            partition=content["partition"],
            vintage_at=datetime.fromisoformat(content["vintage_at"]),
            scope=Scope(
                partners=tuple(content["scope"]["partners"]),
                rate_provisions=tuple(content["scope"]["rate_provisions"]),
            ),
            entries=tuple(
                Entry(
                    request=Request(entry["path"], tuple((key, value) for key, value in entry["params"])),
                    status=entry["status"],
                    media_type=entry["media_type"],
                    retrieved_at=datetime.fromisoformat(entry["retrieved_at"]),
                    sha256=entry["sha256"],
                    size=entry["size"],
                    origin=entry["origin"],
                    composed_from=tuple(entry["composed_from"]),
                )
                for entry in content["entries"]
            ),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArchiveDamaged(f"The manifest {path} cannot be read ({error}). {advice}") from None
    if snapshot.digest != digest or _checksum(content) != checksum:
        raise ArchiveDamaged(f"The manifest {path} was changed: its checksum does not fit. {advice}")
    says = (snapshot.source, snapshot.dataset, snapshot.partition, f"{snapshot.vintage}.json")
    if says != path.parts[-4:]:
        raise ArchiveDamaged(f"The manifest {path} is that of {'/'.join(says)}. {advice}")
    return snapshot

"""One asset for each dataset: fetch into the archive, read, gate, land."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Failure,
    MetadataValue,
    multi_asset,
)

from data_quality.checks import check_specs, partition_check_results
from data_quality.runner import GateResult
from data_quality.suites.landing import SUITES
from orchestration.archive import ArchiveDamaged, fill, may_fill, open_archive
from orchestration.assets.step import POOL, try_again, writing_step
from orchestration.http import Client
from orchestration.landing import Landed, Rejected, land
from orchestration.partitions import AS_THEY_COME, partitions_of
from orchestration.settings import Settings, is_address
from orchestration.sources import csl
from orchestration.sources.model import (
    EVERYTHING,
    Dataset,
    KeyRefused,
    Refused,
    Request,
    Scope,
    Source,
    SourceError,
    Unavailable,
)

log = logging.getLogger(__name__)

READABLE = "readable"

MakeClient = Callable[[Settings], Client]


@dataclass(frozen=True)
class Absent:
    """A partition that is not there, which is no fault: not published yet, or not in the archive."""

    reason: str


def bring_in(
    settings: Settings,
    client: Client,
    source: Source,
    dataset: Dataset,
    partition: str,
    scope: Scope = EVERYTHING,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Landed | Absent:
    """Bring one partition from the source, or from the archive, into landing.

    Raises `Rejected` when it does not pass its gate, `SourceError` when it cannot be fetched,
    `ArchiveDamaged` when its manifest is not what was written, and `NotWritten` when the disk is full.
    """
    archive = open_archive(settings)
    snapshot = archive.latest(source.name, dataset.name, partition, settings.as_of)
    location = getattr(settings, source.base_url)
    if location is None and snapshot is None:
        return Absent("not configured")
    # A file is read each time: it costs nothing, and somebody may have changed it. A revision, a list of some
    # day or a regulation as amended never changes once it is archived.
    ask_again = (settings.fetch == "always" and dataset.grain not in AS_THEY_COME) or not is_address(
        location or ""
    )
    # An address serves one list, whatever day is asked for.
    is_past = dataset.grain == "day" and is_address(location or "") and partition != csl.day_served(now())
    if may_fill(settings, source) and not is_past and (ask_again or snapshot is None):
        # A file is there at once; only what takes a while is worth a line.
        say = partial(_say, source) if is_address(location) else lambda _: None
        fetched = fill(client, archive, source, dataset, partition, scope, progress=say)
        if fetched is None and dataset.grain == "current" and is_address(location):
            # A period may not be published yet; a list that is in force is always there.
            raise Refused(
                f"{source.title}: nothing was found at {dataset.plan(partition, scope)[0]}; "
                f"check AITB_{source.base_url.upper()}"
            )
        if fetched is None and snapshot is None:
            return Absent("not there" if dataset.grain in AS_THEY_COME else "not published yet")
        snapshot = fetched or snapshot
    if snapshot is None:
        return Absent("not in archive")
    return land(settings, dataset, snapshot)


def landing_assets(
    settings: Settings, make_client: MakeClient, sources: tuple[Source, ...]
) -> list[AssetsDefinition]:
    """The landing assets of all sources."""
    return [
        _landing_asset(settings, make_client, source, dataset)
        for source in sources
        for dataset in source.datasets
    ]


def asset_key(dataset: Dataset) -> AssetKey:
    """Under which key a dataset's landing is known, in Dagster and in the dbt sources."""
    return AssetKey(["landing", dataset.name])


def _landing_asset(
    settings: Settings, make_client: MakeClient, source: Source, dataset: Dataset
) -> AssetsDefinition:
    key = asset_key(dataset)
    # By run, what its tries have brought in: the next one need not ask for a whole history again.
    brought_in: dict[str, set[str]] = {}

    # Outputs of a subsettable asset may stay away: a partition that is absent has nothing to check.
    @multi_asset(
        name=dataset.name,
        specs=[
            AssetSpec(
                key,
                description=f"{source.title}: {dataset.name.replace('_', ' ')}, as accepted by its gate.",
                group_name="landing",
                kinds={"python", "parquet"},
                metadata={"source": source.title, "attribution": source.attribution},
                partitions_def=partitions_of(dataset.grain),
                skippable=True,
            )
        ],
        check_specs=[
            AssetCheckSpec(
                READABLE,
                asset=key,
                description="The source answered, and the archived bytes are whole and can be read.",
            ),
            *check_specs(SUITES[dataset.suite], key),
        ],
        backfill_policy=BackfillPolicy.single_run(),
        can_subset=True,
        pool=POOL,
    )
    def land_partitions(context: AssetExecutionContext) -> Iterator[AssetCheckResult]:
        partitions = (
            context.partition_keys
            if context.has_partition_key or context.has_partition_key_range
            else ["current"]
        )
        done = brought_in.setdefault(context.run_id, set())
        archived = settings.model_copy(update={"fetch": "never"})
        gates: dict[str, GateResult] = {}
        rejections: dict[str, str] = {}
        unreadable: dict[str, str] = {}
        stopped_by: Exception | None = None
        with writing_step(context, settings), make_client(settings) as client:
            for partition in partitions:
                try:
                    given = archived if partition in done else settings
                    outcome = bring_in(given, client, source, dataset, partition)
                except Rejected as rejection:
                    rejections[partition] = str(rejection)
                    if rejection.gate is None:
                        unreadable[partition] = str(rejection)
                    else:
                        gates[partition] = rejection.gate
                    log.error("rejected %s", rejection)
                    continue
                except (SourceError, ArchiveDamaged) as error:
                    error.args = (f"{dataset.name} {partition}: {error}",)
                    rejections[partition] = unreadable[partition] = str(error)
                    log.error("not landed %s", error)
                    # The others would fare no better, and a service that is down is best left alone.
                    if isinstance(error, KeyRefused | Unavailable):
                        stopped_by = error
                        break
                    continue
                except OSError as error:
                    stopped_by = error
                    log.error("%s %s: %s", dataset.name, partition, error)
                    break
                done.add(partition)
                if isinstance(outcome, Absent):
                    context.log.info(f"{dataset.name} {partition}: {outcome.reason}")
                    continue
                gates[partition] = outcome.gate
                log.info("landed %s %s: %s", dataset.name, partition, _size(outcome))
                # One event for each accepted partition: the value of a step would mark the rejected ones too.
                context.log_event(
                    AssetMaterialization(
                        asset_key=key,
                        partition=partition if dataset.grain != "current" else None,
                        metadata=_metadata(outcome),
                    )
                )
        if gates or unreadable:
            yield AssetCheckResult(
                asset_key=key,
                check_name=READABLE,
                passed=not unreadable,
                description=" ".join(unreadable.values()) or None,
                metadata={"unreadable": MetadataValue.json(unreadable)},
            )
        yield from partition_check_results(gates, key)
        if isinstance(stopped_by, Unavailable):
            raise try_again(context, stopped_by) from stopped_by
        if isinstance(stopped_by, OSError):
            raise Failure(f"{dataset.name}: {stopped_by}", allow_retries=False)
        if rejections:
            raise Failure(
                f"{len(rejections)} of {len(partitions)} partitions of {dataset.name} were rejected and stay "
                f"out; what was landed before is still in use. {' '.join(rejections.values())}",
                metadata={"rejected": MetadataValue.json(rejections)},
                allow_retries=False,
            )

    return land_partitions


def _say(source: Source, request: Request) -> None:
    """A long list of variables says nothing to a person who waits."""
    shown = [(name, value if len(value) <= 30 else "…") for name, value in request.params]
    log.info("%s: asking for %s", source.title, unquote(str(Request(request.path, tuple(shown)))))


def _size(landed: Landed) -> str:
    """Rows and value of the most detailed table."""
    size = max(landed.tables.values(), key=lambda size: size["row_count"])
    value = "" if size["value_usd"] is None else f", ${size['value_usd'] / 1e9:,.1f} bn"
    return f"{size['row_count']:,} rows{value}"


def _metadata(landed: Landed) -> dict[str, MetadataValue | int | str]:
    lines = ["| table | rows | value, $ m |", "|---|--:|--:|"]
    for table, size in landed.tables.items():
        value = "" if size["value_usd"] is None else f"{size['value_usd'] / 1e6:,.1f}"
        lines.append(f"| {table} | {size['row_count']:,} | {value} |")
    return {
        "dagster/row_count": sum(size["row_count"] for size in landed.tables.values()),
        "vintage": MetadataValue.timestamp(landed.vintage_at),
        "origin": landed.origin,
        "partners": ", ".join(landed.partners) or "all",
        "digest": landed.digest[:16],
        "tables": MetadataValue.md("\n".join(lines)),
    }

"""`make run` and `make live`: the whole way in one process, with a table of figures at its end.

    python -m orchestration.run                             what is archived (the sample)
    python -m orchestration.run --live                      what is new at the sources
    python -m orchestration.run --live --from 2025-01 --to 2025-06
    python -m orchestration.run --label                     ask the language model about new products

The second and the third need AITB_FETCH and a data directory of their own: `make live` sets both.
Dagster, dbt and Great Expectations are imported only when there is something to do.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.logging import RichHandler

from orchestration.archive import ArchiveDamaged, open_archive, unread
from orchestration.dbt import NotParsed, parse_if_stale
from orchestration.files import NotWritten, clear_leftovers, write_atomically
from orchestration.headline import show
from orchestration.landing import landed_digest, not_landed, quarantined
from orchestration.lock import Busy, writing
from orchestration.publish import current_release, inputs_digest
from orchestration.settings import Settings, read_settings
from orchestration.sources.model import NEW_YORK, KeyRefused, Refused, SourceError
from orchestration.sources.registry import DATASETS

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions, ExecuteInProcessResult

    from orchestration.releases import Release

log = logging.getLogger("orchestration")

# A landing run in which nothing failed says what had landed when it ended.
LANDED_TAG = "ai_trade/landed"

# A grain → its partitions to land, oldest first.
Plan = dict[str, list[str]]


def main(arguments: list[str] | None = None) -> int:
    """Run the pipeline; the exit code is 0 when a release is there and nothing was rejected."""
    given = _parse(arguments)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    settings = read_settings()
    console = Console(file=sys.stdout)
    try:
        if given.label:
            return _label(settings, console)
        if given.live and settings.fetch == "never":
            raise Refused(
                "AITB_FETCH is 'never', so that the sources may not be asked; set it to 'missing' or "
                "'always', or leave it to `make live`."
            )
        if not given.live and _is_current(settings):
            console.print("Nothing is new: the release stands for the archive and the code as they are.")
            return _report(settings, console)
        with writing(settings.data_dir, "make live" if given.live else "make run"):
            _log_to(console)
            clear_leftovers(settings.data_dir, settings.archive_dir, settings.publish_dir)
            if not given.live:
                return _run(settings, _archived_plan(settings), None, console)
            settings, plan, release, failures = _live_plan(settings, given, datetime.now(NEW_YORK))
            # What could not even be asked for is missing as well.
            return _run(settings, plan, release, console, _left(settings, plan)) or int(bool(failures))
    except (ArchiveDamaged, Busy, NotParsed, NotWritten, SourceError) as error:
        console.print(str(error), style="red", soft_wrap=True, markup=False)
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orchestration.run", description=__doc__.splitlines()[0])
    parser.add_argument("--live", action="store_true", help="ask the sources, not only the archive")
    parser.add_argument("--from", dest="first", type=_month, metavar="YYYY-MM", help="first month to load")
    parser.add_argument("--to", dest="last", type=_month, metavar="YYYY-MM", help="last month to load")
    parser.add_argument("--label", action="store_true", help="label what is landed with a language model")
    given = parser.parse_args(arguments)
    if (given.first or given.last) and not (given.live and given.first and given.last):
        parser.error("--from and --to go together, and with --live")
    if given.first and given.first > given.last:
        parser.error("--from lies after --to")
    return given


def _month(text: str) -> str:
    try:
        return date.fromisoformat(f"{text}-01").strftime("%Y-%m")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month; write it as 2025-06") from None


def _is_current(settings: Settings) -> bool:
    """Whether the last run landed all there was, and nothing that it started from has changed since."""
    try:
        complete = _complete_file(settings).read_text()
    except FileNotFoundError:
        return False
    archive = open_archive(settings)
    return (
        current_release(settings) is not None
        and complete == inputs_digest(settings)
        and not any(unread(settings, archive, *known) for known in DATASETS.values())
    )


def _complete_file(settings: Settings) -> Path:
    return settings.warehouse_dir / "complete"


def _archived_plan(settings: Settings) -> Plan:
    """Every partition that the archive holds, and the files that it does not hold yet."""
    archive = open_archive(settings)
    plan: Plan = {}
    for source, dataset in DATASETS.values():
        partitions = archive.partitions(source.name, dataset.name)
        found = unread(settings, archive, source, dataset)
        plan[dataset.grain] = sorted({*plan.get(dataset.grain, ()), *partitions, *found})
    return plan


def _left(settings: Settings, plan: Plan) -> Plan:
    """What an earlier run has archived and not landed, and this one does not come to."""
    return {
        grain: sorted(set(partitions).difference(plan.get(grain, ())))
        for grain, partitions in not_landed(settings).items()
    }


def _live_plan(
    settings: Settings, given: argparse.Namespace, now: datetime
) -> tuple[Settings, Plan, "Release | None", list[SourceError]]:
    """The months and years asked for, or those of a new release, with the lists of their years; and which
    sources could not say what they have.

    Without anything new only what is missing is asked for. The revision of the tariff schedule that is in
    force comes with all of them, and so do the lists of the export controls as they are today, which are
    landed first: the screening list of a day cannot be had on the next. Raises
    `Refused` for months that there cannot be, and `KeyRefused` without a key.
    """
    from orchestration.http import Client
    from orchestration.partitions import FIRST_YEAR, last_complete_month, months, whole_years, years_of
    from orchestration.releases import (
        amendments_to_land,
        archived_release,
        days_to_land,
        lacking,
        new_release,
        revisions_to_land,
        weight_years,
    )

    last_month = last_complete_month(now.date())
    if given.first and not f"{FIRST_YEAR}-01" <= given.first <= given.last <= last_month:
        raise Refused(
            f"Months can be loaded from {FIRST_YEAR}-01 to {last_month}, the last one that is over."
        )
    release = None
    law: Plan = {}
    failures: list[SourceError] = []
    with Client(settings) as client:
        try:
            release = None if given.first else new_release(settings, client, now.date())
        except KeyRefused:
            raise
        except SourceError as error:
            log.error("%s The months stay as they are archived.", error)
            failures.append(error)
        # What one source has does not wait for another.
        for grain, what, to_land in (
            ("day", "The screening list stays as it is", lambda: days_to_land(settings, now)),
            ("revision", "The tariff schedule stays as it is", lambda: revisions_to_land(settings, client)),
            (
                "amendment",
                "The export control regulations stay as they are",
                lambda: amendments_to_land(settings, client),
            ),
        ):
            try:
                law[grain] = to_land()
            except SourceError as error:
                log.error("%s %s archived.", error, what)
                failures.append(error)
                law[grain] = []
    if given.first:
        asked = months(given.first, given.last)
        years = {*whole_years(given.first, given.last), *lacking(settings, "year", weight_years())}
        editions = {*years_of(asked), *lacking(settings, "edition", weight_years())}
        plan = {"month": asked, "year": sorted(years), "edition": sorted(editions)}
        return settings, {**law, **plan, "current": ["current"]}, None, failures
    if release is not None:
        plan = {grain: list(names) for grain, names in release.partitions.items()}
        return settings, {**law, **plan}, release, failures
    log.info("no new month is known of; working with what is archived")
    plan = _archived_plan(settings)
    # What an earlier run did not come to.
    latest = archived_release(settings)
    for grain, names in latest.partitions.items() if latest else ():
        plan[grain] = sorted({*plan[grain], *names})
    law = {grain: sorted({*plan[grain], *names}) for grain, names in law.items()}
    return settings.model_copy(update={"fetch": "missing"}), {**law, **plan, **law}, None, failures


def _label(settings: Settings, console: Console) -> int:
    """The job that asks the language model; it writes to the journal only, beside any other run."""
    _log_to(console)
    with console.status("starting Dagster"):
        from orchestration.definitions import build_definitions
        from orchestration.instance import clear_dead_runs, open_instance
        from orchestration.jobs import LABEL_JOB

        instance = open_instance(settings)
        clear_dead_runs(instance)
        definitions = build_definitions(settings)
    return 0 if _execute(settings, definitions, instance, LABEL_JOB, {}, console).success else 1


def _run(
    settings: Settings, plan: Plan, release: "Release | None", console: Console, left: Plan | None = None
) -> int:
    """Land the plan, then, without asking anybody, what is `left` in the archive; build and publish."""
    left = left or {}
    if not any((*plan.values(), *left.values())):
        console.print(
            f"Nothing is in the archive {settings.archive_dir}, and nothing new to fetch.",
            style="red",
            markup=False,
        )
        return 2
    # dbt parses in a process of its own, on the other core, while this one imports and lands.
    with ThreadPoolExecutor(1) as beside:
        parsed = beside.submit(parse_if_stale, settings)
        with console.status("starting Dagster, dbt and Great Expectations"), _made_to_stay():
            from data_quality.runner import load_great_expectations
            from orchestration.definitions import build_definitions, landing_definitions
            from orchestration.instance import clear_dead_runs, open_instance
            from orchestration.jobs import LANDING_JOBS, REFRESH_JOB
            from orchestration.partitions import AS_THEY_COME, register
            from orchestration.schedules import landing_tags

            instance = open_instance(settings)
            for run_id in clear_dead_runs(instance):
                log.warning("run %s was killed; it is marked as failed", run_id[:8])
            load_great_expectations()
        everything_fetched = True
        archived = settings.model_copy(update={"fetch": "never"})
        for given, of_release, wanted in ((settings, release, plan), (archived, None, left)):
            if not any(wanted.values()):
                continue
            landing = landing_definitions(given)
            for grain, partitions in _landing_runs(wanted):
                job = LANDING_JOBS[grain]
                if of_release is None and _has_landed(given, instance, job, grain, partitions):
                    log.info("%s: as landed before", job.replace("_", " "))
                    continue
                ends = register(instance, grain, partitions) if grain in AS_THEY_COME else partitions
                tags = landing_tags(grain, ends, of_release)
                landed = _execute(given, landing, instance, job, tags, console)
                everything_fetched &= landed.success
                if landed.success and (digest := landed_digest(given, grain, partitions)):
                    instance.add_run_tags(landed.run_id, {LANDED_TAG: digest})
        parsed.result()
    definitions = build_definitions(settings)
    # Before the refresh, so that what somebody edits while it is at work is new to the next run.
    started_from = inputs_digest(settings)
    if not _execute(settings, definitions, instance, REFRESH_JOB, {}, console).success:
        console.print("The refresh failed; the release before it is untouched.", style="red")
        return 1
    exit_code = _report(settings, console) or int(not everything_fetched)
    if exit_code == 0:
        write_atomically(_complete_file(settings), started_from.encode())
    return exit_code


def _landing_runs(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """What each run takes: periods without a gap, as a range would ask for those in between too."""
    from orchestration.partitions import AS_THEY_COME, stretches

    for grain, partitions in plan.items():
        if grain == "current" or grain in AS_THEY_COME:
            yield from [(grain, partitions)] if partitions else []
        else:
            yield from ((grain, stretch) for stretch in stretches(grain, partitions))


@contextmanager
def _made_to_stay() -> Iterator[None]:
    """Spare Python's collector half a million objects that imports make, and that stay until the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _report(settings: Settings, console: Console) -> int:
    """Print the headline, and what is kept out of it; the exit code."""
    show(settings.release_dir, console)
    rejections = quarantined(settings)
    for message in rejections:
        # It quotes what somebody else has written.
        console.print(f"Kept out: {message}", style="red", soft_wrap=True, markup=False)
    return int(bool(rejections))


def _has_landed(
    settings: Settings, instance: "DagsterInstance", job: str, grain: str, partitions: list[str]
) -> bool:
    """Whether a run of the job has landed just this, so that Dagster knows of each partition as well."""
    from dagster import DagsterRunStatus, RunsFilter

    digest = landed_digest(settings, grain, partitions)
    if digest is None:
        return False
    same = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS], tags={LANDED_TAG: digest})
    return bool(instance.get_runs(same, limit=1))


def _execute(
    settings: Settings,
    definitions: "Definitions",
    instance: "DagsterInstance",
    job: str,
    tags: dict[str, str],
    console: Console,
) -> "ExecuteInProcessResult":
    from orchestration.instance import process_tag

    # What dbt prints goes to a file; here it would bury what a person wants to see.
    log_file = settings.data_dir / "run.log"
    with console.status(job.replace("_", " ")), log_file.open("a") as file, redirect_stdout(file):
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            tags={**tags, **process_tag(instance)},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    for event in result.all_events if not result.success else ():
        if event.is_step_failure:
            error = event.event_specific_data.error
            message = (error.cause or error).message if error else "no reason given"
            # Dagster puts the name of the class before what it says.
            said = message.strip().removeprefix("dagster._core.definitions.events.Failure: ")
            console.print(f"{event.step_key}: {said}", style="red", soft_wrap=True, markup=False)
    return result


def _log_to(console: Console) -> None:
    handler = RichHandler(console=console, show_path=False, show_level=False, log_time_format="[%H:%M:%S]")
    logger = logging.getLogger("orchestration")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    exit_code = main()
    # Else Python goes through all that it has, three times, before it lets go of it: two seconds.
    gc.freeze()
    sys.exit(exit_code)

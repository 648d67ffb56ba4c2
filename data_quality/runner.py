"""Runs a gate: scans with SQL, judges with Great Expectations, says in a sentence what happened.

    gate = run_suite(con, landing.SUITES["import_goods"], landing.context("imports_monthly", "2025-05", ...))
    if not gate.passed: ...

Great Expectations has no DuckDB data source, so it only ever sees a pandas frame of one row: the summaries
of all checks beside each other, one column for each figure that an expectation names. One call judges a
whole gate in about 50 ms; a call for each check would cost several times as much.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import duckdb
import pandas as pd

from data_quality.suites import Check, Severity, Suite

Status = Literal["passed", "failed", "warned", "not_independent", "across_vintages", "not_served"]

# From the one that an operator must see first to the one that can wait.
STATUSES: tuple[Status, ...] = (
    "failed",
    "warned",
    "across_vintages",
    "not_independent",
    "not_served",
    "passed",
)
MOST_ROWS = 20


@dataclass(frozen=True)
class CheckResult:
    """What became of one check.

    status: 'passed', 'failed' (blocks) or 'warned'; a reconciliation can also be 'not_independent' (both
            sides were made from the same file), 'across_vintages' (sides of different origin differ,
            which revisions explain), and 'not_served' says that there was nothing to compare.
    message: one sentence: what happened, where, what to do.
    failing_rows: at most 20 rows that explain it; the figures in `metrics` count all of them.
    """

    name: str
    status: Status
    severity: Severity
    message: str
    metrics: dict[str, Any] = field(default_factory=dict)
    failing_rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    description: str = ""


@dataclass(frozen=True)
class GateResult:
    """What became of a gate. Only a check of status 'failed' closes it."""

    suite: str
    subject: str
    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.status == "failed")

    @property
    def message(self) -> str:
        """Why the gate is closed, or that it is open."""
        return " ".join(check.message for check in self.failed) or f"{self.subject}: all gates are open."

    def as_rows(self) -> list[dict[str, Any]]:
        """One row per check, for a table of results or a file; metrics are JSON text."""
        return [
            {
                "suite": self.suite,
                "subject": self.subject,
                "check_name": check.name,
                "status": check.status,
                "severity": check.severity,
                "message": check.message,
                "metrics": json.dumps(check.metrics, default=str, sort_keys=True),
            }
            for check in self.checks
        ]


def run_suite(
    con: duckdb.DuckDBPyConnection,
    suite: Suite,
    context: Mapping[str, Any],
    results_dir: Path | None = None,
) -> GateResult:
    """Run all checks of a suite on the tables of a connection.

    con:         holds the tables that the suite names; nothing is written but session variables.
    context:     `subject` (what is checked, for people and file names) and the suite's variables.
    results_dir: where the Great Expectations result is kept as JSON, the newest per suite and subject.

    Data at fault gives a result, never an exception. Raises KeyError when the context lacks a variable (a
    missing one would be null in SQL and let everything pass) and RuntimeError when an expectation could
    not be evaluated, both mistakes in the suite.
    """
    present = {name for (name,) in con.execute("select table_name from information_schema.tables").fetchall()}
    missing = {table for check in suite.checks for table in check.tables} - present
    broken: dict[str, str] = {}
    for check in suite.checks:
        absent = sorted(missing.intersection(check.tables))
        if absent:
            broken[check.name] = f"the table {', '.join(absent)} is not there"
    checks = [check for check in suite.checks if check.name not in broken]
    _set_variables(con, suite, context)
    # A table of one month is too small for a scan of it to use two cores: two scans at a time.
    summaries: dict[str, dict[str, Any]] = {}
    left = iter(checks)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for scanned, failed in pool.map(lambda _: _scan(con, suite, context, left), range(2)):
            summaries |= scanned
            broken |= failed

    judged = [
        check
        for check in suite.checks
        if check.name in summaries and summaries[check.name].get("compared") != 0
    ]
    relations = _relations(con, judged)
    # What cannot decide is kept out of the frame: a red line in the data docs would say that it failed.
    decided = [check for check in judged if relations.get(check.name) != "same files"]
    result, met = _judge(suite.name, decided, summaries)

    results = []
    for check in suite.checks:
        if check.name in broken:
            results.append(_broken(check, context["subject"], broken[check.name]))
            continue
        status = _status(
            check, summaries[check.name], relations.get(check.name), met.get(check.name), check in judged
        )
        results.append(_result(con, check, context, status, summaries[check.name]))
    gate = GateResult(suite.name, context["subject"], tuple(results))
    if results_dir is not None:
        _write(result, gate, Path(results_dir))
    return gate


def _set_variables(con: duckdb.DuckDBPyConnection, suite: Suite, context: Mapping[str, Any]) -> None:
    for name in suite.variables:
        con.execute(f"set variable {name} = $1", [context[name]])


def _scan(
    con: duckdb.DuckDBPyConnection, suite: Suite, context: Mapping[str, Any], checks: Iterator[Check]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The summaries of checks by their names, and of those that could not be scanned why.

    Takes one check after another, so that several threads share the work when they share `checks`.
    """
    summaries: dict[str, dict[str, Any]] = {}
    broken: dict[str, str] = {}
    with con.cursor() as own:
        _set_variables(own, suite, context)
        for check in checks:
            try:
                answer = own.execute(check.summary)
                columns = [column[0] for column in answer.description]
                summaries[check.name] = dict(zip(columns, answer.fetchone(), strict=True))
            except (duckdb.BinderException, duckdb.DataError) as error:
                # A column that is missing or of another type: the schema check names it, this one says why it
                # could not be answered. Anything else (memory, disk) is not the data's fault and is raised.
                broken[check.name] = f"it could not be evaluated ({str(error).splitlines()[0]})"
    return summaries, broken


def combine(gates: Mapping[str, GateResult]) -> tuple[CheckResult, ...]:
    """One result per check for several partitions, as a Dagster run of several partitions reports them.

    gates: partition → its gate, all of the same suite. The worst status wins; the message and the rows
    name the partitions.
    """
    combined = []
    for name in dict.fromkeys(check.name for gate in gates.values() for check in gate.checks):
        of = {key: check for key, gate in gates.items() for check in gate.checks if check.name == name}
        worst = min((check.status for check in of.values()), key=STATUSES.index)
        culprits = {key: check for key, check in of.items() if check.status == worst}
        first = next(iter(culprits.values()))
        if len(of) == 1:
            combined.append(first)
            continue
        rows = [check.failing_rows.assign(partition=key) for key, check in culprits.items()]
        rows = [frame for frame in rows if not frame.empty]
        listed = ", ".join(list(culprits)[:12]) + (", …" if len(culprits) > 12 else "")
        combined.append(
            replace(
                first,
                message=f"{len(culprits)} of {len(of)} partitions {worst.replace('_', ' ')} ({listed}); "
                f"the first: {first.message}",
                metrics={"partitions": len(of), f"partitions_{worst}": len(culprits)},
                failing_rows=pd.concat(rows).head(MOST_ROWS) if rows else pd.DataFrame(),
            )
        )
    return tuple(combined)


def independence(
    provenance: Iterable[tuple[str, str, Iterable[str] | None]],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
) -> Literal["one snapshot", "same files", "different files"]:
    """How the two sides of a reconciliation are related.

    provenance: rows of level, origin ('agency' or 'composed') and the files that it was composed from.
    Returns 'one snapshot' when an agency served both (they must agree), 'same files' when both were
    composed and share a file (that they agree says nothing), else 'different files'.
    """
    rows = [(level, origin, set(files or ())) for level, origin, files in provenance]

    def side(levels: tuple[str, ...]) -> tuple[bool, set[str]]:
        # A dataset that names its level otherwise has only one: then all rows are about both sides.
        own = [row for row in rows if row[0] in levels] or rows
        return any(origin == "composed" for _, origin, _ in own), set().union(*(files for *_, files in own))

    (left_composed, left_files), (right_composed, right_files) = side(sides[0]), side(sides[1])
    if not left_composed and not right_composed:
        return "one snapshot"
    if left_composed and right_composed and (sides[0] == sides[1] or left_files & right_files):
        return "same files"
    return "different files"


def build_data_docs(results_dir: Path, out_dir: Path) -> Path:
    """Render the kept results as the Great Expectations site of static pages; returns its first page.

    About 0.02 s per result. The pages load their styles from the network and are plain without it.
    """
    gx, _ = load_great_expectations()
    from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    # The site is built from a context's stores: a context of its own, so that the one that judges keeps
    # none of this.
    context = gx.get_context(mode="ephemeral")
    context.add_data_docs_site(
        "gates",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(Path(out_dir).resolve()),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
        },
    )
    suites: dict[str, Any] = {}
    for path in sorted(Path(results_dir).glob("*.json")):
        result = expectationSuiteValidationResultSchema.load(json.loads(path.read_text("utf-8")))
        run = result.meta["run_id"]
        key = ValidationResultIdentifier(
            ExpectationSuiteIdentifier(result.suite_name),
            RunIdentifier(run["run_name"], run["run_time"]),
            batch_identifier=path.stem,
        )
        context.validation_results_store.set(key, result)
        # A result holds only what could be decided: the longest one describes its suite best.
        suites[result.suite_name] = max(
            result, suites.get(result.suite_name, result), key=lambda r: len(r.results)
        )
    for name, result in suites.items():
        expectations = [one.expectation_config.to_domain_obj() for one in result.results]
        context.suites.add(gx.ExpectationSuite(name, expectations=expectations))
    context.build_data_docs(site_names=["gates"])
    return Path(out_dir) / "index.html"


def _relations(con: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> dict[str, str]:
    reconciliations = [check for check in checks if check.sides]
    if not reconciliations:
        return {}
    provenance = con.execute("select level, origin, composed_from from provenance").fetchall()
    return {check.name: independence(provenance, check.sides) for check in reconciliations}


@cache
def load_great_expectations() -> tuple[ModuleType, Any]:
    """The library (6 to 11 s to import, hence here) and what makes a batch of a frame; once per process."""
    # Has to be set before the first import, or the library reports its use over the network.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    # Else each validation draws its own progress bar over ours.
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = context.data_sources.add_pandas("gates").add_dataframe_asset("summaries")
    return gx, frames.add_batch_definition_whole_dataframe("whole")


def _judge(
    suite_name: str, checks: Iterable[Check], summaries: Mapping[str, Mapping[str, Any]]
) -> tuple[Any, dict[str, bool]]:
    """The Great Expectations result of all checks, and for each check whether it met its expectations."""
    gx, batches = load_great_expectations()
    row: dict[str, Any] = {}
    expectations = []
    for check in checks:
        for kind, arguments in check.expectations:
            column = f"{check.name}.{arguments['column']}"
            row[column] = summaries[check.name][arguments["column"]]
            expectations.append(
                getattr(gx.expectations, kind)(
                    **{**arguments, "column": column},
                    severity={"error": "critical", "warn": "warning"}[check.severity],
                    notes=check.description,
                )
            )
    batch = batches.get_batch(batch_parameters={"dataframe": pd.DataFrame([row])})
    result = batch.validate(gx.ExpectationSuite(suite_name, expectations=expectations))

    met: dict[str, bool] = {}
    # Results are not in the order of the expectations once one of them raised: go by the column.
    for one in result.results:
        # An expectation that could not be evaluated looks like one that was not met. The notice of it is
        # a dict of one exception, or a dict of such dicts, one for each figure that it needed.
        notices = one.exception_info
        notices = [notices] if "raised_exception" in notices else notices.values()
        if any(notice["raised_exception"] for notice in notices):
            raise RuntimeError(f"{suite_name}: {one.expectation_config} could not be evaluated: {notices}")
        name = one.expectation_config.kwargs["column"].split(".")[0]
        met[name] = met.get(name, True) and one.success
    return result, met


def _status(
    check: Check, summary: Mapping[str, Any], relation: str | None, met: bool | None, judged: bool
) -> Status:
    if not judged:
        return "not_served"
    if relation == "same files":
        return "not_independent"
    if met:
        return "passed"
    if relation == "different files":
        return "across_vintages"
    return "failed" if check.severity == "error" else "warned"


def _result(
    con: duckdb.DuckDBPyConnection,
    check: Check,
    context: Mapping[str, Any],
    status: Status,
    summary: Mapping[str, Any],
) -> CheckResult:
    metrics = dict(summary)
    at_fault = status not in ("passed", "not_served")
    rows = pd.DataFrame()
    if at_fault:
        answer = con.execute(f"from ({check.failing}) limit {MOST_ROWS}")
        # As objects: a null would turn a column of dollars into floats.
        rows = pd.DataFrame(
            answer.fetchall(), columns=[column[0] for column in answer.description], dtype=object
        )
    where = context["subject"]
    problem = check.problem.format_map({**context, **metrics})
    first = ""
    if not rows.empty:
        shown = {name: value for name, value in rows.iloc[0].items() if value is not None}
        first = f" (first: {', '.join(f'{name} {value}' for name, value in shown.items())})"
    message = {
        "passed": f"{where}: {check.name} holds.",
        "not_served": f"{where}: {check.name} had nothing to compare, the figures for it are not served.",
        "not_independent": (
            f"{where}: {check.name} proves nothing, because both sides were composed from the same file"
            + (f"; {problem}{first}." if not rows.empty else " (they agree).")
        ),
        "across_vintages": (
            f"{where}: {problem}{first}; the sides are of different vintages, which revisions explain: "
            "reported, not blocking."
        ),
    }.get(status, f"{where}: {problem}{first}; {check.advice}.")
    return CheckResult(check.name, status, check.severity, message, metrics, rows, check.description)


def _broken(check: Check, where: str, why: str) -> CheckResult:
    return CheckResult(
        name=check.name,
        status="failed" if check.severity == "error" else "warned",
        severity=check.severity,
        message=f"{where}: {check.name} has no answer, {why}; correct what makes the table.",
        description=check.description,
    )


def _write(result: Any, gate: GateResult, results_dir: Path) -> None:
    """Keep a result under the name of its suite and subject, with the outcome of all checks in its meta."""
    content = result.to_json_dict()
    now = datetime.now(UTC).isoformat()
    # The frame and its fingerprint say nothing: it is gone.
    content["meta"] = {
        "great_expectations_version": content["meta"]["great_expectations_version"],
        "run_id": {"run_name": gate.subject, "run_time": now},
        "validation_time": now,
        "active_batch_definition": {"data_asset_name": gate.subject},
        "checks": gate.as_rows(),
    }
    path = results_dir / f"{gate.suite}__{gate.subject.replace(' ', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=1, default=str), "utf-8")
    draft.replace(path)

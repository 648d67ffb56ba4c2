"""From landing to the release: dbt staging, its gate, dbt marts, their gate, publishing."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    asset,
    multi_asset_check,
)
from dagster_dbt import DbtProject, dbt_assets

from data_quality.checks import check_specs, to_asset_check_result
from data_quality.runner import run_suite
from data_quality.suites import Suite
from data_quality.suites.marts import SUITE as MARTS
from data_quality.suites.staging import SUITE as STAGING
from orchestration.assets.dbt_build import build
from orchestration.assets.step import POOL, writing_step
from orchestration.built import kept_results, standing, to_ask, with_result
from orchestration.dbt import STAGING_MODELS, configure
from orchestration.files import write_atomically
from orchestration.headline import markdown
from orchestration.landing import read_commit, write_warehouse_inputs
from orchestration.news import control_news, post_news
from orchestration.publish import (
    build_release,
    code_digest,
    identity,
    landing_checks,
    outcome,
    swap_in,
)
from orchestration.settings import Settings

log = logging.getLogger(__name__)

# A month without a release is late; agencies have been later than that.
FRESH = FreshnessPolicy.time_window(fail_window=timedelta(days=45), warn_window=timedelta(days=36))


def warehouse_assets(settings: Settings, project: DbtProject) -> list[AssetsDefinition]:
    """The steps of a refresh that make something. Between them stand the gates of `warehouse_gates`."""

    @dbt_assets(
        manifest=project.manifest_path, project=project, select=STAGING_MODELS, name="staging", pool=POOL
    )
    def staging(context: AssetExecutionContext) -> Iterator:
        configure(settings)
        with writing_step(context, settings):
            items = write_warehouse_inputs(settings)
            write_atomically(_identity_file(settings), json.dumps(identity(settings, items)).encode())
            log.info("dbt: seeds and staging")
            yield from build(context, settings)

    @dbt_assets(
        manifest=project.manifest_path, project=project, exclude=STAGING_MODELS, name="marts", pool=POOL
    )
    def marts(context: AssetExecutionContext) -> Iterator:
        configure(settings)
        with writing_step(context, settings):
            log.info("dbt: marts and their tests")
            yield from build(context, settings)

    release_key = AssetKey("release")

    @asset(
        key=release_key,
        deps=list(marts.keys),
        description="The published tables: one DuckDB file and Parquet files, swapped in by one rename.",
        group_name="release",
        kinds={"duckdb", "parquet"},
        freshness_policy=FRESH,
        pool=POOL,
    )
    def release(context: AssetExecutionContext) -> MaterializeResult:
        with writing_step(context, settings):
            log.info("publishing")
            manifest = json.loads(project.manifest_path.read_text())
            about = _identity(settings)
            if about["code_digest"] != code_digest():
                raise Failure(
                    "The code or a seed was changed while the refresh was at work, so it is not published. "
                    "Start the refresh again.",
                    allow_retries=False,
                )
            first_step = {staging.metadata_by_key[key]["dagster_dbt/unique_id"] for key in staging.keys}
            checks = _release_checks(settings, manifest, about, first_step)
            folder = build_release(settings, manifest, about, checks)
            # Reading the headline tries the release out before anybody else sees it.
            headline = markdown(folder)
            news = control_news(settings.release_dir, folder)
            info = swap_in(settings, folder)
            post_news(settings, news)
        return MaterializeResult(
            metadata={
                "release_id": info["release_id"],
                "origin": info["origin"],
                "folder": MetadataValue.path(settings.release_dir),
                "tables": MetadataValue.json(info["tables"]),
                "headline": MetadataValue.md(headline),
            }
        )

    return [staging, marts, release]


def warehouse_gates(settings: Settings) -> list[AssetChecksDefinition]:
    """The gates behind staging and behind the marts."""
    return [
        _gate(settings, STAGING, AssetKey("stg_census__goods")),
        _gate(settings, MARTS, AssetKey("ai_trade_headline")),
    ]


def _gate(settings: Settings, suite: Suite, key: AssetKey) -> AssetChecksDefinition:
    """Blocking checks between two steps; what fails here never reaches a reader."""

    @multi_asset_check(name=f"{suite.name}_gate", specs=check_specs(suite, key, blocking=True), pool=POOL)
    def gate(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        log.info("gate: %s", suite.name)
        with writing_step(context, settings), duckdb.connect(_warehouse(settings), read_only=True) as con:
            result = run_suite(con, suite, {"subject": suite.name}, settings.quality_dir)
        _write_results(settings, f"gate-{suite.name}", result.as_rows())
        for check in result.checks:
            yield to_asset_check_result(check, key)

    return gate


def _release_checks(
    settings: Settings, manifest: dict, about: dict, first_step: set[str]
) -> list[dict[str, str]]:
    """Every check that stands behind this release, as rows of `release_checks`.

    first_step: the nodes of staging. A test is about that step when it reads nothing else, whenever it ran.

    Raises `Failure` unless each of them was made of what is in the warehouse, and none of them failed.
    """
    rows = landing_checks([read_commit(settings.landing_dir / commit) for commit in about["commits"]])
    for suite in (STAGING, MARTS):
        checks = _read_results(settings, f"gate-{suite.name}", about)
        rows += [{"layer": suite.name, **outcome(check)} for check in checks]
    stand = standing(settings, manifest, kept_results(settings))
    if missing := with_result(manifest) - stand.keys():
        raise _not_whole(min(missing))
    of_first_step = to_ask(manifest, {}, first_step)
    rows += [
        {
            "layer": "dbt",
            "subject": "staging" if unique_id in of_first_step else "marts",
            "check_name": unique_id.split(".")[2],
            "status": {"pass": "passed", "warn": "warned"}.get(result["status"], "failed"),
            "message": result["message"] or "",
        }
        for unique_id, result in stand.items()
        if unique_id.startswith("test.")
    ]
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        reasons = " ".join(row["message"] for row in failed)
        raise Failure(f"{len(failed)} checks failed, nothing is published. {reasons}", allow_retries=False)
    return rows


def _write_results(settings: Settings, name: str, results: list[dict]) -> None:
    """Keep the results of a step, with the identity of the build that they speak of."""
    content = {"release_id": _identity(settings)["release_id"], "results": results}
    write_atomically(_results_file(settings, name), json.dumps(content).encode())


def _read_results(settings: Settings, name: str, about: dict) -> list[dict]:
    try:
        content = json.loads(_results_file(settings, name).read_text())
    except FileNotFoundError:
        content = {"release_id": None}
    if content["release_id"] != about["release_id"]:
        raise _not_whole(name)
    return content["results"]


def _not_whole(name: str) -> Failure:
    return Failure(
        f"There are no results of {name} for what is in the warehouse, so it is not published: run the job "
        "'refresh' as a whole.",
        allow_retries=False,
    )


def _identity(settings: Settings) -> dict:
    return json.loads(_identity_file(settings).read_text())


def _identity_file(settings: Settings) -> Path:
    return settings.warehouse_dir / "inputs" / "release.json"


def _results_file(settings: Settings, name: str) -> Path:
    return settings.warehouse_dir / "results" / f"{name}.json"


def _warehouse(settings: Settings) -> str:
    return str(settings.warehouse_file)

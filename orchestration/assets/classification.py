"""The answers of the language model as an asset: off unless configured, and never part of a refresh."""

import logging
from collections.abc import Iterator

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Failure,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)

from data_quality.checks import markdown_table
from orchestration.assets.step import leave_trace
from orchestration.classification.labeller import Outcome, is_configured, label_products
from orchestration.lock import Busy
from orchestration.settings import Settings
from orchestration.sources.model import SourceError

log = logging.getLogger(__name__)

ANSWERS = AssetKey(["language_model", "answers"])
COMPLETE = "every_product_has_a_label"
OFF = (
    "The language-model labeller is off: set AITB_LLM_URL and AITB_LLM_MODEL to use it "
    "(see 'Labelling by a language model' in docs/operations.md). Nothing was asked."
)


def classification_assets(settings: Settings) -> list[AssetsDefinition]:
    """The journal of the language model's answers.

    It has a lock of its own and no place in the pool: a run of many minutes keeps nobody from landing. It is
    not tried again by itself either, because each try would have the whole budget once more.
    """

    # Outputs of a subsettable asset may stay away: what is switched off has nothing to check.
    @multi_asset(
        name="label",
        specs=[
            AssetSpec(
                ANSWERS,
                deps=[AssetKey(["landing", f"{side}_commodities"]) for side in ("import", "export")],
                description="What a language model says of each product: relevance, category, reasons, cost.",
                group_name="classification",
                kinds={"python"},
                skippable=True,
            )
        ],
        check_specs=[
            AssetCheckSpec(
                COMPLETE,
                asset=ANSWERS,
                description="The model answered for every product, as the schema asks, within the budget.",
            )
        ],
        can_subset=True,
    )
    def answers(context: AssetExecutionContext) -> Iterator[MaterializeResult]:
        try:
            if not is_configured(settings):
                log.info(OFF)
                context.log.info(OFF)
                return
            leave_trace(context)
            outcome = label_products(settings)
        except (SourceError, Busy, OSError) as error:
            raise Failure(str(error), allow_retries=False) from None
        yield MaterializeResult(metadata=_metadata(settings, outcome), check_results=[_complete(outcome)])

    return [answers]


def _complete(outcome: Outcome) -> AssetCheckResult:
    """A warning: what has no label is reported, and asked for again by the next run."""
    sentences = []
    if outcome.stopped_by:
        sentences.append(
            f"The run stopped before {outcome.left:,} products were asked for: {outcome.stopped_by}. "
            "Start it again to go on."
        )
    if outcome.unlabelled:
        sentences.append(
            f"{len(outcome.unlabelled):,} products stay unlabelled, because no answer about them was usable. "
            "The next run asks for them again."
        )
    for sentence in sentences:
        log.warning(sentence)
    return AssetCheckResult(
        check_name=COMPLETE,
        passed=not sentences,
        severity=AssetCheckSeverity.WARN,
        description=" ".join(sentences) or None,
        metadata={"unlabelled": len(outcome.unlabelled), "left": outcome.left},
    )


def _metadata(settings: Settings, outcome: Outcome) -> dict[str, MetadataValue | int | float | str]:
    rows = [
        (product.commodity_system, product.commodity_code, product.description, reason)
        for product, reason in outcome.unlabelled.items()
    ]
    unlabelled = pd.DataFrame(rows, columns=["commodity_system", "commodity_code", "description", "reason"])
    return {
        "model": outcome.model,
        "prompt_version": outcome.prompt_version,
        "had_a_label": outcome.known,
        "labelled": outcome.labelled,
        "estimate": str(outcome.estimate),
        "calls": outcome.calls,
        "cost_usd": round(outcome.cost_usd, 6),
        "journal": MetadataValue.path(settings.language_model_dir),
        **({} if unlabelled.empty else {"unlabelled": MetadataValue.md(markdown_table(unlabelled))}),
    }

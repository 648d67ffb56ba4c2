"""Landing and refreshing are jobs of their own, so that a gate never blocks a fetch."""

from dagster import (
    AssetSelection,
    HookContext,
    HookDefinition,
    define_asset_job,
    failure_hook,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.http import post_notice
from orchestration.settings import Settings
from orchestration.sources.model import Grain, Source, SourceError

LANDING_JOBS: dict[Grain, str] = {
    "month": "land_months",
    "year": "land_years",
    "edition": "land_editions",
    "revision": "land_revisions",
    "amendment": "land_amendments",
    "day": "land_days",
    "current": "land_current",
}
REFRESH_JOB = "refresh"
LABEL_JOB = "label_products"


def jobs(settings: Settings, sources: tuple[Source, ...]) -> list[UnresolvedAssetJobDefinition]:
    """A landing job for each kind of partition, the refresh, and the labelling by a language model.

    In process: a step of its own process costs more than most steps do.
    """
    hooks = {_post_failures(settings)}
    landing = [
        define_asset_job(
            name,
            selection=AssetSelection.assets(
                *(["landing", d.name] for source in sources for d in source.datasets if d.grain == grain)
            ),
            description=f"Fetch, check and land every dataset that comes by {grain}.",
            executor_def=in_process_executor,
            hooks=hooks,
        )
        for grain, name in LANDING_JOBS.items()
    ]
    refresh = define_asset_job(
        REFRESH_JOB,
        selection=AssetSelection.all() - AssetSelection.groups("landing", "classification"),
        description="dbt staging, gate, dbt marts, gate, publish. Nothing is published unless all pass.",
        executor_def=in_process_executor,
        hooks=hooks,
    )
    label = define_asset_job(
        LABEL_JOB,
        selection=AssetSelection.groups("classification"),
        description="Ask the language model about products that are new or have changed. Costs money.",
        executor_def=in_process_executor,
        hooks=hooks,
    )
    return [*landing, refresh, label]


def _post_failures(settings: Settings) -> HookDefinition:
    @failure_hook(name="post_failure_to_webhook")
    def post(context: HookContext) -> None:
        if settings.failure_webhook_url is None:
            return
        # A retry that is not granted says nothing itself; what it was asked for does.
        error = context.op_exception
        reason = (error and error.__cause__) or error
        text = f"{context.job_name}: {context.op.name} failed in run {context.run_id}. {reason}"
        try:
            post_notice(settings.failure_webhook_url.get_secret_value(), text)
        except SourceError as error:
            context.log.error(str(error))

    return post

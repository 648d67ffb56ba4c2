"""Labels products with a language model: what is new or has changed, within a budget, after any kill.

Each call carries a batch of descriptions, and its answers go to the journal before anything else happens with
them. A batch whose answer is unusable is asked again in halves; a product whose own answer is not believed is
asked again alone; what fails alone as well stays unlabelled, with the reason, until the next run.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from orchestration.classification.endpoint import (
    CHARACTERS_PER_TOKEN,
    Budget,
    BudgetSpent,
    Endpoint,
    Reply,
    price,
)
from orchestration.classification.journal import Journal
from orchestration.classification.prompt import CONTROLS, Label, Product, Prompt, Unusable, load_prompt
from orchestration.landing import selected
from orchestration.lock import writing
from orchestration.settings import Settings
from orchestration.sources.model import Refused, SourceError

log = logging.getLogger(__name__)

COMMODITIES = "commodities"

# Tokens of one entry of an answer: what it takes on average, most products being Low, and what it may take.
TOKENS_PER_ENTRY = 55
MOST_TOKENS_PER_ENTRY = 160
# Descriptions are capitals, digits and abbreviations, which take more tokens than the prose of the rule.
ESTIMATE_MAY_BE_TIMES = 1.5


@dataclass(frozen=True)
class Batch:
    """Products of one call. again: whether they were asked before, so that this is their last chance."""

    products: tuple[Product, ...]
    again: bool = False

    @property
    def most_tokens_out(self) -> int:
        return MOST_TOKENS_PER_ENTRY * (len(self.products) + len(CONTROLS))


@dataclass(frozen=True)
class Estimate:
    """What a run will cost, if nothing has to be asked twice."""

    products: int
    calls: int
    tokens_in: int
    tokens_out: int
    usd: float

    @property
    def wise_budget_usd(self) -> float:
        """Enough even if the estimate is as far off as it may be, in whole cents."""
        return math.ceil(self.usd * ESTIMATE_MAY_BE_TIMES * 100) / 100

    def __str__(self) -> str:
        return (
            f"{self.products:,} products in {self.calls:,} calls, {self.tokens_in:,} tokens in and "
            f"{self.tokens_out:,} out: about ${self.usd:.4f} (tokens are taken as characters ÷ "
            f"{CHARACTERS_PER_TOKEN}; up to ${self.wise_budget_usd:.2f} would be no surprise)"
        )


@dataclass
class Outcome:
    """What a run did. Numbers are of products; unlabelled gives the reasons, left is what was not asked."""

    model: str
    prompt_version: str
    known: int
    estimate: Estimate
    labelled: int = 0
    unlabelled: dict[Product, str] = field(default_factory=dict)
    left: int = 0
    stopped_by: str | None = None
    calls: int = 0
    cost_usd: float = 0.0


def is_configured(settings: Settings) -> bool:
    """Whether there is a model to ask. Raises `Refused` when only half of it is set."""
    if settings.llm_url is None and settings.llm_model is None:
        return False
    needed = {
        "AITB_LLM_URL": settings.llm_url,
        "AITB_LLM_MODEL": settings.llm_model,
        "AITB_LLM_USD_PER_MILLION_INPUT_TOKENS": settings.llm_usd_per_million_input_tokens,
        "AITB_LLM_USD_PER_MILLION_OUTPUT_TOKENS": settings.llm_usd_per_million_output_tokens,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise Refused(
            f"The language model is set up by half: set {' and '.join(missing)} as well. Prices are those "
            "of the model's list, or 0 for a server of your own."
        )
    return True


def label_products(
    settings: Settings,
    make_endpoint: Callable[[Settings, Budget, dict], Endpoint] = Endpoint,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Label what the journal has no label for, with the model and the prompt as they are.

    Raises `Refused` when the budget does not cover the estimate or the endpoint will not have us,
    `Unavailable` when it does not answer, `Busy` when another process labels, and `NotWritten` when the disk
    is full. Whatever was answered until then is in the journal.
    """
    prompt = load_prompt()
    journal = Journal(settings.language_model_dir)
    with writing(journal.folder, "the language-model labeller"):
        journal.cut_torn_line()
        products = landed_products(settings)
        open_products = _without_label(products, settings, prompt, journal)
        batches = _batches(open_products, settings.llm_batch)
        budget = Budget(settings.llm_budget_usd, settings.llm_budget_calls)
        with make_endpoint(settings, budget, prompt.schema) as endpoint:
            estimate = _estimate(settings, prompt, endpoint, batches)
            outcome = Outcome(
                settings.llm_model, prompt.version, len(products) - len(open_products), estimate
            )
            outcome.left = len(open_products)
            if not batches:
                log.info("language model: nothing new, %d products have their label", len(products))
                return outcome
            log.info("language model %s: %s", settings.llm_model, estimate)
            if estimate.usd > settings.llm_budget_usd:
                raise Refused(
                    f"Nothing was asked yet. {estimate}. If that is what you want to spend, set "
                    f"AITB_LLM_BUDGET_USD to {estimate.wise_budget_usd:.2f} (it is "
                    f"{settings.llm_budget_usd:.2f}) and start again."
                )
            run = _Run(settings, prompt, journal, endpoint, outcome, now)
            try:
                run.work(batches)
            finally:
                outcome.calls, outcome.cost_usd = budget.calls_made, budget.spent_usd
    return outcome


def landed_products(settings: Settings) -> list[Product]:
    """Every code of the landed commodity lists with its description in the newest edition, in order."""
    paths = [
        str(item.folder / f"{COMMODITIES}.parquet")
        for item in selected(settings)
        if COMMODITIES in item.tables
    ]
    if not paths:
        raise Refused(
            "No commodity list is landed, so there is nothing to label: run the pipeline first (make run)."
        )
    with duckdb.connect(config={"threads": 2}) as con:
        rows = con.execute(
            """
            select commodity_system, commodity_code, description, naics_code
            from read_parquet(?)
            where description is not null
            qualify row_number() over (
                partition by commodity_system, commodity_code order by edition_year desc
            ) = 1
            order by commodity_system, commodity_code
            """,
            [paths],
        ).fetchall()
    return [Product(*row) for row in rows]


def _without_label(
    products: Sequence[Product], settings: Settings, prompt: Prompt, journal: Journal
) -> list[Product]:
    labelled = {
        (line["commodity_system"], line["commodity_code"], line["description_sha256"])
        for line in journal.lines()
        if line["relevance"] is not None
        and line["model"] == settings.llm_model
        and line["prompt_version"] == prompt.version
    }
    return [
        product
        for product in products
        if (product.commodity_system, product.commodity_code, product.description_sha256) not in labelled
    ]


def _batches(products: Sequence[Product], size: int) -> list[Batch]:
    """Batches of one code system each: a code is the id of its product within a call."""
    batches = []
    for system in sorted({product.commodity_system for product in products}):
        of_system = tuple(product for product in products if product.commodity_system == system)
        batches += [Batch(of_system[at : at + size]) for at in range(0, len(of_system), size)]
    return batches


def _estimate(settings: Settings, prompt: Prompt, endpoint: Endpoint, batches: Sequence[Batch]) -> Estimate:
    """Of as many calls as may be made: who allows five tries the model out on five."""
    asked = batches[: settings.llm_budget_calls]
    characters = sum(
        len(endpoint.body(prompt.messages(batch.products), batch.most_tokens_out)) for batch in asked
    )
    entries = sum(len(batch.products) + len(CONTROLS) for batch in asked)
    tokens_in, tokens_out = characters // CHARACTERS_PER_TOKEN, entries * TOKENS_PER_ENTRY
    return Estimate(
        products=sum(len(batch.products) for batch in asked),
        calls=len(asked),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        usd=price(settings, tokens_in, tokens_out),
    )


@dataclass
class _Run:
    """One run at work. Threads only ask; journal, queue and outcome belong to the one that started them."""

    settings: Settings
    prompt: Prompt
    journal: Journal
    endpoint: Endpoint
    outcome: Outcome
    now: Callable[[], datetime]

    def work(self, batches: Sequence[Batch]) -> None:
        """Ask until nothing is left, the budget is, or the endpoint gives a reason to stop.

        What is under way when the run stops has been paid for, so it is waited for and kept.
        """
        waiting = deque(batches)
        # With each batch goes whether it set out alone, so that no other call held back a part of the budget.
        flying: dict[Future[Reply], tuple[Batch, bool]] = {}
        at_once = self.settings.llm_concurrency
        failure: Exception | None = None
        total = self.outcome.left
        with ThreadPoolExecutor(self.settings.llm_concurrency) as pool:
            while waiting or flying:
                while waiting and len(flying) < at_once:
                    batch = waiting.popleft()
                    flying[pool.submit(self._ask, batch)] = (batch, not flying)
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    batch, was_alone = flying.pop(future)
                    try:
                        waiting += self._keep(batch, future.result())
                    except BudgetSpent as spent:
                        waiting.appendleft(batch)
                        if was_alone:
                            self.outcome.stopped_by = str(spent)
                            waiting.clear()
                        # Calls side by side reserve more than they cost: near the end go on one by one.
                        at_once = 1
                    except (SourceError, OSError) as error:
                        failure = failure or error
                        waiting.clear()
                    else:
                        self._say_progress(total)
                if failure is not None:
                    waiting.clear()
        if failure is not None:
            raise failure

    def _ask(self, batch: Batch) -> Reply:
        return self.endpoint.ask(self.prompt.messages(batch.products), batch.most_tokens_out)

    def _keep(self, batch: Batch, reply: Reply) -> list[Batch]:
        """Write down what a call gave; give the batches to ask again."""
        problem, labels, problems = reply.problem, {}, {}
        if problem is None:
            try:
                labels, problems = self.prompt.read(batch.products, reply.content)
            except Unusable as unusable:
                problem = str(unusable)
        if problem is not None:
            problems = {product.commodity_code: problem for product in batch.products}
        self.journal.append(self._lines(batch.products, reply, labels, problems))
        self.outcome.labelled += len(labels)
        self.outcome.left -= len(labels)
        refused = tuple(product for product in batch.products if product.commodity_code in problems)
        if batch.again or not refused:
            for product in refused:
                self.outcome.unlabelled[product] = problems[product.commodity_code]
                self.outcome.left -= 1
            return []
        if problem is None or len(refused) == 1:
            return [Batch((product,), again=True) for product in refused]
        middle = len(refused) // 2
        return [Batch(half, again=len(half) == 1) for half in (refused[:middle], refused[middle:])]

    def _lines(
        self, products: Sequence[Product], reply: Reply, labels: dict[str, Label], problems: dict[str, str]
    ) -> list[dict]:
        """A line for each product, with its even share of what the call took."""
        answered_at = self.now().isoformat(timespec="seconds")
        lines = []
        for at, product in enumerate(products):
            label = labels.get(product.commodity_code)
            lines.append(
                {
                    "model": self.settings.llm_model,
                    "model_answered": reply.model,
                    "prompt_version": self.prompt.version,
                    "commodity_system": product.commodity_system,
                    "commodity_code": product.commodity_code,
                    "description": product.description,
                    "description_sha256": product.description_sha256,
                    "relevance": label and label.relevance,
                    "confidence": label and label.confidence,
                    "category": label and label.category,
                    "specific_use": label and self.endpoint.without_key(label.specific_use),
                    "reasoning": label and self.endpoint.without_key(label.reasoning),
                    "not_believed": problems.get(product.commodity_code),
                    "tokens_in": _share(reply.tokens_in, at, len(products)),
                    "tokens_out": _share(reply.tokens_out, at, len(products)),
                    "tokens_estimated": reply.tokens_estimated,
                    "cost_usd": round(reply.cost_usd / len(products), 9),
                    "answered_at": answered_at,
                }
            )
        return lines

    def _say_progress(self, total: int) -> None:
        log.info(
            "language model: %s of %s products labelled, %d without a label, $%.4f so far",
            f"{self.outcome.labelled:,}",
            f"{total:,}",
            len(self.outcome.unlabelled),
            self.endpoint.spent_usd,
        )


def _share(tokens: int, at: int, parts: int) -> int:
    """Whole tokens that add up: the first products carry the remainder."""
    return tokens // parts + (at < tokens % parts)

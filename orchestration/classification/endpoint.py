"""An OpenAI-compatible endpoint: one call at a time, within a budget, and without ever showing the key.

`POST <base address>/chat/completions` with two messages (https://platform.openai.com/docs/api-reference/chat),
which hosted services and local servers understand alike. Servers differ in which options they take; an option
that one refuses is replaced by the next simpler one, for this call and all that follow.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from orchestration.http import ATTEMPTS, retry_after, seconds_to_wait
from orchestration.settings import Settings
from orchestration.sources.model import KeyRefused, Refused, Unavailable

log = logging.getLogger(__name__)

# A long answer takes a slow local model minutes.
TIMEOUT = httpx.Timeout(300.0, connect=20.0)
CHARACTERS_PER_TOKEN = 4
# Capitals and digits take more tokens than prose; nothing that we send takes more than this.
LEAST_CHARACTERS_PER_TOKEN = 2
LONGEST_QUOTE = 300


class BudgetSpent(Exception):
    """The next call might cost more than what is left; the message says which budget and how to go on."""


@dataclass
class Budget:
    """What a run may spend, in dollars and in calls. Calls side by side reserve their share beforehand."""

    usd: float
    calls: int
    spent_usd: float = 0.0
    calls_made: int = 0
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def call(self, most_usd: float) -> Iterator["Bill"]:
        """The right to make one call that costs `most_usd` at most, which is also what it costs unless the
        bill says otherwise: who gives no answer may have worked all the same.

        Raises `BudgetSpent`, and then nothing is spent.
        """
        with self._lock:
            if self.calls_made >= self.calls:
                raise BudgetSpent(f"{self.calls:,} calls were made (AITB_LLM_BUDGET_CALLS)")
            # A billionth of a dollar is what sums of fractions may be off.
            if self.spent_usd + self._reserved + most_usd > self.usd + 1e-9:
                raise BudgetSpent(
                    f"${self.spent_usd:.2f} are spent, and another call may cost ${most_usd:.4f}, which "
                    f"could exceed ${self.usd:.2f} (AITB_LLM_BUDGET_USD)"
                )
            self.calls_made += 1
            self._reserved += most_usd
        bill = Bill(most_usd)
        try:
            yield bill
        finally:
            with self._lock:
                self._reserved -= most_usd
                self.spent_usd += bill.usd


@dataclass
class Bill:
    """What one call costs, as far as is known."""

    usd: float


@dataclass(frozen=True)
class Reply:
    """What the model answered and what it cost. `content` is None when `problem` says why there is none.

    tokens_estimated: whether the server gave no count, so that tokens are a quarter of the characters.
    """

    content: str | None
    problem: str | None
    model: str
    tokens_in: int
    tokens_out: int
    tokens_estimated: bool
    cost_usd: float


class Endpoint:
    """Asks the endpoint of the settings; may be used by several threads. `sleep` and `clock` are seams."""

    def __init__(
        self,
        settings: Settings,
        budget: Budget,
        schema: dict,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        timeout: httpx.Timeout = TIMEOUT,
    ):
        self._settings = settings
        self._budget = budget
        self._sleep = sleep
        self._clock = clock
        self._next_start = float("-inf")
        self._lock = threading.Lock()
        self._longest_answer = "max_tokens"
        self._options = {
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "labels", "strict": True, "schema": schema},
            },
        }
        key = settings.llm_api_key
        headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}".encode()}
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": b"ai-trade-balance", **headers},
        )

    def __enter__(self) -> "Endpoint":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, messages: Sequence[dict[str, str]], most_tokens_out: int) -> Reply:
        """The model's answer, after as many tries as it takes; an answer without content is one too.

        Raises `BudgetSpent` before a try that might exceed the budget, `Refused` when asking again is no use,
        and `Unavailable` when the tries are used up.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(ATTEMPTS),
            wait=seconds_to_wait,
            sleep=self._sleep,
            before_sleep=lambda state: log.warning("%s; trying again", state.outcome.exception()),
            reraise=True,
        )
        try:
            return retrying(self._ask_in_its_words, messages, most_tokens_out)
        except Unavailable as error:
            error.args = (
                f"{error}, tried {ATTEMPTS} times. What is labelled is kept; look whether the service "
                "is up, and start again.",
            )
            raise

    def most_usd(self, messages: Sequence[dict[str, str]], most_tokens_out: int) -> float:
        """What a call can cost at most."""
        return price(
            self._settings,
            len(self.body(messages, most_tokens_out)) // LEAST_CHARACTERS_PER_TOKEN,
            most_tokens_out,
        )

    @property
    def spent_usd(self) -> float:
        return self._budget.spent_usd

    def body(self, messages: Sequence[dict[str, str]], most_tokens_out: int) -> bytes:
        """The request as it would be sent now."""
        with self._lock:
            options = {**self._options, self._longest_answer: most_tokens_out}
        return json.dumps({"model": self._settings.llm_model, "messages": messages, **options}).encode()

    def _ask_in_its_words(self, messages: Sequence[dict[str, str]], most_tokens_out: int) -> Reply:
        """One answer; a question that is refused for an option is put again without it."""
        while True:
            body = self.body(messages, most_tokens_out)
            response = self._post(body, self.most_usd(messages, most_tokens_out))
            if not isinstance(response, httpx.Response):
                return response
            if not self._give_way(body, response.text):
                raise Refused(
                    f"The language model refused the request ({response.status_code}): "
                    f"{self._quote(response)}. If it is too long for the model, lower AITB_LLM_BATCH."
                )

    def _post(self, body: bytes, most_usd: float) -> Reply | httpx.Response:
        """The reply to one request; the bare response when the server does not take it (400, 422)."""
        url = f"{self._settings.llm_url.rstrip('/')}/chat/completions"
        with self._budget.call(most_usd) as bill:
            self._be_polite()
            try:
                response = self._http.post(url, content=body, headers={"Content-Type": "application/json"})
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                bill.usd = 0
                raise Unavailable(f"{self._host} cannot be reached ({type(error).__name__})") from None
            except httpx.TimeoutException:
                raise Unavailable(f"{self._host} did not answer in time") from None
            except httpx.RequestError as error:
                raise Unavailable(f"{self._host}: {type(error).__name__}") from None
            if response.status_code != 200:
                bill.usd = 0
                if response.status_code in (400, 422):
                    return response
                raise self._refusal(response)
            reply = self._reply(body, response)
            bill.usd = reply.cost_usd
            return reply

    def _refusal(self, response: httpx.Response) -> Exception:
        status, quote = response.status_code, self._quote(response)
        if status == 429 or status >= 500:
            wait = retry_after(response.headers.get("Retry-After"))
            return Unavailable(f"{self._host} answered {status}: {quote}", retry_after=wait)
        if status in (401, 403):
            return KeyRefused(
                f"{self._host} did not accept the key ({status}): {quote}. Check AITB_LLM_API_KEY."
            )
        if status == 402:
            return Refused(f"{self._host} wants to be paid first (402): {quote}. Look at the account.")
        return Refused(
            f"{self._host} has no such address or model ({status}): {quote}. Check AITB_LLM_URL, which ends "
            "in /v1 with most servers, and AITB_LLM_MODEL."
        )

    def _give_way(self, body: bytes, said: str) -> bool:
        """Leave out the option that a server complains of; False when it is none that we could do without.

        Another thread may have done so already, for a request that was under way.
        """
        sent = json.loads(body)
        with self._lock:
            if "max_completion_tokens" in said and "max_tokens" in sent:
                self._longest_answer = "max_completion_tokens"
            elif "temperature" in said and "temperature" in sent:
                self._options.pop("temperature", None)
            elif "response_format" in sent and ("response_format" in said or "schema" in said):
                if sent["response_format"]["type"] == "json_schema":
                    self._options["response_format"] = {"type": "json_object"}
                else:
                    self._options.pop("response_format", None)
            else:
                return False
            log.info("the language model's server refused an option; going on with %s", self._named_options())
        return True

    def _named_options(self) -> str:
        chosen = self._options.get("response_format", {}).get("type", "no response format")
        return f"{chosen}, {self._longest_answer}" + (
            ", temperature" if "temperature" in self._options else ""
        )

    def _reply(self, body: bytes, response: httpx.Response) -> Reply:
        try:
            answer = response.json()
            choice = answer["choices"][0]
            content, refusal = choice["message"].get("content"), choice["message"].get("refusal")
            reason = choice.get("finish_reason")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise Unavailable(f"{self._host} answered with something else than a completion") from None
        usage = answer.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        tokens_in, tokens_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
        estimated = not isinstance(tokens_in, int) or not isinstance(tokens_out, int)
        if estimated:
            tokens_in = len(body) // CHARACTERS_PER_TOKEN
            tokens_out = len(content or "") // CHARACTERS_PER_TOKEN
        problem = None
        if refusal:
            problem = "the model refused to answer"
        elif reason == "length":
            problem = "the answer was cut off at its longest length"
        elif reason == "content_filter":
            problem = "the service withheld the answer"
        elif not isinstance(content, str) or not content.strip():
            problem = "the answer is empty"
        return Reply(
            content=None if problem else content,
            problem=problem,
            model=self.without_key(str(answer.get("model") or "")),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_estimated=estimated,
            cost_usd=price(self._settings, tokens_in, tokens_out),
        )

    def _be_polite(self) -> None:
        """Wait for the turn of this call: calls begin evenly spread over the minute."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next_start)
            self._next_start = start + 60 / self._settings.llm_requests_per_minute
        if start > now:
            self._sleep(start - now)

    @property
    def _host(self) -> str:
        return f"The language model at {httpx.URL(self._settings.llm_url).host}"

    def _quote(self, response: httpx.Response) -> str:
        """The server's own words, in one line and without our key."""
        text = response.text
        with suppress(ValueError, KeyError, TypeError):
            text = response.json()["error"]["message"]
        return self.without_key(" ".join(str(text).split()))[:LONGEST_QUOTE].rstrip(".") or "no reason given"

    def without_key(self, text: str) -> str:
        """A text of the server as it may be kept and shown."""
        key = self._settings.llm_api_key
        return text if key is None else text.replace(key.get_secret_value(), "***")


def price(settings: Settings, tokens_in: int, tokens_out: int) -> float:
    """Dollars at the prices of the settings."""
    return (
        tokens_in * settings.llm_usd_per_million_input_tokens
        + tokens_out * settings.llm_usd_per_million_output_tokens
    ) / 1e6

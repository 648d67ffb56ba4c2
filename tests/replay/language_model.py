"""A local server that speaks the protocol of OpenAI-compatible endpoints, with a model that never hesitates.

    with LanguageModel(key="k", faults=[Fault(status(429))]) as server:
        label_products(settings with llm_url=server.url)
        assert server.calls[0].codes ...

Its labels follow from the first digits of a code (`label_of`), so that a test knows them. Faults are those of
`faults.py`, on the wire or in place of an answer, and those below, which spoil what the model says.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http.server import ThreadingHTTPServer

from tests.replay.answer import Answer
from tests.replay.faults import Fault, Misbehave
from tests.replay.server import handler

MODEL = "small-model-1.0"
PATH = "/v1/chat/completions"
# What a call is said to have taken, so that tests can reckon: per message and per product.
TOKENS_IN, TOKENS_IN_PER_PRODUCT, TOKENS_OUT_PER_PRODUCT = 1_000, 40, 50


@dataclass(frozen=True)
class Call:
    """A request as it came. codes: the ids of the products in it, the controls among them."""

    headers: Mapping[str, str]
    body: dict = field(repr=False)

    @property
    def products(self) -> list[dict[str, str]]:
        return json.loads(self.body["messages"][-1]["content"])

    @property
    def codes(self) -> list[str]:
        return [product["id"] for product in self.products]


def label_of(code: str) -> dict[str, object]:
    """What the model says of a code: compute and power are High, steel is Medium, the rest is Low."""
    relevance, category, use = {
        "84": ("High", "Compute_Hardware", "AI servers"),
        "85": ("High", "Electrical_Power", "Power supply"),
        "73": ("Medium", "Building_Structure", "Frames of the building"),
    }.get(code[:2], ("Low", "Not_DC_Related", ""))
    return {
        "id": code,
        "relevance": relevance,
        "confidence": 60 + int(code[3]),
        "category": category,
        "specific_use": use,
        "reasoning": f"Heading {code[:4]}",
    }


class LanguageModel:
    """A server on 127.0.0.1 while the `with` block runs. `faults` may be changed at any time.

    unknown:  options that the server does not take, each with what it says of it (with status 400); the two
        response formats go by their types.
    gullible: whether the model does what a description tells it: whoever writes 'ignore all rules' into one
        has every product labelled High.
    """

    def __init__(self, key: str | None = None, faults: Iterable[Fault] = (), gullible: bool = False):
        self.key = key
        self.unknown: dict[str, str] = {}
        self.faults = list(faults)
        self.gullible = gullible
        self.calls: list[Call] = []
        self.closing = False
        self._lock = threading.Lock()

    def __enter__(self) -> "LanguageModel":
        # Stalled connections wait on `closed`, which becomes readable when the other end is shut.
        self._close, self.closed = socket.socketpair()
        model = self

        class Handler(handler(self)):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.deliver(model.reply(self.path, dict(self.headers), json.loads(body)))

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing = True
        self._close.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, path: str, params: object) -> Answer:
        """Nothing here is asked by GET."""
        return error(405, "Use POST.")

    def reply(self, path: str, headers: Mapping[str, str], body: dict) -> Answer:
        """What is sent for a request: the right answer, or what a planned fault makes of it."""
        call = Call(headers, body)
        with self._lock:
            self.calls.append(call)
            acts = [
                fault.act for fault in self.faults if fault.applies(path, [("code", c) for c in call.codes])
            ]
        if path != PATH:
            return error(404, "Invalid URL")
        if self.key is not None and headers.get("Authorization") != f"Bearer {self.key}":
            return error(401, f"Incorrect API key provided: {headers.get('Authorization')}.")
        for option in (*body, body.get("response_format", {}).get("type")):
            if option in self.unknown:
                return error(400, self.unknown[option])
        answer = completion(self._labels(call), call)
        for act in acts:
            answer = act(answer)
        return answer

    def _labels(self, call: Call) -> list[dict[str, object]]:
        labels = [label_of(code) for code in call.codes]
        if self.gullible and any("IGNORE ALL RULES" in product["description"] for product in call.products):
            return [{**label, "relevance": "High", "category": "Compute_Hardware"} for label in labels]
        return labels


def completion(labels: list[dict[str, object]], call: Call) -> Answer:
    products = len(call.codes)
    content = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": f"{call.body['model']}-2026-01-01",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": json.dumps({"labels": labels})},
            }
        ],
        "usage": {
            "prompt_tokens": TOKENS_IN + TOKENS_IN_PER_PRODUCT * products,
            "completion_tokens": TOKENS_OUT_PER_PRODUCT * products,
        },
    }
    return Answer(200, "application/json", json.dumps(content).encode())


def error(code: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"error": {"message": message, "type": "invalid_request_error"}}
    return Answer(code, "application/json", json.dumps(body).encode(), dict(headers or {}))


def says(change: Callable[[str], str | None], finish_reason: str = "stop") -> Misbehave:
    """Another text in place of what the model said."""

    def act(choice: dict) -> None:
        choice["message"]["content"] = change(choice["message"]["content"])
        choice["finish_reason"] = finish_reason

    return _choice(act)


def labels(change: Callable[[list[dict]], list[dict]]) -> Misbehave:
    """Other labels in place of the right ones."""
    return says(lambda content: json.dumps({"labels": change(json.loads(content)["labels"])}))


def label(code: str, **fields: object) -> Misbehave:
    """Other fields in the label of one code; one that is None is left out."""

    def change(entry: dict) -> dict:
        merged = {**entry, **fields} if entry["id"] == code else entry
        return {name: value for name, value in merged.items() if value is not None}

    return labels(lambda entries: [change(entry) for entry in entries])


def refusal(answer: Answer) -> Answer:
    """The model would rather not."""

    def act(choice: dict) -> None:
        choice["message"] |= {"content": None, "refusal": "I can't help with that."}

    return _choice(act)(answer)


def with_usage(usage: object) -> Misbehave:
    """A server that does not count, or does it in its own way."""

    def act(answer: Answer) -> Answer:
        content = json.loads(answer.body) | {"usage": usage}
        return replace(answer, body=json.dumps(content).encode())

    return act


def _choice(change: Callable[[dict], None]) -> Misbehave:
    def act(answer: Answer) -> Answer:
        content = json.loads(answer.body)
        change(content["choices"][0])
        return replace(answer, body=json.dumps(content).encode())

    return act

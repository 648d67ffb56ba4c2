"""What a language model is asked about products, and what of its answer is believed.

The instructions are in `prompt.md`; the categories come from the seed `ai_category`. Descriptions are data:
they are sent as JSON strings in a message of their own, and an answer counts only for the product whose id it
carries. Two control products whose label is beyond doubt go along with each call: an answer that gets them
wrong was led astray, by a text among the descriptions for example, and nothing of it is believed.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from orchestration.settings import SEEDS

INSTRUCTIONS = Path(__file__).with_name("prompt.md")
CATEGORIES = SEEDS / "ai_category.csv"
UNRELATED = "Not_DC_Related"
LONGEST_TEXT = 300


class Unusable(Exception):
    """An answer of which nothing can be believed; the message says why."""


@dataclass(frozen=True)
class Product:
    """A code and its description; `naics_code` is None where the list gives none."""

    commodity_system: str
    commodity_code: str
    description: str
    naics_code: str | None = None

    @cached_property
    def description_sha256(self) -> str:
        return hashlib.sha256(self.description.encode()).hexdigest()


# Codes that no tariff has, so that they never meet a product that is asked for.
CONTROLS = {
    Product("", "0104990099", "LIVE GOATS, PUREBRED, FOR BREEDING", "112420"): "Low",
    Product("", "8471990099", "SERVERS WITH GRAPHICS PROCESSORS, FOR DATA CENTERS", "334111"): "High",
}


def _between_0_and_100(value: int) -> int:
    if not 0 <= value <= 100:
        raise ValueError("is not between 0 and 100")
    return value


def _short(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    return value


class Label(BaseModel):
    """One entry of an answer. Bounds are checked here and not in the schema: not every server knows them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    relevance: Literal["High", "Medium", "Low"]
    confidence: Annotated[int, AfterValidator(_between_0_and_100)]
    category: str
    specific_use: Annotated[str, AfterValidator(_short)]
    reasoning: Annotated[str, AfterValidator(_short)]


@dataclass(frozen=True)
class Prompt:
    """The instructions with the categories in them, and the JSON schema of an answer."""

    instructions: str
    categories: tuple[str, ...]

    @cached_property
    def schema(self) -> dict:
        entry = Label.model_json_schema()
        entry["properties"]["category"]["enum"] = list(self.categories)
        return {
            "type": "object",
            "properties": {"labels": {"type": "array", "items": entry}},
            "required": ["labels"],
            "additionalProperties": False,
        }

    @cached_property
    def version(self) -> str:
        """A hash of all that decides a label apart from the product: whoever changes it asks anew."""
        controls = [_as_asked(control) for control in CONTROLS]
        content = json.dumps([self.instructions, self.schema, controls], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def messages(self, products: Sequence[Product]) -> list[dict[str, str]]:
        """The two messages of a call: our rules, and the products with the controls among them as data."""
        asked = sorted([*products, *CONTROLS], key=lambda product: product.commodity_code)
        data = json.dumps([_as_asked(product) for product in asked], separators=(",", ":"))
        return [{"role": "system", "content": self.instructions}, {"role": "user", "content": data}]

    def read(self, products: Sequence[Product], content: str) -> tuple[dict[str, Label], dict[str, str]]:
        """Labels that are believed and reasons why others are not, both by commodity code.

        Raises `Unusable` when the answer as a whole is not JSON, lacks its list or fails the controls.
        """
        entries = _entries(content)
        ids = Counter(entry.get("id") for entry in entries if isinstance(entry.get("id"), str))
        labels, problems = {}, {}
        by_id = {entry["id"]: entry for entry in entries if isinstance(entry.get("id"), str)}
        for product in (*products, *CONTROLS):
            code = product.commodity_code
            if ids[code] != 1:
                problems[code] = "answered more than once" if ids[code] else "not answered"
                continue
            try:
                labels[code] = self._label(by_id[code])
            except ValueError as error:
                problems[code] = str(error)
        for control, relevance in CONTROLS.items():
            label = labels.pop(control.commodity_code, None)
            if problems.pop(control.commodity_code, None) or label.relevance != relevance:
                raise Unusable(
                    "a control product did not get its label: a description may hold an instruction, or the "
                    "model is too weak"
                )
        return labels, problems

    def _label(self, entry: dict) -> Label:
        try:
            label = Label.model_validate(entry)
        except ValidationError as error:
            # Without the value: it is not ours, and may be of any length.
            first = error.errors(include_input=False, include_url=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        if label.category not in self.categories:
            raise ValueError("category: is none of the categories")
        if label.category == UNRELATED and label.relevance != "Low":
            raise ValueError(f"category: {UNRELATED} contradicts relevance {label.relevance}")
        return label


def load_prompt() -> Prompt:
    """The prompt as it stands in the repository."""
    with CATEGORIES.open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = "\n".join(f"  - {row['category']}: {row['description']}" for row in rows)
    instructions = INSTRUCTIONS.read_text().replace("{categories}", listed)
    return Prompt(instructions, tuple(row["category"] for row in rows))


def _as_asked(product: Product) -> dict[str, str]:
    asked = {"id": product.commodity_code, "description": product.description}
    return asked if product.naics_code is None else {**asked, "naics": product.naics_code}


def _entries(content: str) -> list[dict]:
    """The entries of an answer; words and fences around the one JSON object are left aside."""
    try:
        answer = json.loads(content[content.index("{") : content.rindex("}") + 1])
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON") from None
    entries = answer.get("labels")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unusable("the answer has no list of labels")
    return entries

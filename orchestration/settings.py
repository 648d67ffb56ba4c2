"""One typed settings object, read from the AITB_* environment variables.

Nothing else in the repository reads the environment, and every path that leaves here is absolute.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[1]
DBT_PROJECT = REPOSITORY / "dbt_project"
SEEDS = DBT_PROJECT / "seeds"
SHIPPED_ARCHIVE = REPOSITORY / "sample" / "archive"


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("there is no user of that name, or no home directory: write the path out") from None


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """What an operator can set. The defaults are those of `make run`: the sample, without a network."""

    # An error never shows what was given: it may be a key, or an address with one in it.
    model_config = SettingsConfigDict(
        env_prefix="AITB_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: AbsolutePath = REPOSITORY / "data" / "sample"
    archive_dir: AbsolutePath = Field(default_factory=lambda given: _default_archive(given["data_dir"]))
    publish_dir: AbsolutePath = Field(default_factory=lambda given: given["data_dir"] / "published")

    fetch: Literal["never", "missing", "always"] = "never"
    as_of: datetime | None = None

    census_api_key: SecretStr | None = None
    census_url: str = "https://api.census.gov/data"
    census_schedules_url: str = "https://www.census.gov/foreign-trade/schedules"

    # The service of the tariff schedule, or a folder with revisions of it.
    hts_url: str = "https://hts.usitc.gov/reststop"
    federal_register_url: str = "https://www.federalregister.gov/api/v1"

    # Export controls. Each may be the path of a folder with a file for each day.
    csl_url: str = "https://data.trade.gov/downloadable_consolidated_screening_list/v1"
    ecfr_url: str = "https://www.ecfr.gov/api/versioner/v1"
    # The Common High Priority List and pairs of control number and tariff code: a path, or an address.
    chpl_list: str | None = str(REPOSITORY / "sample" / "lists" / "common_high_priority_list_2024.csv")
    eccn_pairs: str | None = None
    # Names of your own to hold against the screening list: a path, or an address.
    parties: str | None = None
    # What partners report of their own trade: the service of UN Comtrade with a key, or a prepared table.
    comtrade_url: str | None = None
    comtrade_api_key: SecretStr | None = None
    partner_trade: str | None = None

    # The language-model labeller is off unless address and model are set. Without prices it refuses to begin,
    # and with them it begins only when the budget covers what it has estimated.
    llm_url: str | None = None
    llm_model: str | None = None
    llm_api_key: SecretStr | None = None
    llm_usd_per_million_input_tokens: float | None = Field(None, ge=0)
    llm_usd_per_million_output_tokens: float | None = Field(None, ge=0)
    llm_budget_usd: float = Field(0, ge=0)
    llm_budget_calls: int = Field(2_000, ge=1)
    llm_batch: int = Field(40, ge=1, le=200)
    llm_concurrency: int = Field(4, ge=1, le=64)
    llm_requests_per_minute: float = Field(60, gt=0)

    # Label lists: a path, or an address.
    waugh_labels: str | None = None
    waugh_export_labels: str | None = None
    wto_list: str | None = str(REPOSITORY / "sample" / "lists" / "wto_ai_enabling_goods_2025.csv")
    user_labels: str | None = None

    failure_webhook_url: SecretStr | None = None

    @field_validator("census_url", "census_schedules_url", "federal_register_url", "comtrade_url", "llm_url")
    @classmethod
    def _a_plain_address(cls, value: str | None, field: ValidationInfo) -> str | None:
        if value is None:
            return None
        address = urlsplit(value)
        if address.scheme not in ("http", "https") or not _names_a_host(address):
            raise ValueError("an address begins with http:// or https:// and names a host")
        if address.query or address.fragment or address.username or address.password:
            keys = {"llm_url": "AITB_LLM_API_KEY", "comtrade_url": "AITB_COMTRADE_API_KEY"}
            key = keys.get(field.field_name, "AITB_CENSUS_API_KEY")
            raise ValueError(f"a base address has no parameters and no user; a key belongs into {key}")
        return value

    @field_validator(
        "hts_url",
        "csl_url",
        "ecfr_url",
        "chpl_list",
        "eccn_pairs",
        "parties",
        "partner_trade",
        "waugh_labels",
        "waugh_export_labels",
        "wto_list",
        "user_labels",
    )
    @classmethod
    def _an_address_or_a_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not is_address(value):
            if "://" in value:
                raise ValueError("an address begins with http:// or https://; a file is named by its path")
            return str(_absolute(Path(value)))
        address = urlsplit(value)
        if not _names_a_host(address):
            raise ValueError("an address begins with http:// or https:// and names a host")
        if address.query or address.fragment or address.username or address.password:
            raise ValueError("an address with parameters, a user or a key in it is not taken: give a file")
        return value

    @field_validator("as_of", mode="before")
    @classmethod
    def _a_written_date(cls, value: object) -> object:
        """Pydantic alone would take 20250331 for seconds since 1970."""
        if not isinstance(value, str):
            return value
        try:
            if not re.match(r"\d{4}-\d\d-\d\d(?!\d)", value):
                raise ValueError
            return datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(
                "a date is written as 2025-03-31, or with its hour as 2025-03-31T12:00:00Z"
            ) from None

    @field_validator("as_of")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def is_given(self, name: str) -> bool:
        """Whether somebody chose a setting, or it follows from others; False for a default that ships."""
        return name in self.model_fields_set or name not in type(self).model_fields

    @property
    def landing_dir(self) -> Path:
        return self.data_dir / "landing"

    @property
    def quarantine_dir(self) -> Path:
        return self.data_dir / "quarantine"

    @property
    def quality_dir(self) -> Path:
        return self.data_dir / "quality"

    @property
    def language_model_dir(self) -> Path:
        """Where the journal of the language model's answers lies."""
        return self.data_dir / "language_model"

    @property
    def warehouse_dir(self) -> Path:
        """A warehouse of its own for each as-of date, so that history never touches the present."""
        return self.data_dir / "warehouse" / self.edition

    @property
    def warehouse_file(self) -> Path:
        return self.warehouse_dir / "warehouse.duckdb"

    @property
    def release_dir(self) -> Path:
        """Where this edition of the release is read: the current one, or one beside it for an as-of date."""
        return self.publish_dir if self.as_of is None else self.publish_dir / "as_of" / self.edition

    @property
    def edition(self) -> str:
        return "current" if self.as_of is None else self.as_of.strftime("%Y%m%dT%H%M%SZ")


def read_settings() -> Settings:
    """What the environment says; ends the program with a sentence for each setting that cannot be."""
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in fault["loc"]).upper()
            print(f"AITB_{name}: {fault['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        raise SystemExit(2) from None


def is_address(location: str | Path) -> bool:
    """Whether something is found over the network; else it is the path of a file or a folder."""
    return urlsplit(str(location)).scheme.lower() in ("http", "https")


def _names_a_host(address: SplitResult) -> bool:
    try:
        return bool((address.hostname or "").encode("idna"))
    except UnicodeError:
        return False


def _default_archive(data_dir: Path) -> Path:
    """The sample archive ships with the repository; every other archive lies with its data."""
    return SHIPPED_ARCHIVE if data_dir == REPOSITORY / "data" / "sample" else data_dir / "archive"

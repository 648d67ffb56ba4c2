"""One typed settings object, read from the AITB_* environment variables.

Nothing else in the repository reads the environment, and every path that leaves here is absolute.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[1]
DBT_PROJECT = REPOSITORY / "dbt_project"
SEEDS = DBT_PROJECT / "seeds"

AbsolutePath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


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

    failure_webhook_url: SecretStr | None = None

    @field_validator("census_url", "census_schedules_url")
    @classmethod
    def _a_plain_address(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("an address begins with http:// or https:// and names a host")
        if address.query or address.fragment:
            raise ValueError("a base address has no parameters; a key belongs into AITB_CENSUS_API_KEY")
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
    def warehouse_dir(self) -> Path:
        """A warehouse of its own for each as-of date, so that history never touches the present."""
        return self.data_dir / "warehouse" / self.edition

    @property
    def release_dir(self) -> Path:
        """Where this edition of the release is read: the current one, or one beside it for an as-of date."""
        return self.publish_dir if self.as_of is None else self.publish_dir / "as_of" / self.edition

    @property
    def edition(self) -> str:
        return "current" if self.as_of is None else self.as_of.strftime("%Y%m%dT%H%M%SZ")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be written anywhere."""
        return tuple(
            secret.get_secret_value()
            for secret in (self.census_api_key, self.failure_webhook_url)
            if secret is not None
        )


def _default_archive(data_dir: Path) -> Path:
    """The sample archive ships with the repository; every other archive lies with its data."""
    sample = REPOSITORY / "data" / "sample"
    return REPOSITORY / "sample" / "archive" if data_dir == sample else data_dir / "archive"

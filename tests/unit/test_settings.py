"""Settings come from AITB_ variables, paths are absolute, and secrets are not shown."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestration.run import main
from orchestration.settings import REPOSITORY, Settings


def test_the_defaults_are_those_of_the_sample():
    settings = Settings()

    assert settings.data_dir == REPOSITORY / "data" / "sample"
    assert settings.archive_dir == REPOSITORY / "sample" / "archive"
    assert settings.publish_dir == REPOSITORY / "data" / "sample" / "published"
    assert (settings.fetch, settings.as_of, settings.census_api_key) == ("never", None, None)
    assert settings.census_url == "https://api.census.gov/data"
    assert settings.census_api_key is None
    assert (settings.waugh_labels, settings.waugh_export_labels, settings.user_labels) == (None, None, None)
    assert Path(settings.wto_list).is_file()
    assert not settings.is_given("wto_list")


def test_another_data_directory_brings_its_own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("AITB_DATA_DIR", str(tmp_path / "live"))

    settings = Settings()

    assert settings.archive_dir == tmp_path / "live" / "archive"
    assert settings.publish_dir == tmp_path / "live" / "published"
    assert settings.landing_dir == tmp_path / "live" / "landing"
    assert settings.quarantine_dir == tmp_path / "live" / "quarantine"
    assert settings.warehouse_dir == tmp_path / "live" / "warehouse" / "current"


def test_every_setting_can_be_set_by_its_variable(monkeypatch, tmp_path):
    given = {
        "AITB_DATA_DIR": tmp_path / "a",
        "AITB_ARCHIVE_DIR": tmp_path / "b",
        "AITB_PUBLISH_DIR": tmp_path / "c",
        "AITB_FETCH": "missing",
        "AITB_AS_OF": "2025-03-31T12:00:00+02:00",
        "AITB_CENSUS_API_KEY": "secret",
        "AITB_CENSUS_URL": "http://mirror.test/data",
        "AITB_CENSUS_SCHEDULES_URL": "http://mirror.test/schedules/",
        "AITB_LLM_URL": "http://127.0.0.1:8000/v1",
        "AITB_LLM_MODEL": "small-model",
        "AITB_LLM_API_KEY": "another secret",
        "AITB_LLM_USD_PER_MILLION_INPUT_TOKENS": "0.15",
        "AITB_LLM_USD_PER_MILLION_OUTPUT_TOKENS": "0.6",
        "AITB_LLM_BUDGET_USD": "2.5",
        "AITB_LLM_BUDGET_CALLS": "100",
        "AITB_LLM_BATCH": "20",
        "AITB_LLM_CONCURRENCY": "8",
        "AITB_LLM_REQUESTS_PER_MINUTE": "500",
        "AITB_WAUGH_LABELS": "https://mirror.test/labels.csv",
        "AITB_USER_LABELS": tmp_path / "labels.csv",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))

    settings = Settings()

    assert (settings.archive_dir, settings.publish_dir) == (tmp_path / "b", tmp_path / "c")
    assert settings.fetch == "missing"
    assert settings.as_of == datetime(2025, 3, 31, 10, tzinfo=UTC)
    assert settings.census_url == "http://mirror.test/data"
    assert settings.census_api_key.get_secret_value() == "secret"
    assert settings.llm_api_key.get_secret_value() == "another secret"
    assert (settings.llm_url, settings.llm_model) == ("http://127.0.0.1:8000/v1", "small-model")
    assert settings.llm_usd_per_million_input_tokens == 0.15
    assert settings.llm_usd_per_million_output_tokens == 0.6
    assert (settings.llm_budget_usd, settings.llm_budget_calls) == (2.5, 100)
    assert (settings.llm_batch, settings.llm_concurrency, settings.llm_requests_per_minute) == (20, 8, 500)
    assert settings.waugh_labels == "https://mirror.test/labels.csv"
    assert settings.user_labels == str(tmp_path / "labels.csv")
    assert settings.is_given("user_labels")
    assert settings.is_given("warehouse_dir")  # follows from the others


def test_paths_are_absolute_wherever_they_are_given(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AITB_DATA_DIR", "data")
    monkeypatch.setenv("AITB_ARCHIVE_DIR", "~/archive")
    monkeypatch.setenv("AITB_USER_LABELS", "lists/mine.csv")
    monkeypatch.setenv("AITB_WTO_LIST", "~/wto.csv")
    monkeypatch.setenv("HOME", "/home/somebody")

    settings = Settings()

    assert settings.data_dir == tmp_path / "data"
    assert settings.archive_dir == Path("/home/somebody/archive")
    assert settings.user_labels == str(tmp_path / "lists" / "mine.csv")
    assert settings.wto_list == "/home/somebody/wto.csv"


def test_what_is_set_to_nothing_is_not_set(monkeypatch):
    for name in ("DATA_DIR", "ARCHIVE_DIR", "PUBLISH_DIR", "FETCH", "AS_OF", "CENSUS_API_KEY", "CENSUS_URL"):
        monkeypatch.setenv(f"AITB_{name}", "")

    assert Settings() == Settings.model_construct(**Settings().model_dump())
    assert Settings().data_dir == REPOSITORY / "data" / "sample"
    assert Settings().census_api_key is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-03-31", datetime(2025, 3, 31, tzinfo=UTC)),
        ("2025-03-31T08:00:00", datetime(2025, 3, 31, 8, tzinfo=UTC)),
        ("2025-03-31T08:00:00Z", datetime(2025, 3, 31, 8, tzinfo=UTC)),
        ("2025-03-31T08:00:00-05:00", datetime(2025, 3, 31, 13, tzinfo=UTC)),
    ],
)
def test_an_as_of_date_has_a_warehouse_and_a_release_of_its_own(monkeypatch, text, utc):
    monkeypatch.setenv("AITB_AS_OF", text)

    settings = Settings()

    edition = utc.strftime("%Y%m%dT%H%M%SZ")
    assert settings.as_of == utc
    assert settings.warehouse_dir == settings.data_dir / "warehouse" / edition
    assert settings.release_dir == settings.publish_dir / "as_of" / edition


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AITB_FETCH", "sometimes", "'never', 'missing' or 'always'"),
        ("AITB_AS_OF", "in March", "a date is written as 2025-03-31"),
        ("AITB_AS_OF", "20250331", "a date is written as 2025-03-31"),
        ("AITB_AS_OF", "1743379200", "a date is written as 2025-03-31"),
        ("AITB_AS_OF", "2025-02-30", "a date is written as 2025-03-31"),
        ("AITB_AS_OF", "2025-03", "a date is written as 2025-03-31"),
        ("AITB_CENSUS_URL", "api.census.gov/data", "begins with http:// or https://"),
        ("AITB_CENSUS_URL", "file:///etc", "begins with http:// or https://"),
        ("AITB_CENSUS_URL", "https://", "names a host"),
        ("AITB_LLM_URL", "http://models..test/v1", "names a host"),
        ("AITB_DATA_DIR", "~nobody-of-that-name/data", "there is no user of that name"),
        ("AITB_USER_LABELS", "~nobody-of-that-name/mine.csv", "there is no user of that name"),
        ("AITB_CENSUS_URL", "https://api.test/data?key=0123456789abcdef", "belongs into AITB_CENSUS_API_KEY"),
        ("AITB_CENSUS_URL", "https://:0123456789abcdef@a.test", "has no parameters and no user"),
        ("AITB_CENSUS_SCHEDULES_URL", "https://a.test/#0123456789abcdef", "has no parameters"),
        (
            "AITB_LLM_URL",
            "https://u:0123456789abcdef@a.test/v1",
            "no user; a key belongs into AITB_LLM_API_KEY",
        ),
        ("AITB_LLM_BUDGET_USD", "-1", "greater than or equal to 0"),
        ("AITB_LLM_BATCH", "0", "greater than or equal to 1"),
        ("AITB_USER_LABELS", "https://a.test/b.csv?token=0123456789abcdef", "not taken: give a file"),
        ("AITB_WTO_LIST", "https://me:0123456789abcdef@a.test/b.csv", "not taken: give a file"),
        ("AITB_WAUGH_LABELS", "file:///a.csv", "a file is named by its path"),
        ("AITB_WAUGH_EXPORT_LABELS", "https://", "names a host"),
    ],
)
def test_what_cannot_be_is_refused_without_showing_it(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=says) as failure:
        Settings()

    assert name.removeprefix("AITB_").lower() in str(failure.value)
    assert "0123456789abcdef" not in str(failure.value)


def test_a_run_says_which_setting_cannot_be(monkeypatch, capsys):
    monkeypatch.setenv("AITB_AS_OF", "20250331")
    monkeypatch.setenv("AITB_FETCH", "0123456789abcdef")

    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert "AITB_AS_OF: a date is written as 2025-03-31" in printed
    assert "AITB_FETCH: Input should be 'never', 'missing' or 'always'" in printed
    assert "0123456789abcdef" not in printed


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("AITB_CENSUS_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("AITB_LLM_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("AITB_FAILURE_WEBHOOK_URL", "https://hooks.test/0123456789abcdef")

    settings = Settings()

    assert "0123456789abcdef" not in f"{settings} {settings!r} {settings.model_dump()}"


def test_the_tariff_schedule_may_be_a_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AITB_HTS_URL", "schedules")
    assert Settings().hts_url == str(tmp_path / "schedules")
    monkeypatch.setenv("AITB_HTS_URL", "https://hts.test/reststop?release=2025HTSRev1")
    with pytest.raises(ValidationError, match="an address with parameters"):
        Settings()

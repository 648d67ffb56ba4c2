"""Labelling through the job, as an operator starts it: off, refused, killed on the way, resumed, complete."""

import json
import shutil
from collections import Counter

import pytest
from dagster import AssetKey, DagsterInstance

from orchestration.classification.prompt import CONTROLS
from orchestration.definitions import build_definitions
from orchestration.settings import Settings
from tests.forks import KILLED
from tests.integration.pipeline import Pipeline
from tests.products import PRODUCTS, land_lists
from tests.replay import faults
from tests.replay.faults import Fault
from tests.replay.language_model import MODEL, LanguageModel, label, label_of

KEY = "sk-5eed0000c0ffee0000key0000"
AT_ONCE = 2
BATCH = 3
CONTROL_CODES = {control.commodity_code for control in CONTROLS}


@pytest.fixture(scope="module")
def landed(parsed_project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("landed")
    land_lists(folder)
    shutil.copytree(parsed_project, folder / "dbt")
    return folder


@pytest.fixture
def data_dir(landed, tmp_path):
    shutil.copytree(landed, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def pipeline(forks):
    return Pipeline(forks)


@pytest.fixture
def model():
    with LanguageModel(key=KEY) as running:
        yield running


def environment(data_dir, model, **more: object) -> dict[str, str]:
    return {
        "AITB_DATA_DIR": str(data_dir),
        "AITB_LLM_URL": model.url,
        "AITB_LLM_MODEL": MODEL,
        "AITB_LLM_API_KEY": KEY,
        "AITB_LLM_USD_PER_MILLION_INPUT_TOKENS": "1",
        "AITB_LLM_USD_PER_MILLION_OUTPUT_TOKENS": "5",
        "AITB_LLM_BUDGET_USD": "1",
        "AITB_LLM_BATCH": str(BATCH),
        "AITB_LLM_CONCURRENCY": str(AT_ONCE),
        "AITB_LLM_REQUESTS_PER_MINUTE": "60000",
        **{f"AITB_LLM_{name.upper()}": str(value) for name, value in more.items()},
    }


def journal(data_dir) -> list[dict]:
    """The lines of the journal in the order of their products; only the moment differs between two runs."""
    text = (data_dir / "language_model" / "answers.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        del line["answered_at"]
    return sorted(lines, key=lambda line: (line["commodity_system"], line["commodity_code"]))


def labels(data_dir) -> dict[tuple[str, str], str]:
    return {
        (line["commodity_system"], line["commodity_code"]): line["relevance"] for line in journal(data_dir)
    }


def asked(calls) -> Counter:
    """How often each code was sent; import and export codes of this world differ."""
    return Counter(code for call in calls for code in call.codes if code not in CONTROL_CODES)


def test_killed_on_the_way_and_started_again(pipeline, model, data_dir, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(data_dir, alone)
    assert pipeline.run(environment(alone, model), "--label") == 0
    undisturbed = len(model.calls)
    model.calls.clear()

    in_flight, nth = [], 4
    for _ in range(3):
        stalled = Fault(faults.stalled, nth=nth, times=None)
        model.faults[:] = [stalled]
        with pipeline.running(environment(data_dir, model), "--label") as run:
            before = len(model.calls)
            run.wait_until(lambda begun=before: len(model.calls) >= begun + nth - 1 + AT_ONCE)
            run.kill()
            assert run.exit_code() == KILLED
        in_flight += [code for call in model.calls[-AT_ONCE:] for code in call.codes]
    # Killed between the answer and the journal, and in the middle of writing to it.
    model.faults.clear()
    last = len(model.calls)
    exit_before = ("orchestration.classification.journal:Journal.append", 1)
    # One by one: a second call might reach the server when the run is gone, and be counted too late.
    one_by_one = environment(data_dir, model, concurrency=1)
    assert pipeline.run(one_by_one, "--label", exit_before=exit_before) == 9
    in_flight += [code for call in model.calls[last:] for code in call.codes]
    path = data_dir / "language_model" / "answers.jsonl"
    path.write_bytes(path.read_bytes() + b'{"model": "small-mo')

    assert pipeline.run(environment(data_dir, model), "--label") == 0

    assert journal(data_dir) == journal(alone)
    assert labels(data_dir) == {(system, code): label_of(code)["relevance"] for system, code in PRODUCTS}
    times = asked(model.calls)
    flew = Counter(in_flight)
    assert all(count <= 1 + flew[code] for code, count in times.items()), times
    assert len(model.calls) <= undisturbed + 4 * AT_ONCE
    # What was finished stays finished: one more run asks nothing.
    settled = len(model.calls)
    assert pipeline.run(environment(data_dir, model), "--label") == 0
    assert len(model.calls) == settled


def test_without_a_model_it_says_so_and_does_nothing(pipeline, data_dir):
    with pipeline.running({"AITB_DATA_DIR": str(data_dir)}, "--label") as run:
        assert run.exit_code() == 0

    assert "The language-model labeller is off: set AITB_LLM_URL and AITB_LLM_MODEL" in run.printed()
    assert not (data_dir / "language_model").exists()


def test_it_says_what_it_will_cost_and_waits_for_a_budget(pipeline, model, data_dir):
    with pipeline.running(environment(data_dir, model, budget_usd=0), "--label") as run:
        assert run.exit_code() == 1

    assert "Nothing was asked yet. 36 products in 12 calls" in run.printed()
    assert "set AITB_LLM_BUDGET_USD to 0." in run.printed()
    assert model.calls == []


def test_progress_is_shown_and_the_key_is_not(pipeline, model, data_dir):
    with pipeline.running(environment(data_dir, model), "--label") as run:
        assert run.exit_code() == 0

    assert "36 of 36 products labelled" in run.printed()
    assert KEY not in run.printed()
    written = [path for path in data_dir.rglob("*") if path.is_file()]
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def job(data_dir, model, **more):
    """The job in this process, and what it said about its asset."""
    given = {
        name.removeprefix("AITB_").lower(): value for name, value in environment("", model, **more).items()
    }
    settings = Settings(**{**given, "data_dir": data_dir})
    with DagsterInstance.ephemeral() as instance:
        return (
            build_definitions(settings)
            .resolve_job_def("label_products")
            .execute_in_process(instance=instance, raise_on_error=False)
        )


def test_the_asset_shows_what_a_run_cost_and_what_it_could_not_label(model, data_dir):
    model.faults.append(Fault(label("8471000002", confidence=200), params={"code": "8471000002"}, times=None))

    result = job(data_dir, model)

    (materialization,) = result.asset_materializations_for_node("label")
    assert materialization.asset_key == AssetKey(["language_model", "answers"])
    shown = {name: value.value for name, value in materialization.metadata.items()}
    assert (shown["model"], shown["labelled"], shown["calls"]) == (MODEL, 35, 13)
    assert shown["cost_usd"] == pytest.approx(sum(line["cost_usd"] for line in journal(data_dir)), abs=1e-6)
    assert "8471000002" in shown["unlabelled"]
    assert "is not between 0 and 100" in shown["unlabelled"]
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert "1 products stay unlabelled" in check.description


def test_a_run_that_its_budget_stopped_is_a_warning_and_not_a_failure(model, data_dir):
    result = job(data_dir, model, budget_calls=5)

    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "stopped before 21 products were asked for: 5 calls were made" in check.description
    assert len(model.calls) == 5


def test_a_wrong_key_fails_the_job_with_advice(model, data_dir):
    result = job(data_dir, model, api_key="sk-of-somebody-else")

    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    message = failure.event_specific_data.error.cause or failure.event_specific_data.error
    assert "did not accept the key (401)" in message.message
    assert "sk-of-somebody-else" not in str(failure)

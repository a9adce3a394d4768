"""wandb's API: whatever the service does, an answer of the right form or one error, within bounds."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from finetune.errors import SetupError, StreamError
from finetune.streams.feed import wandb_api
from finetune.streams.feed.access import FeedAccess
from finetune.streams.feed.wandb_api import Bounds, TooMuch, WandbApi
from tests.finetune.streams.wandb_server import FakeRun, WandbServer

START, END = 1_800_000_000.0, 1_800_086_400.0


@pytest.fixture(scope="module")
def running() -> Iterator[WandbServer]:
    with WandbServer() as server:
        yield server


@pytest.fixture
def wandb(running: WandbServer) -> WandbServer:
    running.runs, running.faults, running.asked, running.authorization = [], [], [], set()
    return running


def a_run(run: str, rows: int = 0) -> FakeRun:
    history = {i: {"_step": i, "_timestamp": START + i, "prompts": f"{i}?"} for i in range(rows)}
    return FakeRun(id=run, created=START, heard=END, config={"hotkey": "5a", "netuid": 18}, rows=history)


@pytest.fixture
def api(wandb: WandbServer, tmp_path: Path) -> Iterator[Callable[..., list[Any]]]:
    """Asks for the runs: `api(attempts=2)` gives them, and the seconds slept are in `api.slept`."""

    def ask(project: str = "ada/feed", key: str | None = None, **bounds: Any) -> list[Any]:
        ask.slept = []
        access = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path, stakes=dict, key=key)
        with WandbApi(access, project, bounds=Bounds(**bounds), sleep=ask.slept.append) as opened:
            return list(opened.runs(START, END))

    threads = threading.enumerate()
    yield ask
    assert threading.enumerate() == threads


BROKEN = ["408", "429", "500", "503", "truncated", "<html>", "[]", '{"data": null}', '{"data":' + "[" * 100_000]


@pytest.mark.parametrize("fault", [*BROKEN, '{"errors": [{"message": "busy"}], "data": {}}', "hang", "drip"])
def test_a_fault_that_passes_is_asked_about_again(fault: str, wandb: WandbServer, api: Any):
    wandb.runs, wandb.faults = [a_run("run1")], [fault, fault]
    assert [one["name"] for one in api(request_seconds=0.2)] == ["run1"]
    assert api.slept == ([7.0, 7.0] if fault == "429" else [1.0, 2.0])


@pytest.mark.parametrize("fault", [*BROKEN, "hang", "drip"])
def test_a_fault_that_stays_is_a_stream_error(fault: str, wandb: WandbServer, api: Any):
    wandb.faults = [fault] * 9
    with pytest.raises(StreamError, match=r"ada/feed on http://127.0.0.1:.* after 3 attempts"):
        api(attempts=3, request_seconds=0.2)
    assert len(wandb.faults) == 6


def test_a_service_that_is_not_there_is_a_stream_error(tmp_path: Path):
    with WandbServer() as stopped:
        access = FeedAccess(endpoint=stopped.endpoint, folder=tmp_path, stakes=dict)
    with (
        WandbApi(access, "ada/feed", bounds=Bounds(attempts=2), sleep=lambda seconds: None) as opened,
        pytest.raises(StreamError, match=r"no answer .ConnectError., after 2 attempts"),
    ):
        next(opened.runs(START, END))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_is_not_asked_about_again(status: int, wandb: WandbServer, api: Any):
    wandb.faults = [str(status)] * 2
    with pytest.raises(StreamError, match=f"HTTP {status}"):
        api()
    assert len(wandb.faults) == 1


def test_the_total_time_ends_the_asking(wandb: WandbServer, api: Any):
    wandb.faults = ["503"] * 9
    with pytest.raises(StreamError, match="HTTP 503, after 2 attempts"):
        api(total_seconds=1.9)
    with pytest.raises(StreamError, match="not read within 0 s"):
        api(total_seconds=0)


def test_an_answer_or_all_answers_together_may_be_too_large(wandb: WandbServer, api: Any):
    wandb.faults = [" " * 100_000]
    with pytest.raises(TooMuch, match="more than 65,536 bytes"):
        api(answer_bytes=65_536)
    wandb.runs = [a_run(f"run{i}") for i in range(120)]
    with pytest.raises(StreamError, match="more than 40,000 bytes in all"):
        api(total_bytes=40_000)
    assert wandb.asked.count("Runs") == 3


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {"project": {"runs": null}}}',
        '{"data": {"project": {"runs": {"edges": [7]}}}}',
        '{"data": {"project": {"runs": {"edges": []}}}}',
    ],
)
def test_an_answer_of_another_form_is_a_stream_error(body: str, wandb: WandbServer, api: Any):
    wandb.faults = [body]
    with pytest.raises(StreamError, match="no list of runs"):
        api()


def test_many_runs_come_in_pages_and_too_many_are_refused(
    wandb: WandbServer, api: Any, monkeypatch: pytest.MonkeyPatch
):
    wandb.runs = [a_run(f"run{i}") for i in range(120)]
    assert len({one["name"] for one in api()}) == 120
    monkeypatch.setattr(wandb_api, "MOST_RUNS", 100)
    with pytest.raises(StreamError, match="more than 100 runs"):
        api()


def test_a_project_that_strangers_cannot_see_is_a_stream_error(api: Any):
    with pytest.raises(StreamError, match=r"bob/hidden on .*: no such project"):
        api("bob/hidden")


def test_the_key_goes_to_the_service_only_where_there_is_one(wandb: WandbServer, api: Any):
    api()
    api(key="secret")
    assert wandb.authorization == {None, "Basic YXBpOnNlY3JldA=="}
    assert "secret" not in repr(FeedAccess(stakes=dict, folder=Path(), key="secret"))


@pytest.mark.parametrize("keys", ["7", '{"lastStep": "3"}', '{"lastStep": -2}', '{"lastStep": 1e9}'])
def test_a_last_step_of_another_form_is_a_stream_error(keys: str, wandb: WandbServer, tmp_path: Path):
    wandb.faults = [f'{{"data": {{"project": {{"run": {{"historyKeys": {keys}}}}}}}}}']
    access = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path, stakes=dict)
    with WandbApi(access, "ada/feed") as opened, pytest.raises(StreamError, match="how far run 'run1' is"):
        opened.last_step("run1")


def test_rows_of_another_form_are_a_stream_error(wandb: WandbServer, tmp_path: Path):
    wandb.faults = ['{"data": {"project": {"run": {"history": "none"}}}}']
    access = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path, stakes=dict)
    with WandbApi(access, "ada/feed") as opened, pytest.raises(StreamError, match="no rows of run 'run1'"):
        opened.rows("run1", 0, 100)


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1", "nonsense", ""])
def test_an_endpoint_that_is_no_web_address_is_refused(endpoint: str, tmp_path: Path):
    with pytest.raises(SetupError, match="must be an http or https URL"):
        WandbApi(FeedAccess(endpoint=endpoint, folder=tmp_path, stakes=dict), "ada/feed")


# The server that these tests ask is one that the real library understands


_READ = """
import json, sys, wandb
api = wandb.Api(overrides={"base_url": sys.argv[1]}, api_key="x" * 40, timeout=10)
found = {run.id: [run.config, list(run.scan_history(use_cache=False))] for run in api.runs("ada/feed", lazy=False)}
print(json.dumps(found))
"""


def test_the_wandb_library_reads_the_same_runs_and_rows(wandb: WandbServer, tmp_path: Path):
    wandb.runs = [a_run("run1", 120), a_run("run2", 3)]
    quiet = {"WANDB_ERROR_REPORTING": "false", "WANDB_CACHE_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _READ, wandb.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=os.environ | quiet,
        check=True,
    )
    read = json.loads(done.stdout.splitlines()[-1])
    access = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path, stakes=dict)
    with WandbApi(access, "ada/feed") as opened:
        ours = {one["name"]: one for one in opened.runs(START, END)}
        assert [opened.last_step(name) for name in ours] == [119, 2]
        rows = {name: opened.rows(name, 0, 100) + opened.rows(name, 100, 200) for name in ours}
    assert read.keys() == ours.keys()
    for name, (config, history) in read.items():
        assert config == {key: one["value"] for key, one in json.loads(ours[name]["config"]).items()}
        assert history == [json.loads(row) for row in rows[name]]

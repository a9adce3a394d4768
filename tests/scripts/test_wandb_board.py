"""What a person gets who builds the leaderboard on wandb, with wandb's own library and a server on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.finetune.mirror.wandb_server import KEY, WandbServer

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "competitions" / "catalog"


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with WandbServer() as server:
        yield server


def build(
    tmp_path: Path, endpoint: str, *flags: str, key: str = KEY, without: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run the script in a process of its own, since the library starts one that lives as long."""
    given = {"WANDB_BASE_URL": endpoint, "WANDB_API_KEY": key, "WANDB_ENTITY": "ada"}
    given = {name: value for name, value in given.items() if name not in without}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "wandb_board.py"), "--catalog", str(CATALOG), *flags],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_report_is_saved_and_shared_and_both_links_are_printed(tmp_path: Path, server: WandbServer) -> None:
    done = build(tmp_path, server.endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    link = f"{server.endpoint}/ada/finetuning/reports/Leaderboard-of-the-fine-tuning-subnet--VmlldzoxMDAw"
    assert done.stdout == f"saved: {link}\nfor everybody: {link}?accessToken=open\n"
    (view,) = server.views.values()
    assert server.shared == [[{"entityName": "ada", "projectName": "finetuning"}]]
    spec = json.loads(view["spec"])
    grids = [block["metadata"] for block in spec["blocks"] if block["type"] == "panel-grid"]
    charts = [panel["config"] for grid in grids for panel in grid["panelBankSectionConfig"]["panels"]]
    drawn = {chart["metricRegex"] for chart in charts}
    assert {r"^uid_data\..+$", r"^duel_data\..+\.evidence$", r"^FINEWEB\.raw_score\..+$"} <= drawn
    wanted = {(one["key"]["name"], one["value"]) for one in grids[0]["runSets"][0]["filters"]["filters"]}
    assert wanted == {("type", "validator"), ("netuid", 37)}
    assert "summary:seat_data.2" in grids[0]["runSets"][0]["runFeed"]["columnPinned"]
    assert KEY not in json.dumps(view)


def test_an_earlier_leaderboard_can_be_replaced_so_that_its_links_stay(tmp_path: Path, server: WandbServer) -> None:
    link = build(tmp_path, server.endpoint).stdout.splitlines()[0].removeprefix("saved: ")
    server.views["VmlldzoxMDAw"]["displayName"] = "An old title"
    done = build(tmp_path, server.endpoint, "--replace", link)
    assert done.returncode == 0, done.stderr
    assert [view["displayName"] for view in server.views.values()] == ["Leaderboard of the fine-tuning subnet"]


def test_what_is_in_env_files_counts_as_it_does_for_a_validator(tmp_path: Path, server: WandbServer) -> None:
    settings = {"NETUID": "7", "WANDB_PROJECT": "ours", "WANDB_ENTITY": "eve", "WANDB_API_KEY": KEY}
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in settings.items()))
    done = build(tmp_path, server.endpoint, without=("WANDB_API_KEY", "WANDB_ENTITY"))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{server.endpoint}/eve/ours/reports/" in done.stdout
    assert '"value":7' in next(iter(server.views.values()))["spec"]


@pytest.mark.parametrize("value", ["banana", "https://wandb.ai", "https://wandb.ai/ada/finetuning/reports/No-id"])
def test_what_is_no_address_of_a_report_is_one_sentence_and_nothing_is_asked(
    tmp_path: Path, server: WandbServer, value: str
) -> None:
    done = build(tmp_path, server.endpoint, "--replace", value)
    assert done.returncode == 1
    assert "must be the address of a report, which ends in ENTITY/PROJECT/reports/TITLE--ID" in done.stderr
    assert (done.stderr.count("\n"), server.paths) == (1, [])


def test_without_an_entity_it_says_what_to_give(tmp_path: Path, server: WandbServer) -> None:
    done = build(tmp_path, server.endpoint, without=("WANDB_ENTITY",))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "give --wandb_entity or WANDB_ENTITY" in done.stderr


def test_a_dry_run_says_what_would_be_built_and_asks_nothing(tmp_path: Path, server: WandbServer) -> None:
    done = build(tmp_path, server.endpoint, "--dry_run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Leaderboard of the fine-tuning subnet\nWho holds the seats, and who earns\n")
    assert "INSTRUCT_8B\n  SYNTHETIC_MMLU: " in done.stdout
    assert server.paths == []


@pytest.mark.parametrize(("key", "said"), [("ab" * 20, "not logged in"), ("short", "40+ characters")])
def test_a_wrong_key_is_one_sentence_without_the_key(tmp_path: Path, server: WandbServer, key: str, said: str) -> None:
    done = build(tmp_path, server.endpoint, key=key)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert key not in done.stderr + done.stdout


def test_a_catalog_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    done = build(tmp_path, "http://127.0.0.1:9", "--catalog", str(tmp_path / "none"))
    assert done.returncode == 1
    assert str(tmp_path / "none") in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_loads_no_heavy_library() -> None:
    code = "import sys; from scripts.wandb_board import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "sys.exit(bool({'wandb', 'wandb_workspaces', 'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == 0
    )

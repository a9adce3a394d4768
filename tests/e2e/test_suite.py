"""The suite against a node works: run against a network of local chains, it passes and leaves nothing out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pytest

from tests.finetune.chain.contract import ChainContract

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One in memory where this machine has one: a local chain waits for the disk at every block."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def run_suite(folder: Path, **variables: str) -> dict[str, set[str]]:
    """The outcomes of the cases of each test of the suite, which must end well."""
    report = folder / "report.xml"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/e2e/test_node.py", f"--junitxml={report}", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "BTCLI_TOKEN_SYMBOLS_CACHE": str(folder / "symbols.json"), **variables},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr
    outcomes: dict[str, set[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        outcome = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        told = "passed" if outcome is None else f"{outcome.tag}: {outcome.get('message')}"
        outcomes.setdefault(case.get("name", "").split("[")[0], set()).add(told)
    return outcomes


def rules() -> list[str]:
    """The tests of the contract."""
    return [name for name in vars(ChainContract) if name.startswith("test_")]


@pytest.mark.parametrize("client", ["connect", "connect_blocking"])
def test_every_rule_of_the_contract_is_tried_and_holds_whether_the_client_s_calls_block_or_not(folder, client):
    outcomes = run_suite(
        folder,
        E2E_ENDPOINT=str(folder),
        E2E_SUBTENSOR=f"tests.e2e.fake_network:{client}",
        E2E_ADVANCE="tests.e2e.fake_network:advance",
    )
    assert outcomes == {name: {"passed"} for name in rules()}


def test_without_a_node_all_is_skipped_for_that_plain_reason(folder):
    outcomes = run_suite(folder, E2E_ENDPOINT="")
    assert outcomes == {name: {"skipped: E2E_ENDPOINT names no development node"} for name in rules()}

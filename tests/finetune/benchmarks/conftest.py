"""What the tests of benchmarks share: the smallest setting in which everything runs."""

import pytest
from rich.console import Console

from finetune.benchmarks.setting import Setting, find_model, sequence_length
from finetune.rehearsal.show import Show


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    scratch = tmp_path_factory.mktemp("benchmarks")
    folder, documents = find_model("tiny", None, cache=scratch / "never used", scratch=scratch)
    length = sequence_length(folder)
    return Setting(folder=folder, documents=documents, sequence_length=length, samples=3, repeats=2)


@pytest.fixture
def show() -> Show:
    return Show(Console(quiet=True))

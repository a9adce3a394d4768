"""One untrained tiny model for all tests of recipes."""

from pathlib import Path

import pytest

from finetune.mining.tiny import build_tiny


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes") / "base"
    build_tiny(folder, hidden=48, layers=2)
    return folder

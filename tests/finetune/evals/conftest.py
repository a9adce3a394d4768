"""What the tests of scoring share."""

from pathlib import Path

import pytest

from tests.finetune.evals.models import taught_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a byte-level Llama whose predictions are far from uniform. Not to be changed."""
    return taught_tiny(tmp_path_factory.mktemp("models"))

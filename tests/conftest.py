"""What every test shares: a process that never reaches beyond loopback and never waits for an online service."""

import os
from collections.abc import Iterator

import pytest

# Read by huggingface_hub when it is imported, so before anything else.
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Models in tests are tiny: threads would only wait for each other, above all while the cores are busy.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.pop("HF_TOKEN", None)


@pytest.fixture(autouse=True)
def _environment_as_found() -> Iterator[None]:
    """A command run in this process may set variables for its libraries; the next test must not inherit them."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)

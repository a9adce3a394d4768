"""A fresh endpoint for each test."""

from collections.abc import Iterator

import pytest

from tests.finetune.generating.server import FakeEndpoint, fake_endpoint


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    with fake_endpoint() as running:
        yield running

"""What the tests of the chain share."""

import pytest

from finetune.chain.local import LocalChain, LocalSettings

# Before the contract is imported: its assertions are explained like those of any test.
pytest.register_assert_rewrite("tests.finetune.chain.contract")


@pytest.fixture
def make(tmp_path):
    """Make local chains, each in a file of its own, that are closed when the test ends."""
    chains = []

    def create(*, owner_hotkey=None, seed="seed", now=lambda: 0.0, **settings):
        path = tmp_path / f"chain-{len(chains)}.db"
        chain = LocalChain.create(
            path, seed=seed, settings=LocalSettings(**settings), owner_hotkey=owner_hotkey, now=now
        )
        chains.append(chain)
        return chain

    yield create
    for chain in chains:
        chain.close()

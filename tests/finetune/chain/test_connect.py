"""Which chain a network's name opens, and what other subnets of it held."""

import pytest

from finetune.chain.connect import connect, stakes_on
from finetune.chain.local import LocalChain
from finetune.chain.local.settings import LocalSettings
from finetune.errors import BlockNotFinal, SetupError
from tests.finetune.chain.contract import Key


@pytest.fixture
def network(tmp_path):
    """A chain file on which one hotkey got stake at block 5."""
    path = tmp_path / "chain.sqlite"
    with LocalChain.create(path, seed="s", settings=LocalSettings()) as chain:
        chain.register(Key("a"), "cold")
        chain.advance(5)
        chain.add_stake("cold", Key("a").ss58_address, 7.0)
        chain.advance(5)
    return f"local:{path}"


def test_a_chain_file_is_opened_and_a_missing_one_is_not_made(network, tmp_path):
    with connect(network, 37) as chain:
        assert chain.block() == 10
    with pytest.raises(SetupError, match="there is no chain at"), connect(f"local:{tmp_path}/none", 37):
        pass
    assert not (tmp_path / "none").exists()


def test_stakes_are_those_of_the_block_that_is_asked_for(network):
    stakes = stakes_on(network)
    assert stakes(18, 3) == {Key("a").ss58_address: 0.0}
    assert stakes(18, 9) == {Key("a").ss58_address: 7.0}
    with pytest.raises(BlockNotFinal):
        stakes(18, 1000)

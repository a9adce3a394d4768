"""The chain's adapter on a real node: the contract of every chain, from a subnet's registration to a miner's incentive.

It runs where `E2E_ENDPOINT` names a development node; `development_node` says what else it takes.
"""

import os

import pytest

from finetune.errors import ChainError
from tests.e2e.development_node import DevelopmentNode
from tests.finetune.chain.contract import ChainContract

ENDPOINT = os.environ.get("E2E_ENDPOINT")

pytestmark = [
    pytest.mark.skipif(not ENDPOINT, reason="E2E_ENDPOINT names no development node"),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def node():
    node = DevelopmentNode(ENDPOINT)
    node.prepare()
    yield node
    node.line.close()


class TestContract(ChainContract):
    @pytest.fixture
    def subnet(self, node):
        subnet = node.subnet()
        yield subnet
        subnet.chain.close()

    def test_a_past_metagraph_never_changes(self, subnet):
        try:
            super().test_a_past_metagraph_never_changes(subnet)
        except ChainError as error:
            if "discarded" not in str(error):
                raise
            pytest.skip("the node has discarded the state of blocks this old; start it with --state-pruning archive")

"""What the tests against a node share."""

import pytest

# Before the contract is imported: its assertions are explained like those of any test.
pytest.register_assert_rewrite("tests.finetune.chain.contract")

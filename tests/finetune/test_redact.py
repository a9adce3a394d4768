"""What is shown of URLs and secrets."""

import bittensor
import pytest

from finetune.chain.bittensor.errors import explained
from finetune.redact import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wss://ada:pw@node.example:9944/v1/KEY?k=KEY", "wss://node.example:9944"),
        ("could not connect to wss://node.example/KEY: refused", "could not connect to wss://node.example refused"),
        ("'https://KEY@node.example'", "'https://node.example'"),
        ("http://[::1]:8080/KEY#KEY and HTTPS://KEY:KEY@b", "http://[::1]:8080 and HTTPS://b"),
        ("https://ada:p@w@node.example/x", "https://node.example"),
        ("ada/sorter on http://127.0.0.1:80: no answer", "ada/sorter on http://127.0.0.1:80: no answer"),
        ("local:/home/ada/chain.sqlite finney a@b c://", "local:/home/ada/chain.sqlite finney a@b c://"),
    ],
)
def test_of_a_url_only_scheme_host_and_port_are_shown(text, shown):
    assert redacted(text) == shown


def test_secrets_are_replaced_wherever_they_stand_and_words_too_short_to_be_one_are_not():
    assert redacted("Bearer hf_secret0: no hf_secret0", "hf_secret0", None, "", "no") == "Bearer ***: no ***"


def test_a_node_s_key_is_in_no_error_of_the_chain():
    error = bittensor.RpcConnectionError("could not connect to wss://ada:pw@node.example:443/v1/KEY")
    assert str(explained(error)) == "the chain does not answer: could not connect to wss://node.example:443"

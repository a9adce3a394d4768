"""Long and hostile replies: every check takes time linear in the reply, so none reaches the limit set here.

A check that looked again at all that follows from each of 200,000 characters would need minutes.
"""

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import RULES

LENGTH = 200_000
UNITS = [
    *("A", "*", "[", '"', "<", "{", ".", "1", " ", "\n", "\u0130", "\ud800"),
    *(
        "a ",
        "* ",
        "*a ",
        "**a*",
        "* a\n",
        "[a",
        "[a]",
        "a.",
        ". ",
        "a. ",
        "a.b",
        '."',
        "\n ",
        "a\n\n",
        "PART 1\n",
        "***\n",
    ),
]
AROUND = {
    "detectable_format:title": ("<<", ">"),
    "detectable_format:json_format": ("```json\n", "```"),
    "startend:quotation": ('"', "."),
}


@pytest.mark.timeout(15)
@pytest.mark.parametrize("kind", RULES)
def test_no_long_reply_takes_long(kind: str):
    rule = RULES[kind].draw(Draws(bytes(32)))
    before, after = AROUND.get(kind, ("", "a!"))
    for unit in UNITS:
        reply = before + unit * (LENGTH // len(unit)) + after
        assert rule.holds(reply) in (True, False)

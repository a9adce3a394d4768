"""Output sanity: whether a model's replies are text at all. It judges no content.

A model can have a low loss on given text and still answer every prompt alike, or with one word for ever. Single bad
replies are no fault: small honest models fall into loops now and then. A model is rejected when nearly all are bad.
"""

import zlib
from collections import defaultdict
from collections.abc import Sequence

from competitions.rejection import Rejection
from finetune.errors import ModelRejected

# Fewer replies say too little.
LEAST_REPLIES = 8
# More than three quarters bad: the loops of an honest small model stay well below.
MOST_BAD = 0.75
# Bytes of the compressed reply for each of its own: prose takes 0.4 to 0.6, a repeated paragraph under 0.1.
LEAST_DENSITY = 0.1
# Shorter texts do not compress, however dull they are.
LEAST_BYTES = 200


def check_replies(prompts: Sequence[Sequence[int]], replies: Sequence[str]) -> None:
    """Raise `ModelRejected`, with an example, where more than `MOST_BAD` of the replies are bad."""
    if len({tuple(prompt) for prompt in prompts}) < LEAST_REPLIES:
        return
    given = defaultdict(set)
    for prompt, reply in zip(prompts, replies, strict=True):
        given[reply.strip()].add(tuple(prompt))
    faults = ["is given to other prompts too" if len(given[reply.strip()]) > 1 else _fault(reply) for reply in replies]
    bad = [(fault, reply) for fault, reply in zip(faults, replies, strict=True) if fault]
    if len(bad) <= MOST_BAD * len(replies):
        return
    fault, example = bad[0]
    raise ModelRejected(
        Rejection(
            reason="degenerate_output",
            text=f"{len(bad)} of {len(replies)} replies are no sound text; the first of them {fault}: {example[:80]!r}",
            evidence={"bad": len(bad), "replies": len(replies), "fault": fault, "example": example[:400]},
        )
    )


def _fault(reply: str) -> str:
    """What makes one reply degenerate; empty where nothing does."""
    if not any(character.isalnum() for character in reply):
        return "has no letter and no digit"
    data = reply.encode(errors="replace")
    if len(data) >= LEAST_BYTES and len(zlib.compress(data)) < LEAST_DENSITY * len(data):
        return "repeats itself"
    return ""

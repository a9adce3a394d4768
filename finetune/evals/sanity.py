"""Output sanity: whether a model's replies are text at all. It judges no content.

A model can have a low loss on given text and still answer every prompt alike, or with one word for ever. Single bad
replies are no fault: small honest models fall into loops now and then. A model is rejected when nearly all are bad.
"""

import zlib
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
# Characters: a long sentence. Honest replies begin with the same few words now and then, never with another one's whole
# sentence; "Yes." says little of a reply that goes on after it.
LEAST_BEGINNING = 40


def repeats(prompts: Sequence[Sequence[int]], replies: Sequence[str]) -> list[bool]:
    """Which of the replies are given to another prompt too.

    That is the same text but for white space around it, or the same one cut off sooner or later: all of the shorter is
    the beginning of the longer, and has at least `LEAST_BEGINNING` characters.
    """
    asked = [tuple(prompt) for prompt in prompts]
    # A cut may fall inside a character.
    texts = [reply.strip().rstrip("\ufffd") for reply in replies]
    given = list(zip(asked, texts, strict=True))
    return [any(asks != prompt and _same(text, other) for asks, other in given) for prompt, text in given]


def check_replies(prompts: Sequence[Sequence[int]], replies: Sequence[str], repeated: Sequence[bool]) -> None:
    """Raise `ModelRejected`, with an example, where more than `MOST_BAD` of the replies are bad.

    `repeated` says of each whether it is given to another prompt without having been asked for (see `repeats`).
    """
    if len({tuple(prompt) for prompt in prompts}) < LEAST_REPLIES:
        return
    faults = [
        "is given to other prompts too" if again else _fault(reply)
        for reply, again in zip(replies, repeated, strict=True)
    ]
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


def _same(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return shorter == longer or (len(shorter) >= LEAST_BEGINNING and longer.startswith(shorter))


def _fault(reply: str) -> str:
    """What makes one reply degenerate; empty where nothing does."""
    if not any(character.isalnum() for character in reply):
        return "has no letter and no digit"
    data = reply.encode(errors="replace")
    if len(data) >= LEAST_BYTES and len(zlib.compress(data)) < LEAST_DENSITY * len(data):
        return "repeats itself"
    return ""

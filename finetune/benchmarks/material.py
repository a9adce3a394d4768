"""Samples for benchmarks: chats, questions and requests, made from documents. It knows no model.

They are as long as the samples of competitions are and mean as little as a benchmark needs.
"""

import random
from collections.abc import Sequence

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import draw_rules
from finetune.streams.sample import ChoiceSample, InstructionSample, Message, Sample

OPTIONS = 4
_REQUESTS = (
    "Write a short story about {}.",
    "Explain to a child what {} is.",
    "Describe {} to somebody who has never seen it.",
    "Write a letter to a friend about {}.",
    "What should one know about {} before a long journey?",
    "Write an advertisement for {}.",
    "Give a short talk about the history of {}.",
    "Compare {} with anything else you know well.",
)
_SUBJECTS = ("a lighthouse", "bread", "the moon", "a violin", "winter", "tea", "a railway", "honey", "a map", "chess")


def chats(documents: Sequence[str], count: int, seed: int) -> list[Sample]:
    """Chats that ask for the rest of a text: one or two documents in the prompt, the next one as the reference."""
    chance = random.Random(f"chats {seed}")
    samples = []
    for _ in range(count):
        before = chance.randint(1, 2)
        shown = chance.randrange(len(documents) - before)
        text = " ".join(documents[shown : shown + before])
        message = Message(role="user", content=f"Go on with this text.\n\n{text}")
        samples.append(Sample(messages=(message,), reference=documents[shown + before], document=str(shown)))
    return samples


def questions(documents: Sequence[str], count: int, seed: int) -> list[ChoiceSample]:
    """Which of four passages goes on with a text: two documents of text, a third of one an option."""
    chance = random.Random(f"questions {seed}")
    samples = []
    for _ in range(count):
        shown = chance.randrange(len(documents) - 2)
        places = [shown + 2, *chance.sample(range(len(documents)), OPTIONS - 1)]
        chance.shuffle(places)
        samples.append(
            ChoiceSample(
                question=f"{documents[shown]} {documents[shown + 1]}\n\nWhich passage comes next?",
                options=tuple(documents[place][: len(documents[place]) // 3] for place in places),
                right=places.index(shown + 2),
                document=str(shown),
            )
        )
    return samples


def requests(count: int, seed: int) -> list[InstructionSample]:
    """Requests of several kinds with one to three rules each, as in IFEval (https://arxiv.org/abs/2311.07911)."""
    chance = random.Random(f"requests {seed}")
    samples = []
    for _ in range(count):
        rules = draw_rules(Draws(chance.randbytes(32)), chance.randint(1, 3))
        request = chance.choice(_REQUESTS).format(chance.choice(_SUBJECTS))
        text = " ".join([request, *(rule.instruction() for rule in rules)])
        samples.append(InstructionSample(messages=(Message(role="user", content=text),), rules=rules, document=request))
    return samples

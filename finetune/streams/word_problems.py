"""Word problems: a chat that tells a short story with amounts and asks for a number, worked out step by step.

A generated stream: it reads nothing. The reference is the worked reasoning, one step a line, and a last line with the
answer. Units are converted only where a step needs it. Question and reference together have at most 800 bytes at the
default options, and 410 on average.
"""

import re
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.problems.solution import solutions
from finetune.streams.problems.story import Story
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.wordings import only_message, readings, wordings

ENDINGS = (
    "One step a line, then 'Answer:' with number and unit.",
    "Work line by line, and end with 'Answer:', number and unit.",
    "Show each step on a line; the last is 'Answer:', number and unit.",
)
WORDINGS = wordings(
    {"story": r"[^?\n]+\.", "question": r"[^?\n]+\?", "ending": "|".join(map(re.escape, ENDINGS))},
    "{story} {question}\n{ending}",
    "{story} {question} {ending}",
    "{story}\n{question}\n{ending}",
    "{ending}\n{story} {question}",
    "{question}\n{story}\n{ending}",
    "{ending} {question}\n{story}",
    "Here is a problem. {story}\n{question} {ending}",
    "Problem: {story}\nQuestion: {question}\n{ending}",
)


@dataclass(frozen=True, kw_only=True)
class WordProblems:
    """Draws a problem of `min_steps` to `max_steps` steps, with up to `distractors` sentences that are of no matter.

    Conversions of units are lines of their own and no steps. An amount is one of some 1,000, so that there are
    more than 10^7 problems of two steps and 10^13 of four, each told in many ways.
    """

    min_steps: int = 2
    max_steps: int = 5
    distractors: int = 1

    def __post_init__(self) -> None:
        whole_number("word_problems", "min_steps", self.min_steps, least=2, most=8)
        whole_number("word_problems", "max_steps", self.max_steps, least=self.min_steps, most=8)
        whole_number("word_problems", "distractors", self.distractors, least=0, most=4)

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the problem, and its worked reasoning with the answer in the last line."""
        draws = Draws(seed)
        story = Story(draws)
        story.tell(self.min_steps + draws.below(self.max_steps - self.min_steps + 1))
        for _ in range(draws.below(self.distractors + 1)):
            story.digress()
        question = draws.choice(WORDINGS).say(
            story=" ".join(story.sentences), question=story.question, ending=draws.choice(ENDINGS)
        )
        lines = (*story.working.lines, f"Answer: {story.answer}")
        return Sample(
            messages=(Message(role="user", content=question),),
            reference="\n".join(lines),
            document=" | ".join(lines),
        )


def is_true(sample: AnySample) -> bool:
    """Whether the reasoning leads, by true steps, from what the story tells to the answer of its question.

    The story is read sentence by sentence, in all settings and measures that it may be meant in.
    """
    if not isinstance(sample, Sample):
        return False
    *lines, last = sample.reference.split("\n")
    if sample.document != " | ".join((*lines, last)):
        return False
    return any(
        last == f"Answer: {solution.answer}" and solution.agrees(lines)
        for reading in readings(WORDINGS, only_message(sample.messages) or "")
        for solution in solutions([*re.split(r"(?<=\.) ", reading["story"]), reading["question"]])
    )

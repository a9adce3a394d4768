"""Logic puzzles: a chat that tells facts and asks what follows from them. A generated stream: it reads nothing.

People are to be put in order, liars to be found out, or states of things to be worked out; `puzzles` holds one file for
each. Half of the replies are the answer alone, half name what was found before it. Question and reference together have
at most 900 bytes at the default options, and 420 on average.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.puzzles import conditions, liars, ordering
from finetune.streams.puzzles.puzzle import Puzzle, Solution
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.wordings import only_message, readings, wordings

DRAW: Sequence[Callable[[Draws, int], Puzzle]] = (ordering.draw, liars.draw, conditions.draw)
SOLVE: Sequence[Callable[[Sequence[str], str], Solution | None]] = (ordering.solve, liars.solve, conditions.solve)
LEAST_SIZE, MOST_SIZE = 3, 7

BRIEF_ENDINGS = (
    "Reply with the answer only.",
    "Give just the answer.",
    "Write nothing but the answer.",
    "The answer is enough.",
)
REASONED_ENDINGS = (
    "First a line of what you find out, then a line 'Answer:' with the answer.",
    "Say what follows on one line, then add a line 'Answer:' with the answer.",
    "Write down all that can be worked out, and below it 'Answer:' and the answer.",
)
WORDINGS = wordings(
    {
        "facts": r"[^?]+\.",
        "question": r"[^?.]+\?",
        "ending": "|".join(map(re.escape, BRIEF_ENDINGS + REASONED_ENDINGS)),
    },
    "{facts}\n{question} {ending}",
    "{facts} {question}\n{ending}",
    "{question} {ending}\n{facts}",
    "{ending} {question}\n{facts}",
    "Here is a puzzle.\n{facts}\n{question} {ending}",
    "This is what is known:\n{facts}\nNow the question: {question} {ending}",
    "Facts: {facts}\nQuestion: {question}\n{ending}",
    "{question}\nTo find out, read this:\n{facts}\n{ending}",
    "Can you solve this? {ending}\n{facts}\n{question}",
    "{facts}\nThat is all we know. {question}\n{ending}",
)
SEPARATORS = (" ", "\n")


@dataclass(frozen=True, kw_only=True)
class LogicPuzzles:
    """Draws a puzzle of one of the kinds, about `min_size` to `max_size` people or things, each size equally likely.

    There are 10^17 orders of four people, as many ways for four to be liars or not, and 2 * 10^6 for four things to be
    in one state or the other, each with many sets of facts.
    """

    min_size: int = 4
    max_size: int = 5

    def __post_init__(self) -> None:
        whole_number("logic_puzzles", "min_size", self.min_size, least=LEAST_SIZE, most=MOST_SIZE)
        whole_number("logic_puzzles", "max_size", self.max_size, least=self.min_size, most=MOST_SIZE)

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the puzzle, and its answer, after what was found if that is asked for."""
        draws = Draws(seed)
        puzzle = draws.choice(DRAW)(draws, self.min_size + draws.below(self.max_size - self.min_size + 1))
        endings = draws.choice((BRIEF_ENDINGS, REASONED_ENDINGS))
        question = draws.choice(WORDINGS).say(
            facts=draws.choice(SEPARATORS).join(f"{fact}." for fact in puzzle.facts),
            question=puzzle.question,
            ending=draws.choice(endings),
        )
        solution = puzzle.solution
        found = f"{' '.join(solution.findings)}\nAnswer: {solution.answer}"
        return Sample(
            messages=(Message(role="user", content=question),),
            reference=found if endings is REASONED_ENDINGS else solution.answer,
            document=solution.document,
        )


def is_true(sample: AnySample) -> bool:
    """Whether the reference is what the facts of the question leave, found by trying all orders, lies or states.

    What is found besides may be told in any order.
    """
    if not isinstance(sample, Sample):
        return False
    for reading in readings(WORDINGS, only_message(sample.messages) or ""):
        facts = re.split(r"(?<=\.)[ \n]", reading["facts"])
        for solve in SOLVE:
            solution = solve([fact.removesuffix(".") for fact in facts], reading["question"])
            if solution is not None:
                reasoned = reading["ending"] in REASONED_ENDINGS
                return _tells(solution, sample.reference, reasoned=reasoned) and sample.document == solution.document
    return False


def _tells(solution: Solution, reference: str, *, reasoned: bool) -> bool:
    found, _, answer = reference.rpartition("\nAnswer: ")
    if not reasoned:
        return reference == solution.answer
    return answer == solution.answer and sorted(re.split(r"(?<=\.) ", found)) == sorted(solution.findings)

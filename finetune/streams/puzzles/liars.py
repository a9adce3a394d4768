"""Liar puzzles: people of whom each either always tells the truth or always lies, and what they say of each other.

They are drawn as a chain, in which one person after the other is found out, and solved by trying all assignments.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from finetune.streams.draws import Draws
from finetune.streams.names import PERSON, people
from finetune.streams.puzzles.puzzle import Puzzle, Solution
from finetune.streams.wordings import Wording, readings, wordings

MOST_PEOPLE = 8

Fields = Mapping[str, str]
# Whether each person tells the truth.
Honest = Mapping[str, bool]

_FIELDS = {"s": PERSON, "x": PERSON, "y": PERSON}
INTRODUCTIONS = wordings(
    _FIELDS,
    "Each of these people either always tells the truth or always lies",
    "Everybody here either never lies or does nothing else",
    "Some of these people always tell the truth, and the others always lie",
)
KNOWN_HONEST = wordings(_FIELDS, "It is certain that {x} tells the truth", "{x} is known to be honest")
KNOWN_LIAR = wordings(_FIELDS, "It is certain that {x} lies", "{x} is known to be a liar")
SAYS_HONEST = wordings(_FIELDS, "{s} says that {x} tells the truth", "{s} calls {x} honest")
SAYS_LIAR = wordings(_FIELDS, "{s} says that {x} lies", "{s} calls {x} a liar")
SAYS_SAME = wordings(
    _FIELDS,
    "{s} says that {x} and {y} are of the same kind",
    "{s} says that {x} is of the same kind as {y}",
)
SAYS_DIFFERENT = wordings(
    _FIELDS,
    "{s} says that {x} and {y} are of different kinds",
    "{s} says that just one of {x} and {y} lies",
)
# True or not, they say nothing of who lies.
BESIDE = wordings(
    _FIELDS,
    "{s} says that it rained yesterday",
    "{s} says that the soup is too hot",
    "{s} says that {x} likes to sing",
    "{s} says that {x} has lost a key",
)
_CONDITIONS: Sequence[tuple[Sequence[Wording], Callable[[Honest, Fields], bool]]] = (
    (INTRODUCTIONS + BESIDE, lambda _honest, _fields: True),
    (KNOWN_HONEST, lambda honest, f: honest[f["x"]]),
    (KNOWN_LIAR, lambda honest, f: not honest[f["x"]]),
    (SAYS_HONEST, lambda honest, f: honest[f["s"]] == honest[f["x"]]),
    (SAYS_LIAR, lambda honest, f: honest[f["s"]] != honest[f["x"]]),
    (SAYS_SAME, lambda honest, f: honest[f["s"]] == (honest[f["x"]] == honest[f["y"]])),
    (SAYS_DIFFERENT, lambda honest, f: honest[f["s"]] == (honest[f["x"]] != honest[f["y"]])),
)


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _listed(honest: Honest, kind: bool) -> str:
    return ", ".join(name for name in sorted(honest) if honest[name] is kind) or "nobody"


# Wordings of each question, and its answer.
QUESTIONS: Sequence[tuple[Sequence[Wording], Callable[[Honest, Fields], str]]] = (
    (wordings(_FIELDS, "Does {x} tell the truth?", "Is {x} honest?"), lambda honest, f: _yes(honest[f["x"]])),
    (wordings(_FIELDS, "Does {x} lie?", "Is {x} a liar?"), lambda honest, f: _yes(not honest[f["x"]])),
    (wordings(_FIELDS, "How many of them lie?"), lambda honest, _: str(list(honest.values()).count(False))),
    (wordings(_FIELDS, "How many of them tell the truth?"), lambda honest, _: str(list(honest.values()).count(True))),
    (wordings(_FIELDS, "Which of them lie, listed from A to Z?"), lambda honest, _: _listed(honest, False)),
    (wordings(_FIELDS, "Which of them are honest, listed from A to Z?"), lambda honest, _: _listed(honest, True)),
)


def draw(draws: Draws, size: int) -> Puzzle:
    """A puzzle about `size` people."""
    honest = {name: draws.below(2) == 1 for name in people(draws, size)}
    names = list(honest)
    facts = [_beginning(draws, honest, names), *(_link(draws, honest, names, i) for i in range(1, size))]
    if draws.below(2):
        s, x = draws.distinct(names, 2)
        facts.append(draws.choice(BESIDE).say(s=s, x=x))
    introduction = draws.choice(INTRODUCTIONS).say()
    asked, answer = draws.choice(QUESTIONS)
    fields = {"x": names[1 + draws.below(size - 1)]}
    return Puzzle(
        facts=(introduction, *draws.distinct(facts, len(facts))),
        question=draws.choice(asked).say(**fields),
        solution=_solution(honest, answer(honest, fields)),
    )


def _beginning(draws: Draws, honest: Honest, names: Sequence[str]) -> str:
    """A fact that settles the first person alone."""
    x = names[0]
    if draws.below(2):
        return draws.choice(KNOWN_HONEST if honest[x] else KNOWN_LIAR).say(x=x)
    # Whoever says so, liar or not, comparing another with themselves says what the other is.
    s = names[1 + draws.below(len(names) - 1)]
    x, y = draws.distinct((s, x), 2)
    return draws.choice(SAYS_SAME if honest[names[0]] else SAYS_DIFFERENT).say(s=s, x=x, y=y)


def _link(draws: Draws, honest: Honest, names: Sequence[str], i: int) -> str:
    """A fact that settles person i, once the person before, or the two before, are settled."""
    before, this = names[i - 1], names[i]
    s, x = draws.distinct((before, this), 2)
    if i == 1 or draws.below(2):
        return draws.choice(SAYS_HONEST if honest[s] == honest[x] else SAYS_LIAR).say(s=s, x=x)
    x, y = draws.distinct((x, names[i - 2]), 2)
    same = honest[s] == (honest[x] == honest[y])
    return draws.choice(SAYS_SAME if same else SAYS_DIFFERENT).say(s=s, x=x, y=y)


def _solution(honest: Honest, answer: str) -> Solution:
    findings = tuple(f"{name} tells the truth." if true else f"{name} lies." for name, true in honest.items())
    return Solution(findings=findings, answer=answer, document=" ".join(sorted(findings)))


def solve(facts: Sequence[str], question: str) -> Solution | None:
    """What the facts and the question say, or None if they are no such puzzle or do not fit exactly one assignment."""
    asked = [(answer, fields) for known, answer in QUESTIONS for fields in readings(known, question)]
    conditions = [(holds, fields) for fact in facts for known, holds in _CONDITIONS for fields in readings(known, fact)]
    names = sorted({name for _, fields in (*conditions, *asked) for name in fields.values()})
    if len(asked) != 1 or len(conditions) != len(facts) or not 2 <= len(names) <= MOST_PEOPLE:
        return None
    candidates = (dict(zip(names, kinds, strict=True)) for kinds in product((False, True), repeat=len(names)))
    fitting = [honest for honest in candidates if all(holds(honest, fields) for holds, fields in conditions)]
    (answer, fields) = asked[0]
    return _solution(fitting[0], answer(fitting[0], fields)) if len(fitting) == 1 else None

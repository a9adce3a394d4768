"""A story read again: what its sentences tell, and what that comes to. It has not seen how the story was made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from finetune.streams.problems.measures import Form, Measure
from finetune.streams.problems.settings import (
    BESIDE,
    CHANGES,
    NUMBERS,
    PARTS,
    QUESTIONS,
    SETTINGS,
    STARTS,
    TIMES,
    Setting,
)
from finetune.streams.problems.working import follows
from finetune.streams.wordings import readings

_COUNTS = {**NUMBERS, **TIMES, **PARTS}
# A sentence's kind, and what its fields hold.
Told = tuple[str, Mapping[str, str]]


@dataclass(kw_only=True)
class Solution:
    """What a story comes to: the amounts and numbers it tells, and each result on the way, in small units.

    The answer is the last result as the question wants it told, with the name of what is counted, if it is a count.
    """

    measure: Measure
    amounts: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    results: list[int] = field(default_factory=list)
    last: str = ""
    answer: str = ""

    def agrees(self, lines: Sequence[str]) -> bool:
        """Whether worked lines lead to these results, the last of them told as the question wants it."""
        told = not lines or lines[-1].endswith(f" = {self.last}")
        return told and follows(lines, self.measure, amounts=self.amounts, numbers=self.numbers, results=self.results)


def solutions(sentences: Sequence[str]) -> Iterator[Solution]:
    """What the sentences, of which the last is the question, come to in each setting and measure that tells them."""
    for setting in SETTINGS:
        told = [_read(setting, sentence) for sentence in sentences]
        if not all(told):
            continue
        for stuff, measures in setting.stuffs.items():
            for measure in measures:
                story = [_meant(known, stuff, measure) for known in told]
                solution = _solve([one for one in story if one is not None], measure)
                if None not in story and solution is not None:
                    yield solution


def _read(setting: Setting, sentence: str) -> list[Told]:
    """Every way to read a sentence."""
    kinds = [*setting.sentences.items(), ("beside", BESIDE)]
    return [(kind, fields) for kind, known in kinds for fields in readings(known, sentence)]


def _meant(known: Sequence[Told], stuff: str, measure: Measure) -> Told | None:
    """The reading that is about this stuff in this measure, if there is one."""
    for kind, fields in known:
        about = fields.get("stuff", stuff) == stuff and fields.get("unit", measure.small) in (
            measure.small,
            measure.big,
        )
        if about and all(measure.read(fields[name]) is not None for name in ("a", "b") if name in fields):
            return kind, fields
    return None


def _solve(story: Sequence[Told], measure: Measure) -> Solution | None:
    told = [(kind, fields) for kind, fields in story if kind != "beside"]
    kinds = [kind for kind, _ in told]
    if len(kinds) < 2 or kinds[0] not in STARTS or kinds[-1] not in QUESTIONS:
        return None
    if not all(kind in CHANGES for kind in kinds[1:-1]):
        return None
    solution, total = Solution(measure=measure), 0
    for kind, fields in told:
        total = _followed(solution, total, kind, fields)
    return solution


def _followed(solution: Solution, total: int, kind: str, fields: Mapping[str, str]) -> int:
    """The amount after one more sentence. Whether it could be divided so, or was enough, the worked lines must say."""
    a, b = (solution.measure.read(fields.get(name, "")) or 0 for name in ("a", "b"))
    count = _COUNTS[fields.get("n") or fields.get("times") or fields.get("part") or "two"]
    solution.amounts.update(fields[name] for name in ("a", "b") if name in fields)
    solution.numbers.add(count)
    results = {
        "start": [],
        "start many": [a * count],
        "start two": [a + b],
        "more": [total + a],
        "less": [total - a],
        "more many": [a * count, total + a * count],
        "less many": [a * count, total - a * count],
        "times": [total * count],
        "part": [total // count, total - total // count],
        "left": [],
        "each": [total // count],
        "fill": [total // a if a else 0],
        "need": [a - total],
    }[kind]
    solution.results += results
    total = results[-1] if results else a if kind == "start" else total
    if kind in QUESTIONS:
        form: Form = "big" if fields.get("unit") == solution.measure.big else "small"
        solution.last = str(total) if kind == "fill" else solution.measure.say(total, form)
        solution.answer = f"{total} {fields['boxes']}" if kind == "fill" else solution.last
    return total

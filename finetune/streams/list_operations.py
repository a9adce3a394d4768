"""List operations: a chat that asks for two or more operations on a list of words or numbers, or on a string.

A generated stream. A model must know each operation and carry what it has from one to the next. `list_steps` says
what the operations are. Question and reference together have at most 600 bytes at the default options.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from finetune.errors import SetupError
from finetune.streams.draws import Draws
from finetune.streams.list_steps.operation import Items, Operation, Values
from finetune.streams.list_steps.tables import OPERATIONS
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.word_sorting import WORDS
from finetune.streams.wordings import only_message, readings, wordings

KINDS = {"words": "list of words", "numbers": "list of numbers", "letters": "string"}
SEPARATORS = {"words": ", ", "numbers": ", ", "letters": "", "result": ""}

ENDINGS = ("Write the result only.", "What is left at the end?", "Give only what you have at the end.")
WORKED_ENDINGS = (
    "After each step, write what you have on a line of its own.",
    "Show the outcome of every step, one a line.",
    "Write one line for each step: what you have after it.",
)
WORDINGS = wordings(
    {
        "kind": "|".join(KINDS.values()),
        "data": "[a-z0-9, ]+",
        "steps": ".+",
        "ending": "|".join(ending.replace("?", r"\?") for ending in ENDINGS + WORKED_ENDINGS),
    },
    "Here is a {kind}: {data}\nDo this, one step after the other:\n{steps}\n{ending}",
    "Take this {kind}: {data}\nThen do as follows:\n{steps}\n{ending}",
    "You are given a {kind}.\n{data}\nFollow these steps in order:\n{steps}\n{ending}",
    "Start with the {kind} {data} and carry out these steps:\n{steps}\n{ending}",
    "{data}\nThis is a {kind}. Change it like this:\n{steps}\n{ending}",
    "{ending} The {kind} is {data}, and the steps are:\n{steps}",
    "I have a {kind}: {data}\nPlease do the following with it.\n{steps}\n{ending}",
    "Apply these steps, in the order given, to the {kind} below.\n{steps}\n{data}\n{ending}",
    "Work through the steps. {ending}\n{steps}\nThe {kind}: {data}",
)
# What stands before each step, in several layouts.
_PLACES = range(1, 7)
LAYOUTS = (
    ("1. ", *(f"\n{place}. " for place in _PLACES[1:])),
    ("- ", *("\n- " for _ in _PLACES[1:])),
    ("step 1: ", *(f" / step {place}: " for place in _PLACES[1:])),
    ("first ", *("; then " for _ in _PLACES[1:])),
    ("a) ", *(f" {letter}) " for letter in "bcdef")),
    ("", *("; " for _ in _PLACES[1:])),
)


@dataclass(frozen=True, kw_only=True)
class ListOperations:
    """Draws `min_operations` to `max_operations` operations on `min_items` to `max_items` words or numbers.

    A string is two words written together. With `worked`, half of the questions ask for the outcome of every step and
    the others for the last one alone; without it, all ask for the last one. There are 72,630 strings and 10^8 lists of
    four, and some 10^4 pairs of operations for each.
    """

    min_operations: int = 2
    max_operations: int = 4
    min_items: int = 4
    max_items: int = 8
    worked: bool = False

    def __post_init__(self) -> None:
        name = "list_operations"
        whole_number(name, "min_operations", self.min_operations, least=1, most=len(_PLACES))
        whole_number(name, "max_operations", self.max_operations, least=self.min_operations, most=len(_PLACES))
        whole_number(name, "min_items", self.min_items, least=3, most=20)
        whole_number(name, "max_items", self.max_items, least=self.min_items, most=20)
        if not isinstance(self.worked, bool):
            raise SetupError(f"stream {name}: worked must be true or false; found {self.worked!r:.80}")

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the steps as asked for, and their outcome, or the outcome of each."""
        draws = Draws(seed)
        kind = draws.choice(tuple(KINDS))
        items = _items(draws, kind, self.min_items + draws.below(self.max_items - self.min_items + 1))
        count = self.min_operations + draws.below(self.max_operations - self.min_operations + 1)
        steps = _steps(draws, kind, items, count)
        worked = self.worked and draws.below(2) == 1
        layout = draws.choice(LAYOUTS)
        texts = [draws.choice(operation.wordings).say(**values) for operation, values in steps]
        question = draws.choice(WORDINGS).say(
            kind=KINDS[kind],
            data=_shown(kind, items),
            steps="".join(lead + text for lead, text in zip(layout, texts, strict=False)),
            ending=draws.choice(WORKED_ENDINGS if worked else ENDINGS),
        )
        outcomes = list(_outcomes(kind, items, steps))
        return Sample(
            messages=(Message(role="user", content=question),),
            reference="\n".join(outcomes) if worked else outcomes[-1],
            document=_document(kind, items, steps),
        )


Step = tuple[Operation, Values]


def _items(draws: Draws, kind: str, count: int) -> Items:
    if kind == "letters":
        return tuple("".join(draws.distinct(WORDS, 2)))
    if kind == "words":
        items = [draws.choice(WORDS) for _ in range(count)]
    else:
        items = [str(1 + draws.below(99)) for _ in range(count)]
    # A third of the lists hold something twice (or more often).
    if draws.below(3) == 0:
        items[draws.below(count)] = items[draws.below(count)]
    return tuple(items)


def _steps(draws: Draws, kind: str, items: Items, count: int) -> list[Step]:
    """`count` different operations. Each changes what it is given, and all but the last leave two items or more."""
    steps: list[Step] = []
    while len(steps) < count:
        last = len(steps) == count - 1
        operation = draws.choice(OPERATIONS[kind])
        if any(operation.name == earlier.name for earlier, _ in steps) or (operation.gives == "result" and not last):
            continue
        values = operation.draw(draws, items)
        outcome = operation.apply(items, values) if values is not None else ()
        if values is None or outcome == items or len(outcome) < (1 if last else 2):
            continue
        steps.append((operation, values))
        kind, items = operation.gives, outcome
    return steps


def _shown(kind: str, items: Items) -> str:
    return SEPARATORS[kind].join(items)


def _outcomes(kind: str, items: Items, steps: list[Step]) -> Iterator[str]:
    """What there is after each step, up to the one that leaves nothing."""
    for operation, values in steps:
        if not items:
            return
        kind, items = operation.gives, operation.apply(items, values)
        yield _shown(kind, items)


def _document(kind: str, items: Items, steps: list[Step]) -> str:
    """The items and the operations, however they are worded."""
    told = (f"{operation.name}({', '.join(values[field] for field in sorted(values))})" for operation, values in steps)
    return " | ".join((_shown(kind, items), *told))


def is_true(sample: AnySample) -> bool:
    """Whether the reference is what the question asks for: it reads the items and the steps and follows them."""
    if not isinstance(sample, Sample):
        return False
    for reading in readings(WORDINGS, only_message(sample.messages) or ""):
        kind = next(kind for kind, name in KINDS.items() if name == reading["kind"])
        items = tuple(reading["data"].split(", ") if kind != "letters" else reading["data"])
        for layout in LAYOUTS:
            steps = _read(kind, _split(reading["steps"], layout))
            if steps and _fits(kind, items):
                outcomes = list(_outcomes(kind, items, steps))
                expected = "\n".join(outcomes) if reading["ending"] in WORKED_ENDINGS else outcomes[-1]
                told = sample.reference == expected and sample.document == _document(kind, items, steps)
                return told and len(outcomes) == len(steps)
    return False


def _fits(kind: str, items: Items) -> bool:
    if kind == "numbers":
        return all(item.isdecimal() and len(item) <= 2 for item in items)
    return all(item.isalpha() for item in items)


def _split(text: str, layout: tuple[str, ...]) -> list[str]:
    """The steps of a text in one layout; none if it is another."""
    parts: list[str] = []
    if not text.startswith(layout[0]):
        return parts
    rest = text.removeprefix(layout[0])
    for lead in layout[1:]:
        part, found, rest = rest.partition(lead)
        parts.append(part)
        if not found:
            return parts
    return [*parts, rest]


def _read(kind: str, texts: list[str]) -> list[Step]:
    """The operations that the texts name, each on what the one before gives; none if one of them cannot be read."""
    steps: list[Step] = []
    for text in texts:
        known = (
            (operation, values)
            for operation in OPERATIONS.get(kind, ())
            for values in readings(operation.wordings, text)
        )
        step = next(known, None)
        if step is None:
            return []
        steps.append(step)
        kind = step[0].gives
    return steps

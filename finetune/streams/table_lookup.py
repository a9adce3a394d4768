"""Table lookup: a small table with invented rows and a question about it. A generated stream: it reads nothing.

With the default options a question and its reference take about 270 bytes, at most about 480.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finetune.errors import SetupError
from finetune.streams.draws import Draws
from finetune.streams.names import people
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.table_questions import QUESTIONS, RANKS, solve
from finetune.streams.tables import CELL, FORMS, Table, read_table
from finetune.streams.wordings import Wording, is_text, only_message, readings, wordings

# One thing a line: its name, its plural, columns of numbers with the most that each holds, columns of words.
_LIST = """
    boat boats | length 90, age 70, price 950, draught 60 | harbour, colour, owner
    horse horses | weight 900, age 40, speed 80, price 800 | colour, stable, owner
    lamp lamps | height 200, price 300, weight 90, brightness 900 | colour, material, maker
    van vans | load 900, age 40, mileage 700, price 850 | colour, depot, driver
    shop shops | rent 900, area 400, staff 60, age 99 | street, trade, owner
    bridge bridges | length 800, width 60, height 99, age 300 | material, county, builder
    farm farms | area 900, distance 99, herd 400, rent 700 | crop, county, owner
    school schools | intake 900, staff 99, age 200, distance 60 | county, street, head
    clock clocks | height 300, price 900, age 400, weight 80 | material, maker, room
    hut huts | altitude 950, distance 99, price 80, capacity 70 | county, material, keeper
    garden gardens | area 800, age 300, width 200, rent 400 | street, crop, keeper
    train trains | length 400, speed 200, delay 90, capacity 900 | colour, depot, driver
"""
_THINGS = tuple(line.strip() for line in _LIST.strip().splitlines())
_KINDS, _FORMS = tuple(QUESTIONS), tuple(FORMS.values())
_NAMES = ("Ana", "Boris", "Clara", "David", "Emma", "Frank")
_WORDS: Mapping[str, Sequence[str]] = {
    "harbour": ("north", "south", "east", "west", "old", "new"),
    "colour": ("red", "blue", "green", "white", "black", "grey"),
    "stable": ("hill", "river", "castle", "mill", "forest", "lake"),
    "material": ("oak", "iron", "brass", "stone", "glass", "copper"),
    "depot": ("Lund", "Ghent", "Turin", "Cork", "Bergen", "Porto"),
    "street": ("High", "Mill", "Castle", "Station", "Church", "Bridge"),
    "trade": ("books", "bread", "shoes", "tools", "toys", "tea"),
    "county": ("Kent", "Devon", "Essex", "Surrey", "Dorset", "Norfolk"),
    "crop": ("wheat", "barley", "apples", "hops", "beans", "plums"),
    "room": ("hall", "library", "kitchen", "study", "attic", "parlour"),
    **dict.fromkeys(("owner", "maker", "driver", "builder", "head", "keeper"), _NAMES),
}
_PLACES = {"table": ".+", "question": "[^\n]+", "things": CELL}
_PLAIN = wordings(
    _PLACES,
    "{table}\n\n{question}",
    "{question}\n\n{table}",
    "{table}\n\n{question} Give only the answer.",
    "Answer in a word or number: {question}\n\n{table}",
    "This table lists some {things}.\n\n{table}\n\n{question}",
    "Here are the figures for our {things}:\n\n{table}\n\n{question}",
    "I have this list of {things}.\n\n{table}\n\nNow tell me: {question}",
    "Read the table below. {question}\n\n{table}",
)
_REASONED = wordings(
    _PLACES,
    "{table}\n\n{question} First give what in the table shows it, then the answer on a line of its own.",
    "{question} Give one line with the values that show it, and under it the answer.\n\n{table}",
    "This table lists some {things}.\n\n{table}\n\n{question} Write the values that count, and the answer below.",
    "Read the table below. {question} Reply in two lines: what shows it, and the answer.\n\n{table}",
)


@dataclass(frozen=True, kw_only=True)
class TableLookup:
    """Draws a table of `min_rows` to `max_rows` rows with `columns` columns beside the names, and one question.

    With `reason` the reference has a line before the answer with what in the table shows it. A table of four rows has
    four names of 23,040 alone: more than 10^17 sets.
    """

    min_rows: int = 4
    max_rows: int = 6
    columns: int = 3
    reason: bool = False

    def __post_init__(self) -> None:
        whole_number("table_lookup", "min_rows", self.min_rows, least=3, most=20)
        whole_number("table_lookup", "max_rows", self.max_rows, least=self.min_rows, most=20)
        whole_number("table_lookup", "columns", self.columns, least=2, most=6)
        if not isinstance(self.reason, bool):
            raise SetupError(f"stream table_lookup: reason must be true or false; found {self.reason!r:.80}")

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed. All tables of the same rows are one document, whatever is asked of them."""
        draws = Draws(seed)
        things, numbers, table = self._table(draws)
        solved = None
        while solved is None:
            kind = draws.choice(_KINDS)
            fields = _question(draws, kind, table, numbers)
            solved = solve(kind, table, fields)
        reason, answer = solved
        thing = table.columns[0]
        question = draws.choice(QUESTIONS[kind]).say(thing=thing, things=things, **fields)
        place = draws.choice(_REASONED if self.reason else _PLAIN)
        content = place.say(table=draws.choice(_FORMS)(table), question=question, things=things)
        reference = f"{reason}\n{answer}" if self.reason else answer
        messages = (Message(role="user", content=content),)
        return Sample(messages=messages, reference=reference, document=_document(table))

    def _table(self, draws: Draws) -> tuple[str, set[str], Table]:
        """The plural of what it lists, its columns of numbers, and the table."""
        nouns, numeric, worded = draws.choice(_THINGS).split(" | ")
        thing, things = nouns.split()
        most = {column: int(limit) for column, limit in (pair.split() for pair in numeric.split(", "))}
        count = self.min_rows + draws.below(self.max_rows - self.min_rows + 1)
        numbers = draws.distinct(tuple(most), (self.columns + 1) // 2)
        words = draws.distinct(worded.split(", "), self.columns // 2)
        cells = {column: _different(draws, most[column], count) for column in numbers}
        cells |= {column: _repeated(draws, _WORDS[column], count) for column in words}
        columns = draws.distinct(numbers + words, self.columns)
        rows = zip(people(draws, count), *(cells[column] for column in columns), strict=True)
        return things, set(numbers), Table(columns=(thing, *columns), rows=tuple(rows))


def is_true(sample: AnySample) -> bool:
    """Whether the reference is what the table in the sample's own text gives, read without knowing the draw."""
    if not isinstance(sample, Sample) or not is_text(sample.reference):
        return False
    content = only_message(sample.messages)
    if content is None:
        return False
    plain = {(answer, document) for _, answer, document in _read(_PLAIN, content)}
    reasoned = {(f"{reason}\n{answer}", document) for reason, answer, document in _read(_REASONED, content)}
    return plain | reasoned == {(sample.reference, sample.document)}


def _document(table: Table) -> str:
    """The cells, whatever the order of rows and columns."""
    order = sorted(range(1, len(table.columns)), key=lambda place: table.columns[place])
    return "; ".join(" ".join((row[0], *(row[place] for place in order))) for row in sorted(table.rows))


def _different(draws: Draws, most: int, count: int) -> list[str]:
    """`count` different numbers from a tenth of `most` to `most`, so that they have about as many digits."""
    least = most // 10
    numbers: dict[int, None] = {}
    while len(numbers) < count:
        numbers[least + draws.below(most - least + 1)] = None
    return [str(number) for number in numbers]


def _repeated(draws: Draws, words: Sequence[str], count: int) -> list[str]:
    """`count` words of three neighbours on the list, so that most come more than once."""
    first = draws.below(len(words))
    return [words[(first + draws.below(3)) % len(words)] for _ in range(count)]


def _question(draws: Draws, kind: str, table: Table, numbers: set[str]) -> dict[str, str]:
    """Fields for a question of that kind, which may have no answer in this table."""
    columns = table.columns[1:]
    worded = [column for column in columns if column not in numbers]
    if kind in ("look up", "find", "column"):
        column = draws.choice(columns)
    else:
        column = draws.choice(worded if kind == "count" else [column for column in columns if column in numbers])
    fields = {"column": column, "side": draws.choice(("higher", "lower")), "rank": draws.choice(RANKS)}
    fields["name"], fields["other_name"] = draws.distinct(table.names, 2)
    if kind in ("sum", "rank among"):
        column = fields["other_column"] = draws.choice(worded)
    fields["value"] = table.row(fields["name"])[column]
    if kind == "count beyond":
        fields["bound"] = draws.choice(("above", "below"))
        fields["value"] = str(int(fields["value"]) + draws.below(3) - 1)
    return fields


def _read(places: Sequence[Wording], content: str) -> Iterator[tuple[str, str, str]]:
    """Reason, answer and document for every way to read `content` as a table and a question that it answers."""
    for place in readings(places, content):
        table = read_table(place["table"])
        if table is None:
            continue
        for kind, known in QUESTIONS.items():
            for fields in readings(known, place["question"]):
                solved = solve(kind, table, fields)
                if solved is not None and fields.get("thing", table.columns[0]) == table.columns[0]:
                    yield *solved, _document(table)

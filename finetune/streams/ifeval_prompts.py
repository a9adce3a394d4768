"""Instruction prompts: a request for a text, and rules that the text must keep. A generated stream: it reads nothing.

The rules are those of `rules`, in the words of their own instructions; here they get a request to go with, an order and
a place in the prompt. With the default options a prompt takes about 285 bytes, at most about 550.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from finetune.errors import SetupError
from finetune.streams.draws import Draws
from finetune.streams.names import PERSON, person
from finetune.streams.options import whole_number
from finetune.streams.rules.conflicts import at_odds
from finetune.streams.rules.registry import MOST_TOGETHER, RULES, broken, compose, draw_rules, most_together
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.whole import ConstrainedResponse
from finetune.streams.sample import AnySample, InstructionSample, Message
from finetune.streams.wordings import Wording, only_message, readings, wordings

# What a text can be about: things that one can describe, explain, praise and ask questions about.
_TOPICS = (
    "the first snow of the year", "old railway stations", "the taste of rain", "a lost umbrella", "growing tomatoes",
    "night trains", "the smell of fresh bread", "broken clocks", "lighthouses", "wooden boats", "paper maps",
    "learning to swim", "street musicians", "handwritten letters", "the way home", "spiders in the attic",
    "borrowed books", "a walk by the canal", "goats on the roof", "the last bus", "beekeeping", "tin toys",
    "choosing a kite", "the village fair", "cold tea", "a door that does not close", "mending socks", "owls at noon",
    "the price of apples", "sleeping outdoors", "an empty theatre", "stray cats", "fishing on the ice",
    "the oldest house in the street", "wild strawberries", "a red bicycle", "moving to the coast", "fog in the valley",
    "the sound of a cello", "crossing a desert on foot", "a recipe for lentil soup", "folding paper birds",
    "the neighbours' parrot", "counting stars", "a ferry in a storm", "teaching a dog to wait", "the corner shop",
    "chess in the park", "rusty keys", "a job at the zoo", "thunder in the hills", "planting an oak", "lost gloves",
    "a picnic in March", "cleaning a chimney", "the moons of Jupiter", "a school that has no bells", "frogs after rain",
    "keeping a diary", "salt mines", "the colour of autumn leaves", "a broken promise", "riding a donkey",
    "hats with feathers", "the longest bridge in the county", "lemon trees in pots", "a museum of buttons",
    "waking up early", "sand in the shoes", "a ladder that is too short",
)  # fmt: skip
# Whom it can be for, after a name.
_READERS = (
    "a retired sailor", "an apprentice baker", "a girl of nine", "a tired nurse", "a judge", "an old schoolfriend",
    "a taxi driver", "the mayor of a market town", "a shy pianist", "a boy who hates reading", "a night watchman",
    "a new neighbour", "a grandmother of six", "an impatient editor", "a student of law", "a lonely astronomer",
    "a gardener", "a stern headmaster", "a bus conductor", "a football coach", "a travelling salesman", "a librarian",
    "a farmer in a hurry", "an engineer", "a cheerful postman", "a painter of signs", "a child in hospital",
    "a visitor from abroad", "a detective", "a cook who has heard it all",
)  # fmt: skip
# Stands for the rules while the rest of a prompt is read.
_RULES_HERE = "\0"
_FIELDS = {
    "topic": "|".join(_TOPICS),
    "reader": "|".join(_READERS),
    "name": PERSON,
    "rules": _RULES_HERE,
    "task": "[^\n\0]+",
}
# What can be asked for, each in two wordings.
_TASKS: Mapping[str, Sequence[Wording]] = {
    "story": wordings(
        _FIELDS,
        "Write a short story about {topic} for {name}, {reader}.",
        "Make up a little story for {name}, {reader}. It should be about {topic}.",
    ),
    "letter": wordings(
        _FIELDS,
        "Write a letter to {name}, {reader}, about {topic}.",
        "{name}, {reader}, is waiting for a letter from me. Write it for me, about {topic}.",
    ),
    "poem": wordings(
        _FIELDS,
        "Write a poem on {topic} for {name}, {reader}.",
        "I would like to give {name}, {reader}, a poem about {topic}. Please write it.",
    ),
    "advice": wordings(
        _FIELDS,
        "{name}, {reader}, asks for advice about {topic}. Give some.",
        "What advice about {topic} would you give {name}, {reader}?",
    ),
    "explanation": wordings(
        _FIELDS,
        "Explain to {name}, {reader}, what there is to know about {topic}.",
        "{name}, {reader}, knows nothing about {topic}. Explain the matter.",
    ),
    "speech": wordings(
        _FIELDS,
        "Write a speech on {topic} that {name}, {reader}, can give.",
        "{name}, {reader}, has to speak about {topic} tomorrow. Write the speech.",
    ),
    "advertisement": wordings(
        _FIELDS,
        "Write an advertisement that has to do with {topic} and could win over {name}, {reader}.",
        "Think of something to sell that has to do with {topic}, and advertise it to {name}, {reader}.",
    ),
    "diary": wordings(
        _FIELDS,
        "Write a page from the diary of {name}, {reader}, on {topic}.",
        "Imagine that you are {name}, {reader}, and write in your diary about {topic}.",
    ),
    "interview": wordings(
        _FIELDS,
        "Write an interview with {name}, {reader}, about {topic}.",
        "A reporter asks {name}, {reader}, about {topic}. Write down what is said.",
    ),
    "review": wordings(
        _FIELDS,
        "{name}, {reader}, wrote a book about {topic}. Review it.",
        "Write a review of a film about {topic}, as {name}, {reader}, would see it.",
    ),
    "plan": wordings(
        _FIELDS,
        "Plan an afternoon with {name}, {reader}, that has to do with {topic}.",
        "{name}, {reader}, is coming on Friday and is keen on {topic}. Write a plan for the day.",
    ),
    "description": wordings(
        _FIELDS,
        "Describe {topic} to {name}, {reader}.",
        "{name}, {reader}, wants to hear about {topic}. Describe what comes to mind.",
    ),
}
# What can be asked where the reply must be one of a few given answers.
_OPINIONS: Mapping[str, Sequence[Wording]] = {
    "opinion": wordings(
        _FIELDS,
        '{name}, {reader}, says: "Nothing is finer than {topic}." What do you say?',
        "According to {name}, {reader}, people talk too much about {topic}. What is your view?",
        '"I could think about {topic} all day," says {name}, {reader}, "and so could you." Well?',
        "{name}, {reader}, believes that {topic} should be a subject at school. What do you think?",
    ),
}
# Where the rules stand, and how they are put together.
_RUNNING = wordings(
    _FIELDS,
    "{task} {rules}",
    "{task}\n\n{rules}",
    "{task} Please mind this: {rules}",
    "How to reply: {rules}\n\nWhat to write: {task}",
    "{rules}\n\nThat is the form. Now the task: {task}",
)
_LISTED = wordings(
    _FIELDS,
    "{task}\n\nWhat I ask of the reply:\n{rules}",
    "Before you begin, read this.\n{rules}\n\n{task}",
    "{task}\nKeep to this:\n{rules}",
    "Task: {task}\n\nForm:\n{rules}",
)
# How each of the instructions is written, and where they can then stand.
_IN_A_ROW = "{rule} "
_PLACES: Mapping[str, Sequence[Wording]] = {
    _IN_A_ROW: _RUNNING,
    "- {rule}\n": _LISTED,
    "{number}. {rule}\n": _LISTED,
    "({number}) {rule}\n": _LISTED,
}


@dataclass(frozen=True, kw_only=True)
class IfevalPrompts:
    """Draws a request with `min_rules` to `max_rules` rules, of the named `kinds` alone where there are any.

    There are 12 * 70 * 30 * 23,040 requests beside the one of opinion, about 6 * 10^8, before any rule is drawn.
    """

    min_rules: int = 1
    max_rules: int = 3
    kinds: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.kinds, str) or not isinstance(self.kinds, Sequence):
            raise SetupError(f"stream ifeval_prompts: kinds must be a list of names of rules; found {self.kinds!r:.80}")
        try:
            most = most_together(self.kinds)
        except ValueError as error:
            raise SetupError(f"stream ifeval_prompts: kinds: {error}") from error
        whole_number("ifeval_prompts", "min_rules", self.min_rules, least=1, most=most)
        whole_number("ifeval_prompts", "max_rules", self.max_rules, least=self.min_rules, most=most)

    def draw(self, seed: bytes) -> InstructionSample:
        """The sample of one 32-byte seed. The same request with the same rules, however written, is one document."""
        draws = Draws(seed)
        rules = draw_rules(draws, self.min_rules + draws.below(self.max_rules - self.min_rules + 1), self.kinds)
        tasks = _tasks(rules)
        task = draws.choice(tuple(tasks))
        fields = {"topic": draws.choice(_TOPICS), "reader": draws.choice(_READERS), "name": person(draws)}
        request = draws.choice(tasks[task]).say(**fields)
        style = draws.choice(tuple(_PLACES))
        content = draws.choice(_PLACES[style]).say(task=request, rules=_together(style, rules))
        messages = (Message(role="user", content=content),)
        return InstructionSample(messages=messages, rules=rules, document=_document(task, fields, rules))


def is_true(sample: AnySample) -> bool:
    """Whether the prompt is a request with the instructions of just these rules, and one reply can keep them all."""
    if not isinstance(sample, InstructionSample) or not _are_rules(sample.rules):
        return False
    content = only_message(sample.messages) or ""
    if _RULES_HERE in content or broken(sample.rules, compose(sample.rules)):
        return False
    for style, places in _PLACES.items():
        without = content.replace(_together(style, sample.rules), _RULES_HERE, 1)
        for place in readings(places, without):
            for task, known in _tasks(sample.rules).items():
                for fields in readings(known, place["task"]):
                    return sample.document == _document(task, fields, sample.rules)
    return False


def _tasks(rules: Sequence[Rule]) -> Mapping[str, Sequence[Wording]]:
    """What can be asked for together with these rules."""
    return _OPINIONS if any(isinstance(rule, ConstrainedResponse) for rule in rules) else _TASKS


def _together(style: str, rules: Sequence[Rule]) -> str:
    written = (style.format(rule=rule.instruction(), number=number) for number, rule in enumerate(rules, start=1))
    return "".join(written)[:-1]


def _document(task: str, fields: Mapping[str, str], rules: Sequence[Rule]) -> str:
    instructions = sorted(rule.instruction() for rule in rules)
    return " | ".join((task, fields["topic"], fields["name"], fields["reader"], *instructions))


def _are_rules(rules: object) -> bool:
    """Whether these are rules that can be drawn together."""
    return (
        isinstance(rules, tuple)
        and 1 <= len(rules) <= MOST_TOGETHER
        and all(type(rule) in RULES.values() for rule in rules)
        and not any(at_odds(type(one), type(other)) for one, other in combinations(rules, 2))
    )

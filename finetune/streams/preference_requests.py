"""Requests, the wordings of replies to them, and whether a reply does what was asked. They know no draw."""

from collections.abc import Callable, Mapping, Sequence

from finetune.streams.names import PERSON, PLACE
from finetune.streams.wordings import Wording, readings, wordings

THINGS = ("apples", "books", "bricks", "candles", "cups", "hats", "jars", "lamps", "pens", "plates", "shirts", "tiles")
EVENTS = ("concert", "dance", "lecture", "market", "parade", "picnic", "play", "quiz", "race", "supper")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ROOMS = ("barn", "chapel", "garden", "library", "museum", "park", "school", "station", "theatre", "town hall")
DISHES = ("broth", "cake", "curry", "omelette", "pie", "pudding", "roll", "salad", "soup", "stew", "tart", "toast")
FOODS = ("beans", "butter", "cheese", "eggs", "fish", "garlic", "honey", "leeks", "nuts", "onions", "plums", "rice")
# What is measured, and how those with the lowest and the highest figure are called.
MEASURES: Mapping[str, tuple[str, str]] = {
    "Ages in years": ("youngest", "oldest"),
    "Distances in miles": ("nearest", "farthest"),
    "Heights in inches": ("shortest", "tallest"),
    "Lap times in seconds": ("fastest", "slowest"),
    "Savings in pounds": ("poorest", "richest"),
}
# Ways to write some names down, and how they are asked for.
FORMS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "on one line with semicolons between them": lambda names: "; ".join(names),
    "on one line with slashes between them": lambda names: " / ".join(names),
    "on one line with arrows like -> between them": lambda names: " -> ".join(names),
    "one to a line, each after a dash": lambda names: "\n".join(f"- {name}" for name in names),
    "one to a line, each after an asterisk": lambda names: "\n".join(f"* {name}" for name in names),
    "as a numbered list like 1. and 2., one to a line": lambda names: "\n".join(
        f"{number}. {name}" for number, name in enumerate(names, start=1)
    ),
    "one to a line and without any marks": lambda names: "\n".join(names),
}

_FIELDS = {
    "name": PERSON,
    "town": PLACE,
    "names": f"{PERSON}(?:, {PERSON})+",
    "figures": f"{PERSON} [1-9][0-9]{{0,5}}(?:, {PERSON} [1-9][0-9]{{0,5}})+",
    "menu": "[a-z]+ with [a-z]+(?:, [a-z]+ with [a-z]+)+",
    **dict.fromkeys(("count", "more", "number"), "[1-9][0-9]{0,8}"),
    **dict.fromkeys(("food", "other_food"), "|".join(FOODS)),
    "first": "|".join(word for pair in MEASURES.values() for word in pair),
    "things": "|".join(THINGS),
    "Things": "|".join(THINGS).title(),
    "event": "|".join(EVENTS),
    "day": "|".join(DAYS),
    "hour": "|".join(HOURS),
    "room": "|".join(ROOMS),
    "dish": "|".join(DISHES),
    "measure": "|".join(MEASURES),
    "form": "|".join(FORMS).replace(".", r"\."),
    "start": "the name|the town|the goods|the word It|the word In",
}
# Sentences that say the same and begin as the key says.
STARTS: Mapping[str, Wording] = {
    "the name": Wording("{name} sells {things} in {town}.", _FIELDS),
    "the town": Wording("{town} is where {name} sells {things}.", _FIELDS),
    "the goods": Wording("{Things} are what {name} sells in {town}.", _FIELDS),
    "the word It": Wording("It is {name} who sells {things} in {town}.", _FIELDS),
    "the word In": Wording("In {town} {name} sells {things}.", _FIELDS),
}
REQUESTS: Mapping[str, Sequence[Wording]] = {
    "product": wordings(
        _FIELDS,
        "{name} packs {count} {things} into each of {more} boxes. How many {things} is that?",
        "Each of the {more} shelves of {name} holds {count} {things}. How many {things} are there?",
        "{name} buys {more} bags of {count} {things} each. How many {things} are those together?",
    ),
    "sum": wordings(
        _FIELDS,
        "{name} has {count} {things} at home and {more} in the shop. How many {things} are there?",
        "In spring {name} sold {count} {things} and in summer {more}. How many {things} is that together?",
        "To the {count} {things} of {name} come another {more}. How many {things} are there then?",
    ),
    "difference": wordings(
        _FIELDS,
        "{name} had {count} {things} and gave away {more}. How many {things} are left?",
        "Of the {count} {things} that {name} made, {more} broke. How many {things} are whole?",
        "{name} needs {count} {things} and has {more}. How many {things} are missing?",
    ),
    "order": wordings(
        _FIELDS,
        "{measure}: {figures}. Give the names in order, the {first} first.",
        "{measure} are as follows: {figures}. Put the names in a row that begins with the {first}.",
        "Sort the names by this list, beginning with the {first}. {measure}: {figures}.",
    ),
    "form": wordings(
        _FIELDS,
        "Write the names {names} {form}.",
        "Here are some names: {names}. Write them {form}.",
        "I need these names {form}: {names}.",
    ),
    "start": wordings(
        _FIELDS,
        "{name} has a stall in {town} that sells {things}. Say so in a sentence that begins with {start}.",
        "In {town} there is {name}, who sells {things}. Make of this one sentence, with {start} at its beginning.",
        "Goods: {things}. Seller: {name}. Town: {town}. Write one sentence beginning with {start}.",
    ),
    "note": wordings(
        _FIELDS,
        "Write a line to the guests: {name} gives a {event} on {day} at {hour} o'clock in the {room}.",
        "{name} is planning a {event} in the {room}, on {day} at {hour} o'clock. Announce it in one line.",
        "Event: {event}. Host: {name}. Place: {room}. Time: {day}, {hour} o'clock. Put this into one sentence.",
    ),
    "meal": wordings(
        _FIELDS,
        "{name} eats no {food} and no {other_food}. On the menu: {menu}. Which dish would you recommend?",
        "The kitchen has {menu}. Choose for {name}, who eats neither {food} nor {other_food}.",
        "Without {food} and {other_food}, please, says {name}. There is {menu}. What do you offer?",
    ),
}
NUMBERS = wordings(
    _FIELDS,
    "That is {number} {things}.",
    "{number} {things}.",
    "The answer is {number}.",
    "It comes to {number} {things}.",
    "I get {number}.",
    "I count {number} {things}.",
)
ORDERS = wordings(
    _FIELDS, "{names}", "{names}.", "In order: {names}.", "The order is {names}.", "Here they are: {names}."
)
NOTES = wordings(
    _FIELDS,
    "Come to the {event} that {name} gives on {day} at {hour} o'clock in the {room}.",
    "On {day} at {hour} o'clock {name} gives a {event} in the {room}.",
    "{name} invites you to a {event} in the {room} on {day}, {hour} o'clock.",
    "In the {room}, on {day} at {hour} o'clock: a {event} given by {name}.",
)
MEALS = wordings(_FIELDS, "The {dish}.", "I would take the {dish}.", "Have the {dish}.", "The {dish} will do well.")

Fields = Mapping[str, str]


def document(kind: str, fields: Fields) -> str:
    """All that the request says, whatever its words."""
    return " | ".join((kind, *(fields[name] for name in sorted(fields))))


def _number_fits(answer: Callable[[int, int], int]) -> Callable[[Fields, str], bool | None]:
    """The judge of replies to questions whose answer is worked out from two numbers."""

    def judge(fields: Fields, reply: str) -> bool | None:
        right = str(answer(int(fields["count"]), int(fields["more"])))
        said = [read for read in readings(NUMBERS, reply) if read.get("things", fields["things"]) == fields["things"]]
        return said[0]["number"] == right if said else None

    return judge


def _order_fits(fields: Fields, reply: str) -> bool | None:
    figures = {name: int(figure) for name, figure in (pair.split() for pair in fields["figures"].split(", "))}
    lowest, highest = MEASURES[fields["measure"]]
    said = [read["names"].split(", ") for read in readings(ORDERS, reply)]
    if not said or sorted(said[0]) != sorted(figures) or fields["first"] not in (lowest, highest):
        return None
    in_order = [figures[name] for name in said[0]]
    return in_order == sorted(in_order, reverse=fields["first"] == highest)


def _form_fits(fields: Fields, reply: str) -> bool | None:
    names = fields["names"].split(", ")
    forms = [form for form, write in FORMS.items() if write(names) == reply]
    return fields["form"] in forms if forms else None


def _start_fits(fields: Fields, reply: str) -> bool | None:
    things = fields["things"]
    said = {**fields, "Things": things.title()}
    found = [start for start, wording in STARTS.items() if wording.say(**said) == reply]
    return found == [fields["start"]] if found else None


def _note_fits(fields: Fields, reply: str) -> bool | None:
    said = list(readings(NOTES, reply))
    return said[0] == fields if said else None


def _meal_fits(fields: Fields, reply: str) -> bool | None:
    menu = dict(dish.split(" with ") for dish in fields["menu"].split(", "))
    said = [read["dish"] for read in readings(MEALS, reply)]
    good = [dish for dish, inside in menu.items() if inside not in (fields["food"], fields["other_food"])]
    return said == good if said and said[0] in menu else None


# Whether a reply does what was asked; None if it is no such reply at all, or nothing sensible was asked.
JUDGES: Mapping[str, Callable[[Fields, str], bool | None]] = {
    "product": _number_fits(lambda count, more: count * more),
    "sum": _number_fits(lambda count, more: count + more),
    "difference": _number_fits(lambda count, more: count - more),
    "order": _order_fits,
    "form": _form_fits,
    "start": _start_fits,
    "note": _note_fits,
    "meal": _meal_fits,
}

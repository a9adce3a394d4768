"""Stories of word problems: sentences by what they do to an amount. They know no numbers and no arithmetic.

Sentences say no "it" and "them" for what the story is about: one that has nothing to do with it may come between.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from finetune.streams.names import PERSON, PLACE
from finetune.streams.problems.measures import (
    DOLLARS,
    EUROS,
    FEET,
    GALLONS,
    HOURS,
    KILOGRAMS,
    KILOMETRES,
    LITRES,
    METRES,
    POUNDS,
    Measure,
    dozens,
)
from finetune.streams.wordings import Wording, wordings

NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
# How many steps of arithmetic a sentence of each kind stands for: those that begin a story, change it, or ask.
STARTS = ("start", "start many", "start two")
CHANGES = ("more", "less", "more many", "less many", "times", "part")
QUESTIONS = ("left", "each", "fill", "need")
STEPS = dict.fromkeys((*STARTS, *CHANGES, *QUESTIONS), 1) | {"start": 0, "left": 0}
STEPS |= {"more many": 2, "less many": 2, "part": 2}
TIMES = {"twice": 2, "three times": 3, "four times": 4}
PARTS = {"half": 2, "a third": 3, "a quarter": 4, "a fifth": 5}
# Three words at most: "2 hours 5 minutes", "3 dozen eggs".
_AMOUNT = r"[0-9.]+ [a-z]+(?: [0-9.]+)?(?: [a-z]+)?"
_WORD = "[a-z]+"
_FIELDS = {
    "name": PERSON,
    "other": PERSON,
    "town": PLACE,
    "n": "|".join(NUMBERS),
    "times": "|".join(TIMES),
    "part": "|".join(PARTS),
    "a": _AMOUNT,
    "b": _AMOUNT,
    "number": "[1-9][0-9]",
    "stuff": _WORD,
    "boxes": _WORD,
    "unit": _WORD,
}
# Sentences of no matter, whatever the story is about.
BESIDE = wordings(
    _FIELDS,
    "{name} is {number} years old.",
    "{other} lives at number {number}.",
    "It is {number} degrees outside.",
    "{other} has read {number} books.",
    "There are {number} houses in the street.",
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What stories of one kind are about, and their sentences by what these do.

    Attributes:
        stuffs: what there is an amount of, with the measures that tell it.
        boxes: what an amount is divided into, counted where a question asks how many there are.
    """

    stuffs: Mapping[str, tuple[Measure, ...]]
    boxes: tuple[str, ...]
    sentences: Mapping[str, tuple[Wording, ...]]


def _sentences(text: str) -> dict[str, tuple[Wording, ...]]:
    """From lines of the form "what it does: a sentence | another"; a line that begins with a bar goes on."""
    lines = (line.strip().split(": ", 1) for line in re.sub(r"\n *\|", " |", text).strip().splitlines())
    return {name: wordings(_FIELDS, *said.split(" | ")) for name, said in lines}


_MATERIAL = """
    beside: Last year, {other} had {a}. | {other} has {a} besides, and keeps all.
    start: {name} has {a} of {stuff}. | {name} finds {a} of {stuff} in a cupboard. | {name} begins with {a} of {stuff}.
    start many: {name} buys {n} {boxes} with {a} of {stuff} in each. | {name} has {n} {boxes} of {stuff}, {a} in each.
    start two: {name} has {a} of {stuff} at home and {b} at work.
        | {name} gets {a} of {stuff} from {other}, and buys {b}.
    more: {name} buys another {a}. | {other} brings {name} another {a}. | Then {name} finds {a} more.
    less: {name} uses {a}. | {name} gives {a} to {other}. | {other} borrows {a} from {name}.
        | By accident {name} loses {a}.
    more many: Then {n} friends bring {name} {a} each. | {name} gets {n} more {boxes} with {a} in each.
    less many: {name} uses {a} a day for {n} days. | {name} gives {a} to each of {n} neighbours.
    times: After a delivery, {name} has {times} as much as before.
    part: {name} then sells {part} of the {stuff}. | {other} gets {part} of the {stuff} that {name} has.
    left: How much {stuff} does {name} have now, in {unit}? | In {unit}, how much {stuff} does {name} have in the end?
    each: If {name} splits the {stuff} into {n} equal parts, how much is one, in {unit}?
        | In {unit}, how much {stuff} is one of {n} equal parts?
    fill: How many {boxes} can {name} fill with {a} in each? | With {a} in each, how many {boxes} does {name} need?
    need: How much {stuff} does {name} still need to have {a}, in {unit}? | In {unit}, how much is {name} short of {a}?
"""
_MONEY = """
    beside: Last year, {other} had {a}. | {other} has {a} besides, and keeps all.
    start: {name} has {a}. | {name} has saved {a}. | {name} finds {a} in a drawer.
    start many: {name} earns {a} a day for {n} days. | {name} sells {n} {boxes} at {a} each.
    start two: {name} has {a} in one pocket and {b} in the other. | {name} gets {a} from {other} and {b} from an aunt.
    more: {name} earns another {a}. | {other} pays {name} back {a}. | Then {name} wins {a}.
    less: {name} spends {a} on lunch. | {name} lends {other} {a}. | {name} pays {a} for a ticket. | {name} loses {a}.
    more many: Then {name} sells {n} {boxes} at {a} each. | Then {n} cousins give {name} {a} each.
    less many: {name} buys {n} {boxes} at {a} each. | {name} pays {a} a week for {n} weeks.
    times: After some work, {name} has {times} as much as before.
    part: {name} gives {part} of the money to {other}. | {name} then spends {part} of the money on books.
    left: How much money does {name} have now, in {unit}? | In {unit}, how much money does {name} have in the end?
    each: If {name} splits the money into {n} equal parts, how much is one, in {unit}?
        | In {unit}, how much is one of {n} equal parts of the money?
    fill: How many {boxes} at {a} each can {name} pay for? | At {a} each, how many {boxes} can {name} buy?
    need: How much money does {name} still need for a bicycle at {a}, in {unit}?
        | In {unit}, how much is {name} short of {a}?
"""
_THINGS = """
    beside: Last year, {other} had {a}. | {other} has {a} besides, and keeps all.
    start: {name} has {a}. | {name} owns {a}. | On Monday, {name} counts {a}.
    start many: {name} has {n} {boxes} with {a} in each. | {name} gets {n} {boxes} with {a} in each.
    start two: {name} has {a} on one shelf and {b} on the other. | {name} gets {a} from {other}, and buys {b}.
    more: {name} gets another {a}. | {other} gives {name} another {a}. | Then {name} buys {a}.
    less: {name} gives {a} to {other}. | {name} loses {a}. | {other} takes away {a}. | {name} sells {a}.
    more many: Then {name} buys {n} more {boxes} with {a} in each. | Then {n} friends give {name} {a} each.
    less many: {name} gives {a} to each of {n} friends. | {name} sells {a} a day for {n} days.
    times: After a trade, {name} has {times} as many as before.
    part: {name} then gives {part} of the {stuff} to {other}. | {name} sells {part} of the {stuff}.
    left: How many {unit} does {name} have now? | How many {unit} does {name} have in the end?
    each: If {name} splits all {unit} into {n} equal parts, how many are in each?
        | How many {unit} are in one of {n} equal parts?
    fill: How many {boxes} can {name} fill with {a} in each? | With {a} in each, how many {boxes} does {name} need?
    need: How many {unit} does {name} still need to have {a}? | How many {unit} is {name} short of {a}?
"""
_WAYS = """
    beside: Last week, {other} walked {a} elsewhere. | The river is {a} long.
    start: The road to {town} is {a} long, and {name} wants to walk there. | {name} has to go {a} to reach {town}.
    start many: On the way to {town}, {name} has to cross {n} valleys of {a} each.
    start two: The path to {town} leads {name} {a} up a hill and {b} down again.
    more: A detour makes the way {a} longer. | {name} gets lost, which adds {a} to the way.
    less: {name} walks {a} along the way. | {other} takes {name} {a} along the way by car.
    more many: Then {n} detours of {a} each are added.
    less many: {name} walks {a} a day for {n} days. | {name} walks for {n} hours and goes {a} in each.
    part: {name} goes {part} of the rest by bus. | Then {name} runs {part} of the remaining way.
    left: How far is it still, in {unit}? | In {unit}, how much of the way is left for {name}?
    each: How far must {name} go a day, in {unit}, to arrive in {n} days?
        | In {unit}, how long is one of {n} equal parts of the rest?
    fill: How many {boxes} does the rest take at {a} in each? | With {a} in each, how many {boxes} does {name} need?
"""
_TIMES = """
    beside: Yesterday, {other} slept for {a}. | For {other}, lunch takes {a}.
    start: {name} has {a} of free time. | {name} can work for {a}.
    start many: {name} has free time for {n} lessons of {a} each. | {name} has {a} of free time on each of {n} days.
    start two: {name} has {a} of free time before lunch and {b} after.
    more: {name} stays another {a}. | {other} helps {name}, which gives {name} another {a}.
    less: {name} spends {a} on the phone. | {name} sleeps for {a}. | A talk with {other} takes {a}.
    more many: {name} skips {n} meetings of {a} each to gain time.
    less many: {name} writes {n} letters, which takes {a} each. | Then {n} visitors take {a} each.
    part: {name} reads for {part} of the remaining time. | Then {part} of the remaining time is spent on a walk.
    left: How much time is left, in {unit}? | In {unit}, how much time does {name} have now?
    each: How much time is there for each of {n} equal tasks, in {unit}?
        | In {unit}, how long is one of {n} equal parts of that time?
    fill: How many {boxes} of {a} each fit into the time that is left?
        | At {a} each, how many {boxes} does {name} have time for?
"""

_DRY, _LIQUID, _LONG = (KILOGRAMS, POUNDS), (LITRES, GALLONS), (METRES, FEET)
_COUNTED = "eggs rolls buttons pencils candles stamps marbles tiles bricks cards bolts beads"
SETTINGS = (
    Setting(
        stuffs=dict.fromkeys(["flour", "sugar", "rice", "oats", "sand", "clay", "seed", "salt", "coffee"], _DRY),
        boxes=("bags", "sacks", "tins", "baskets"),
        sentences=_sentences(_MATERIAL),
    ),
    Setting(
        stuffs=dict.fromkeys(["milk", "juice", "paint", "oil", "syrup", "soup", "vinegar", "ink"], _LIQUID),
        boxes=("bottles", "jugs", "cans", "barrels"),
        sentences=_sentences(_MATERIAL),
    ),
    Setting(
        stuffs=dict.fromkeys(["rope", "ribbon", "wire", "string", "tape", "cloth"], _LONG),
        boxes=("rolls", "reels", "boxes", "bundles"),
        sentences=_sentences(_MATERIAL),
    ),
    Setting(
        stuffs={"money": (DOLLARS, EUROS)},
        boxes=("cakes", "books", "plants", "lamps", "toys", "hats"),
        sentences=_sentences(_MONEY),
    ),
    Setting(
        stuffs={things: (dozens(things),) for things in _COUNTED.split()},
        boxes=("boxes", "bags", "baskets", "drawers"),
        sentences=_sentences(_THINGS),
    ),
    Setting(stuffs={"way": (KILOMETRES,)}, boxes=("days", "stages"), sentences=_sentences(_WAYS)),
    Setting(stuffs={"time": (HOURS,)}, boxes=("tasks", "lessons", "songs"), sentences=_sentences(_TIMES)),
)

"""Condition puzzles: things that are in one of two states, and rules of the form "if this, then that".

They are drawn as a chain from one known fact, in which each rule settles one more thing, and solved by trying all
states: what holds in every one that fits is found, whatever else stays open.
"""

from collections.abc import Mapping, Sequence
from itertools import product

from finetune.streams.draws import Draws
from finetune.streams.puzzles.puzzle import Puzzle, Solution, capital
from finetune.streams.wordings import Wording, readings, wordings

MOST_THINGS = 10

_STATES = """
    on/off: lamp, radio, heater, fan, alarm, pump, engine, printer, screen, oven
    open/shut: door, window, gate, cupboard, drawer, suitcase, garage, shop, umbrella, bank
    locked/unlocked: cellar, shed, safe, bicycle, car
    awake/asleep: baby, dog, cat, parrot, guard
    full/empty: bucket, bottle, basket, fridge, bath
    wet/dry: towel, floor, coat, lawn, tent
    clean/dirty: mirror, kettle, carpet, shirt, sink
"""
STATES: Mapping[str, tuple[str, str]] = {
    thing: (states.split("/")[0], states.split("/")[1])
    for states, things in (line.strip().split(": ") for line in _STATES.strip().splitlines())
    for thing in things.split(", ")
}
# A thing and which of its two states it is in.
State = tuple[str, int]
# The first state holds only if the second does.
Rule = tuple[State, State]

_STATE = f"the (?:{'|'.join(STATES)}) is (?:{'|'.join(state for pair in STATES.values() for state in pair)})"
_FIELDS = {
    "p": _STATE,
    "q": _STATE,
    "thing": "|".join(STATES),
    "state": "|".join(sorted({state for pair in STATES.values() for state in pair})),
    "one": "|".join(sorted({pair[0] for pair in STATES.values()})),
    "other": "|".join(sorted({pair[1] for pair in STATES.values()})),
}
RULES = wordings(
    _FIELDS,
    "if {p}, then {q}",
    "if {p}, {q}",
    "whenever {p}, {q}",
    "{q} if {p}",
    "{q} whenever {p}",
    "{p} only if {q}",
    "that {p} always means that {q}",
)
KNOWN = wordings(_FIELDS, "{p}", "right now {p}", "it is certain that {p}", "we can see that {p}")
IS_IT = Wording("Is the {thing} {state}?", _FIELDS)
WHICH = wordings(_FIELDS, "Is the {thing} {one} or {other}?", "Which is the {thing}: {one} or {other}?")


def _said(state: State) -> str:
    thing, which = state
    return f"the {thing} is {STATES[thing][which]}"


def _opposite(state: State) -> State:
    return state[0], 1 - state[1]


def draw(draws: Draws, size: int) -> Puzzle:
    """A puzzle in which `size` things are settled."""
    extra = draws.below(3)
    things = [(thing, draws.below(2)) for thing in draws.distinct(tuple(STATES), size + extra)]
    chain, others = things[:size], things[size:]
    rules = [(chain[i], chain[i + 1]) for i in range(size - 1)]
    # A rule whose condition is not met, or one that leads to what holds anyway: neither settles the other thing.
    for other in others:
        settled = draws.choice(chain)
        rules.append(draws.choice(((_opposite(settled), other), (other, settled))))
    facts = [_rule(draws, rule) for rule in rules]
    facts.append(capital(draws.choice(KNOWN).say(p=_said(chain[0]))))
    thing, which = chain[1 + draws.below(size - 1)]
    question, answer = _question(draws, thing, which)
    return Puzzle(facts=tuple(draws.distinct(facts, len(facts))), question=question, solution=_solution(chain, answer))


def _rule(draws: Draws, rule: Rule) -> str:
    condition, result = rule
    if draws.below(2):
        condition, result = _opposite(result), _opposite(condition)
    return capital(draws.choice(RULES).say(p=_said(condition), q=_said(result)))


def _question(draws: Draws, thing: str, which: int) -> tuple[str, str]:
    one, other = STATES[thing]
    if draws.below(2):
        return draws.choice(WHICH).say(thing=thing, one=one, other=other), STATES[thing][which]
    asked = draws.below(2)
    return IS_IT.say(thing=thing, state=STATES[thing][asked]), "yes" if asked == which else "no"


def _solution(settled: Sequence[State], answer: str) -> Solution:
    findings = tuple(capital(_said(state)) + "." for state in settled)
    return Solution(findings=findings, answer=answer, document=" ".join(sorted(findings)))


def solve(facts: Sequence[str], question: str) -> Solution | None:
    """What the facts and the question say, or None if they are no such puzzle or do not settle the answer."""
    rules: list[Rule] = []
    known: list[State] = []
    for fact in facts:
        lower = fact[:1].lower() + fact[1:]
        states = [
            (_state(fields["p"]), _state(fields.get("q", fields["p"]))) for fields in readings((*RULES, *KNOWN), lower)
        ]
        if len(states) != 1:
            return None
        first, second = states[0]
        if first is None or second is None:
            return None
        known += [first] if first == second else []
        rules += [(first, second)] if first != second else []
    settled = _settled(rules, known)
    answer = _answer(settled, question)
    return _solution(list(settled.items()), answer) if answer is not None else None


def _state(said: str) -> State | None:
    """The state that is meant, or None if the thing has no such state."""
    thing, word = said.removeprefix("the ").split(" is ")
    return (thing, STATES[thing].index(word)) if word in STATES[thing] else None


def _settled(rules: Sequence[Rule], known: Sequence[State]) -> dict[str, int]:
    """The state of each thing that is the same in all ways to keep the rules; nothing if there is no way."""
    things = sorted({thing for rule in rules for thing, _ in rule} | {thing for thing, _ in known})
    if len(things) > MOST_THINGS:
        return {}
    ways = [
        way
        for states in product((0, 1), repeat=len(things))
        if (way := dict(zip(things, states, strict=True)))
        and all(way[thing] == which for thing, which in known)
        and all(way[a] != which or way[b] == then for (a, which), (b, then) in rules)
    ]
    return {thing: ways[0][thing] for thing in things if len({way[thing] for way in ways}) == 1}


def _answer(settled: Mapping[str, int], question: str) -> str | None:
    for fields in readings(WHICH, question):
        thing = fields["thing"]
        if thing in settled and STATES[thing] == (fields["one"], fields["other"]):
            return STATES[thing][settled[thing]]
    for fields in readings((IS_IT,), question):
        thing, state = fields["thing"], fields["state"]
        if thing in settled and state in STATES[thing]:
            return "yes" if STATES[thing][settled[thing]] == state else "no"
    return None

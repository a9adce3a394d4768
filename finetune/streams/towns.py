"""Invented towns: a passage about the people of one, written, and read again. They know no question.

Nothing in a passage can be known beforehand. People stand in a circle, each of whom did something to the next: so every
name occurs twice, and every trade and every year of arrival once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.names import PERSON, PLACE
from finetune.streams.wordings import readings, wordings

# Trades, and what those who have them do.
TRADES: Mapping[str, str] = {
    "baker": "baked bread",
    "brewer": "brewed beer",
    "carter": "drove a cart",
    "cobbler": "mended shoes",
    "cooper": "made barrels",
    "fisher": "caught fish",
    "gardener": "grew vegetables",
    "glazier": "fitted windows",
    "innkeeper": "kept an inn",
    "mason": "cut stone",
    "midwife": "helped children into the world",
    "miller": "ground corn",
    "potter": "shaped clay",
    "printer": "printed books",
    "saddler": "made saddles",
    "shepherd": "kept sheep",
    "smith": "worked iron",
    "tailor": "cut and sewed clothes",
    "tanner": "turned hides into leather",
    "weaver": "wove cloth",
}
# What people did to one another: "hired" and "hire".
DEEDS: Mapping[str, str] = {
    "accused": "accuse",
    "defended": "defend",
    "hired": "hire",
    "nursed": "nurse",
    "painted": "paint",
    "praised": "praise",
    "rescued": "rescue",
    "taught": "teach",
    "trained": "train",
    "warned": "warn",
}
_RIVERS = ("Arrow", "Bourne", "Calder", "Dove", "Frome", "Kennet", "Lune", "Nidd", "Severn", "Test", "Wharfe", "Yare")
QUARTERS = ("mill", "bridge", "harbour", "castle", "market", "forest")

# What the fields of the sentences here, and of questions about them, may hold.
FIELDS = {
    **dict.fromkeys(("name", "other"), PERSON),
    "town": PLACE,
    "river": "|".join(_RIVERS),
    **dict.fromkeys(("year", "built"), "1[0-9]{3}"),
    **dict.fromkeys(("deed", "first_deed"), "|".join(DEEDS)),
    "do": "|".join(DEEDS.values()),
    "quarter": "|".join(QUARTERS),
    "trade": "|".join(TRADES),
    "work": "|".join(TRADES.values()),
    "a_trade": "|".join(f"an? {trade}" for trade in TRADES),
}
_PEOPLE = wordings(
    FIELDS,
    "{name}, {a_trade} who came in {year}, lived by the {quarter} and {deed} {other}.",
    "In {year} came {name}, {a_trade}, who lived by the {quarter} and {deed} {other}.",
    "{other} was {deed} by {name}, {a_trade} who lived by the {quarter} from {year} on.",
    "By the {quarter} lived {name}, {a_trade} who arrived in {year} and {deed} {other}.",
    "It was {name}, {a_trade} settled by the {quarter} since {year}, who {deed} {other}.",
    "{name} was {a_trade}, came in {year}, lived by the {quarter} and {deed} {other}.",
    "{name} the {trade} had been living by the {quarter} since {year} and {deed} {other}.",
    "{name}, who lived by the {quarter}, was {a_trade}, arrived in {year} and {deed} {other}.",
    "The {trade} by the {quarter}, {name}, came in {year} and {deed} {other}.",
    "{other} was {deed} by {name}, who came in {year}, was {a_trade} and lived by the {quarter}.",
)
_TOWN = wordings(
    FIELDS,
    "{town} was founded in {built} on the river {river}.",
    "The town of {town} lies on the {river} and dates from {built}.",
    "On the river {river} stands {town}, founded in {built}.",
    "This is about {town}, which was built on the {river} in {built}.",
)
_WORKS = wordings(
    FIELDS,
    "Its stone walls were finished in {built}.",
    "A great fire burned half of it down in {built}.",
    "Floods are recorded for {built}.",
    "The road through it was paved in {built}.",
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the passage says of somebody, who did `deed` to `other`."""

    name: str
    trade: str
    year: str
    quarter: str
    deed: str
    other: str


@dataclass(frozen=True, kw_only=True)
class Town:
    """A town with some of its people."""

    name: str
    people: tuple[Person, ...]

    def person(self, name: str) -> Person:
        """The one of that name. Raises `KeyError`."""
        return {person.name: person for person in self.people}[name]

    def year(self, name: str) -> int:
        """When the one of that name came. Raises `KeyError`."""
        return int(self.person(name).year)

    def document(self) -> str:
        """All that is said of the people, whatever the words and the order."""
        facts = sorted(f"{p.name} {p.trade} {p.year} {p.quarter} {p.deed} {p.other}" for p in self.people)
        return "; ".join((self.name, *facts))


def write_passage(draws: Draws, town: Town) -> str:
    """The sentences: about the town, with years that are nobody's, then about its people in any order."""
    sentences = [draws.choice(_TOWN).say(town=town.name, river=draws.choice(_RIVERS), built=1400 + draws.below(150))]
    if draws.below(2):
        sentences.append(draws.choice(_WORKS).say(built=1550 + draws.below(150)))
    for person in draws.distinct(town.people, len(town.people)):
        a_trade = ("an " if person.trade[0] in "aeiou" else "a ") + person.trade
        sentences.append(draws.choice(_PEOPLE).say(a_trade=a_trade, **vars(person)))
    return " ".join(sentences)


def read_passage(passage: str) -> Town | None:
    """The town, or None if a sentence cannot be read, or people share a name, a trade or a year."""
    first, *sentences = passage.removesuffix(".").split(". ")
    towns = list(readings(_TOWN, first + "."))
    if sentences and any(readings(_WORKS, sentences[0] + ".")):
        sentences.pop(0)
    people = [_person(said) for sentence in sentences for said in readings(_PEOPLE, sentence + ".")]
    if len(towns) != 1 or len(people) != len(sentences):
        return None
    for values in ((p.name for p in people), (p.trade for p in people), (p.year for p in people)):
        if len(set(values)) < len(people):
            return None
    return Town(name=towns[0]["town"], people=tuple(people))


def _person(said: Mapping[str, str]) -> Person:
    """Somebody as a sentence says: some say "baker", some "a baker"."""
    trade = said["trade"] if "trade" in said else said["a_trade"].partition(" ")[2]
    return Person(**{**{key: value for key, value in said.items() if key != "a_trade"}, "trade": trade})

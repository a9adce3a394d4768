"""Invented names of people and places, made of syllables: no text that a model has read says anything of them."""

from finetune.streams.draws import Draws

_ONSETS_LIST = """
    Al Ar Bel Bor Bran Cal Cor Dal Del Dor Ed El Fal Fen Gal Gar Hal Hel Is Jar Jor Kal Kel Lan Lor Mal Mar Mel Mor
    Nal Nor Ol Or Pal Per Quel Ral Ros Sal Sel Tal Tor Ul Val Ver Wil Yor Zan
"""
_ONSETS = tuple(_ONSETS_LIST.split())
_MIDDLES_LIST = "a ba da de di do la le lo ma me mi na ne no ra ri ro sa ta te va vi zo"
_MIDDLES = tuple(_MIDDLES_LIST.split())
_PEOPLE_ENDS_LIST = "bin dan der dis gan kin la lin man mir na nor ra rin sel sha tan ven vo zek"
_PEOPLE_ENDS = tuple(_PEOPLE_ENDS_LIST.split())
_PLACE_ENDS_LIST = "bridge bury combe dale fell ford gate ham haven holt mere mouth ness port stead stow thorpe wick"
_PLACE_ENDS = tuple(_PLACE_ENDS_LIST.split())

PERSON = "[A-Z][a-z]{3,9}"
PLACE = "[A-Z][a-z]{3,12}"
_PEOPLE = len(_ONSETS) * len(_MIDDLES) * len(_PEOPLE_ENDS)


def person(draws: Draws) -> str:
    """One of 23,040 first names, such as Beldorin."""
    rest, end = divmod(draws.below(_PEOPLE), len(_PEOPLE_ENDS))
    onset, middle = divmod(rest, len(_MIDDLES))
    return _ONSETS[onset] + _MIDDLES[middle] + _PEOPLE_ENDS[end]


def people(draws: Draws, count: int) -> list[str]:
    """`count` different first names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[person(draws)] = None
    return list(names)


def place(draws: Draws) -> str:
    """One of 864 names of towns, such as Norwick: none is a person's."""
    onset, end = divmod(draws.below(len(_ONSETS) * len(_PLACE_ENDS)), len(_PLACE_ENDS))
    return _ONSETS[onset] + _PLACE_ENDS[end]

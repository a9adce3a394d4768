"""Whom a round scores: the values that the download stage gives to the stages after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from competitions.lineage import Lineage
from competitions.rejection import Rejection
from competitions.season import Entrant


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A model that this round scores: its digest in the cache, and its base's digest where it is an adapter.

    `dropped` are the keys of its config.json that no model is loaded with.
    """

    entrant: Entrant
    digest: str
    base: str | None = None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Whom the round scores. `champion` is None where the champion's files cannot be had: then nobody is scored.

    `reachable` says whether strangers can read the champion's repository, None where the hub did not tell;
    `absent` are the challengers that the hub did not give, who simply miss the round; `rejections` say whose fault
    that is. `lineages` tell of every submission that was ever here, by key, which earlier one it is nearest to.
    """

    reference: Contender
    champion: Contender | None
    challengers: tuple[Contender, ...]
    reachable: bool | None
    absent: tuple[str, ...]
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
    lineages: Mapping[str, Lineage] = field(default_factory=dict)

    def scored(self) -> tuple[Contender, ...]:
        """All models that the round scores."""
        return (self.reference, *([self.champion] if self.champion else []), *self.challengers)

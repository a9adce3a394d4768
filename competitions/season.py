"""A season's losses: the raw figures are kept, and any duel is recounted from them at today's epsilon."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.duel import Tally, tally

REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True, order=True)
class Entrant:
    """Who takes part: a submission by its key and the block it was committed in, or the reference.

    Entrants sort by commit block, then by key, so that "earlier" has one meaning everywhere.
    """

    block: int
    key: str

    @property
    def is_reference(self) -> bool:
        """Whether this is the reference model, which no miner owns."""
        return self.key == REFERENCE

    @property
    def hotkey(self) -> str | None:
        """The hotkey that committed it; none for the reference."""
        return None if self.is_reference else self.key.rpartition("@")[0]


def reference_of(competition: Competition) -> Entrant:
    """The reference as an entrant: it counts as committed when the competition began."""
    return Entrant(block=competition.first_block, key=REFERENCE)


def season_start(competition: Competition, block: int) -> int:
    """The first block of the season that the block belongs to.

    Evidence starts anew with each season, and where a competition's file takes over from an earlier one.
    """
    return max(block - block % competition.judge.season_blocks, competition.first_block)


@dataclass(frozen=True)
class Season:
    """Losses per batch of one competition's season: by sync block, then by the entrant's key, shape (batches scored,).

    An entrant that was stopped early has only the first batches of that round. `last_scored` gives, by key, the sync
    block of the last round that scored an entrant, seasons before this one included.
    """

    rounds: Mapping[int, Mapping[str, Losses]]
    last_scored: Mapping[str, int] = field(default_factory=dict)

    def duel(self, champion: Entrant, challenger: Entrant, competition: Competition, block: int) -> Tally:
        """Count the duel of two entrants over every batch both were scored on, at epsilon as of the block."""
        theirs, ours = self.shared(champion, challenger)
        epsilon = competition.epsilon.at(block - champion.block)
        return tally(theirs, ours, epsilon=epsilon, floor=competition.judge.floor)

    def shared(self, champion: Entrant, challenger: Entrant) -> tuple[Losses, Losses]:
        """The losses of both on every batch both were scored on, the champion's first, oldest batch first."""
        ours: list[Losses] = [np.empty(0)]
        theirs: list[Losses] = [np.empty(0)]
        for sync in sorted(self.rounds):
            losses = self.rounds[sync]
            if champion.key in losses and challenger.key in losses:
                count = min(len(losses[champion.key]), len(losses[challenger.key]))
                theirs.append(losses[champion.key][:count])
                ours.append(losses[challenger.key][:count])
        return np.concatenate(theirs), np.concatenate(ours)

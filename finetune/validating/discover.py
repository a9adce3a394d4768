"""Stage 1, discover: the subnet read at the sync block -> submissions. It judges only the form of commitments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import Entrant
from competitions.submission import Submission, parse_payload
from finetune.chain.port import Chain
from finetune.streams.drawing import round_window
from finetune.streams.sources import Window


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The subnet as it stood at the sync block.

    `seed` is the block's hash in hex, `consensus` and `uids` are by hotkey.
    `time` is the sync block's, in Unix seconds; `tempo` is in blocks; `owner_hotkey` is None where the owner has no
    uid.
    """

    sync: int
    time: float
    tempo: int
    seed: str
    owner_hotkey: str | None
    consensus: Mapping[str, float]
    submissions: tuple[Submission, ...]
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
    uids: Mapping[str, int] = field(default_factory=dict)

    @property
    def standing(self) -> frozenset[str]:
        """The keys of all submissions that stand on chain."""
        return frozenset(one.key for one in self.submissions)

    def entrants(self, competition: int) -> tuple[Entrant, ...]:
        """The standing submissions to a competition, as entrants."""
        named = (one for one in self.submissions if one.payload.competition == competition)
        return tuple(Entrant(block=one.block, key=one.key) for one in named)

    def window(self, competition: Competition) -> Window:
        """The time that the competition's round may draw from: what it draws, no entrant could have trained on."""
        return round_window(competition, self.sync, self.time)


def discover(chain: Chain, catalog: Catalog, sync: int) -> Discovery:
    """Read the subnet at the sync block: one metagraph, one hash, one time, one read of all commitments.

    A commitment that cannot be read, or names a competition that does not run, is a rejection. Raises `ChainError`.
    """
    metagraph = chain.metagraph(sync)
    running = {one.id for one in catalog.at(sync)}
    submissions, rejections = [], {}
    for commitment in sorted(chain.commitments(sync), key=lambda one: (one.block, one.hotkey)):
        neuron = metagraph.by_hotkey.get(commitment.hotkey)
        if neuron is None:
            continue
        payload = parse_payload(commitment.data)
        if isinstance(payload, Rejection):
            rejections[f"{commitment.hotkey}@{commitment.block}"] = payload
            continue
        one = Submission(hotkey=commitment.hotkey, coldkey=neuron.coldkey, block=commitment.block, payload=payload)
        if payload.competition in running:
            submissions.append(one)
        else:
            allowed = ", ".join(map(str, sorted(running)))
            rejections[one.key] = Rejection(
                reason="unknown_competition",
                text=f"no competition {payload.competition} runs at block {sync}; running are {allowed}",
                retry=True,
            )
    return Discovery(
        sync=sync,
        time=chain.block_time(sync),
        tempo=metagraph.tempo,
        seed=chain.block_hash(sync).hex(),
        owner_hotkey=metagraph.owner_hotkey if metagraph.owner_hotkey in metagraph.by_hotkey else None,
        consensus={neuron.hotkey: neuron.consensus for neuron in metagraph.neurons},
        submissions=tuple(submissions),
        rejections=rejections,
        uids={neuron.hotkey: neuron.uid for neuron in metagraph.neurons},
    )

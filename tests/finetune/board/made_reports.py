"""Signed reports of rounds that were never run on a machine: the validator's own stages, fed with drawn losses.

Everything from the queue to the signature is what a validator does; only models, chain and hub are missing. A model is
a mean loss; a sample's difficulty is shared by all models of a round, so that duels are fought on the same luck.
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from bittensor.sp_core import Keypair

from competitions.batches import batch_losses, plan
from competitions.competition import Competition, Constraints, Reference, Round, Task
from competitions.epsilon import Epsilon
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import REFERENCE, Entrant, Season
from competitions.seat import Seat, first_seat, vacate
from competitions.submission import Payload, Submission
from finetune.board.sifting import understand
from finetune.board.view import View, make_view
from finetune.chain.port import Metagraph, Neuron
from finetune.evals.counting import score_all
from finetune.evals.port import Folders
from finetune.hub.digest import secure_hash
from finetune.signing import sign
from finetune.streams.drawing import Drawn, TaskSample
from finetune.streams.sample import Sample
from finetune.validating.admit import admit
from finetune.validating.discover import Discovery
from finetune.validating.download import Contender, Roster
from finetune.validating.earlier import Earlier, Kept
from finetune.validating.judge import Judgement, judge
from finetune.validating.lineage import reference_key
from finetune.validating.machine import Machine
from finetune.validating.pace import Pace
from finetune.validating.report import make_record
from finetune.validating.score import Scoring, score_challenger
from finetune.validating.seating import Seating
from finetune.validating.state import KnownModel
from finetune.validating.weigh import weigh

SYNC_BLOCKS = 20
VALIDATORS = {"north": 5_000.0, "east": 4_000.0, "late": 2_000.0}
KNOWN = (2.31, 1.87, 2.05, 2.64)  # the reference's losses on the control samples
REFERENCE_LOSS = 2.4


@cache
def key(name: str) -> Keypair:
    """A development key pair by name."""
    return Keypair.create_from_uri(f"//board//{name}")


def hotkey(name: str) -> str:
    return str(key(name).ss58_address)


def coldkey(name: str) -> str:
    return str(key(f"{name}//cold").ss58_address)


@dataclass(frozen=True, kw_only=True)
class Miner:
    """Commits a model of this mean loss at a block; from block `left` on it has left the subnet."""

    name: str
    loss: float
    block: int = 1
    competition: int = 1
    left: int = 1 << 40
    rejection: Rejection | None = None

    @property
    def submission(self) -> Submission:
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        repository = f"{''.join(filter(str.isalnum, self.name)) or 'x'}/model"
        payload = Payload(
            repository=repository,
            revision=digest[:40],
            secure_hash=secure_hash(digest, hotkey(self.name)),
            competition=self.competition,
        )
        return Submission(hotkey=hotkey(self.name), coldkey=coldkey(self.name), block=self.block, payload=payload)


def competition(
    number: int = 1, *, title: str = "Word sorting", reward: float = 1.0, challengers: int = 8
) -> Competition:
    """A small competition with the rehearsal's rules."""
    return Competition(
        id=number,
        title=title,
        reward=reward,
        first_block=0,
        constraints=Constraints(
            architectures=("LlamaForCausalLM",), max_parameters=2_000_000, max_bytes=20_000_000, sequence_length=256
        ),
        epsilon=Epsilon(start=0.05, end=0.01, decay_blocks=200),
        reference=Reference(repository="owner/tiny-llama", revision="ab" * 20, digest="cd" * 32, control_losses=KNOWN),
        tasks=(Task(name="WORD_SORTING", method="reference", stream="word_sorting", weight=1.0),),
        round=Round(sync_blocks=SYNC_BLOCKS, eval_delay=10, batches=60, batch_size=1, challengers=challengers),
    )


@dataclass
class DrawnScorer:
    """A `Scorer` whose folder's name is a submission's key."""

    miners: Mapping[str, Miner]
    sync: int

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, Sample]], *, sequence_length: int, dtype: str
    ) -> Generator[float, None, None]:
        name = folders.model.name
        mean = self.miners[name].loss if name in self.miners else REFERENCE_LOSS
        difficulty = np.random.default_rng(self.sync).uniform(0.8, 1.2, len(items))
        own = int.from_bytes(hashlib.sha256(f"{name} {self.sync}".encode()).digest()[:8], "big")
        noise = np.random.default_rng(own).normal(1.0, 0.03, len(items))
        yield from (mean * difficulty * noise).tolist()


@dataclass
class Play:
    """Plays rounds and keeps what validators would sign. The first three rounds are told without `late`.

    `malformed` are rejections of commitments that name no competition, by key.
    """

    catalog: Catalog
    miners: Sequence[Miner]
    validators: Mapping[str, float] = field(default_factory=lambda: VALIDATORS)
    owner: str | None = "owner"
    malformed: Mapping[str, Rejection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key = {one.submission.key: one for one in self.miners}
        self.seats: dict[str, Seat] = {str(one.id): first_seat(one) for one in self.catalog.competitions}
        self.seasons: dict[int, dict[int, dict[str, Any]]] = {}
        self.stops: dict[tuple[str, str], float] = {}
        self.weights: dict[str, float] = {}
        self.incentives: list[tuple[int, Mapping[str, float]]] = []

    def reports(self, rounds: int) -> list[dict[str, Any]]:
        """The signed reports of so many rounds, of every validator."""
        found = []
        for sync in range(SYNC_BLOCKS, (rounds + 1) * SYNC_BLOCKS, SYNC_BLOCKS):
            record = self._round(sync)
            self.incentives.append((sync, dict(self.weights)))
            self.weights = record["weights"]
            late = sync <= 3 * SYNC_BLOCKS
            found += [sign(record, key(name)) for name in self.validators if name != "late" or not late]
        self.incentives.append((sync + SYNC_BLOCKS, dict(self.weights)))
        return found

    def metagraph(self, block: int) -> Metagraph:
        """Everybody, with the incentive of the last weights."""
        total = sum(self.validators.values()) or 1.0
        names = [*([self.owner] if self.owner else []), *self.validators, *(one.name for one in self.miners)]
        neurons = [
            Neuron(
                uid=uid,
                hotkey=hotkey(name),
                coldkey=coldkey(name),
                stake=self.validators.get(name, 0.0),
                validator_permit=name in self.validators,
                last_update=block - 5 if name in self.validators else -1,
                block_at_registration=0,
                incentive=self.weights.get(hotkey(name), 0.0),
                dividends=self.validators.get(name, 0.0) / total,
                consensus=self.weights.get(hotkey(name), 0.0),
                validator_trust=1.0 if name in self.validators else 0.0,
            )
            for uid, name in enumerate(names)
        ]
        return Metagraph(
            block=block,
            tempo=SYNC_BLOCKS,
            activity_cutoff=400,
            weights_rate_limit=10,
            owner_hotkey=hotkey(self.owner) if self.owner else None,
            neurons=tuple(neurons),
        )

    def _round(self, sync: int) -> dict[str, Any]:
        competition = self.catalog.turn(sync)
        discovery = self._discovery(sync)
        running = self.catalog.at(sync)
        seats = Seating(
            seats={str(one.id): vacate(self.seats[str(one.id)], discovery.standing, one) for one in running}
        )
        champion = seats.seat(competition).champion
        kept = self.seasons.setdefault(competition.id, {})
        stops = {challenger: stop for (held, challenger), stop in self.stops.items() if held == champion.key}
        earlier = self._earlier(sync, competition, discovery, champion, Season(dict(kept)), stops)
        rejected = {one: miner.rejection for one, miner in self.by_key.items() if miner.rejection}
        admission = admit(discovery, competition, champion, Season(kept), stops, rejected)
        places = competition.round.challengers
        roster = Roster(
            reference=_contender(Entrant(block=0, key=REFERENCE)),
            champion=_contender(champion),
            challengers=tuple(_contender(one) for one in admission.queue[:places]),
            reachable=True,
            absent=(),
        )
        samples = _samples(competition, sync)
        losses = self._scored(competition, roster, samples, sync, Season(dict(kept)))
        kept[sync] = {one: batch_losses(found, 1) for one, (found, _) in losses.items()}
        out = {*admission.rejections}
        entrants = [one for one in discovery.entrants(competition.id) if one.key not in out]
        judgement = judge(discovery, competition, seats, Season(kept), entrants, True)
        for one, (_, stopped) in losses.items():
            if stopped == "behind":
                self.stops[champion.key, one] = judgement.epsilon
        self.seats = dict(judgement.seats)
        return self._record(competition, discovery, seats, earlier, admission, roster, samples, losses, judgement)

    def _earlier(self, sync, competition, discovery, champion, season: Season, stops) -> Earlier:
        """What the validators kept of the rounds before this one."""
        rivals = [one for one in discovery.entrants(competition.id) if one != champion]
        duels = {one.key: season.duel(champion, one, competition, sync) for one in rivals}
        return Earlier(
            seats={
                str(one.id): Kept(seat=self.seats[str(one.id)], judged=sync - SYNC_BLOCKS)
                for one in self.catalog.at(sync)
            },
            duels={one: duel for one, duel in duels.items() if duel.batches},
            stops=stops,
        )

    def _record(
        self, competition, discovery, seats, earlier, admission, roster, samples, losses, judgement: Judgement
    ) -> Any:
        return make_record(
            catalog=self.catalog,
            competition=competition,
            discovery=discovery,
            seats=seats,
            earlier=earlier,
            admission=admission,
            roster=roster,
            models=self._models(competition),
            drawn=Drawn(samples=samples, skipped={}),
            scoring=Scoring(control=KNOWN),
            losses=losses,
            rejections={},
            judgement=judgement,
            weights=weigh(self.catalog, discovery, judgement),
            machine=Machine(device="cpu made", versions={"torch": "2"}),
            isolation="bubblewrap",
            seconds={"score": 12.5, "download": 3.25},
            paces={one: Pace(seconds=1.5, per_sample=0.01) for one in losses},
            past={},
        )

    def _models(self, competition: Competition) -> dict[str, KnownModel]:
        """What is known of everybody's files."""
        digests = {one: hashlib.sha256(miner.name.encode()).hexdigest() for one, miner in self.by_key.items()}
        digests[reference_key(competition)] = competition.reference.digest
        return {
            one: KnownModel(digest=digest, tensor_digest=digest, parameters=1_000, base=None)
            for one, digest in digests.items()
        }

    def _discovery(self, sync: int) -> Discovery:
        standing = [one.submission for one in self.miners if one.block <= sync < one.left]
        return Discovery(
            sync=sync,
            time=0.0,
            tempo=SYNC_BLOCKS,
            seed=hashlib.sha256(str(sync).encode()).hexdigest(),
            owner_hotkey=hotkey(self.owner) if self.owner else None,
            consensus={},
            submissions=tuple(sorted(standing, key=lambda one: (one.block, one.hotkey))),
            rejections=self.malformed,
            uids={one.hotkey: one.uid for one in self.metagraph(sync).neurons},
        )

    def _scored(self, competition, roster, samples, sync, before: Season) -> dict[str, Any]:
        scorer = DrawnScorer(self.by_key, sync)
        whole = {one.entrant.key: one for one in (roster.reference, roster.champion)}
        losses: dict[str, Any] = {
            one: (score_all(scorer, _folders(each), samples, competition), "") for one, each in whole.items()
        }
        champion = roster.champion.entrant
        for one in roster.challengers:
            found, stopped, _ = score_challenger(
                scorer,
                _folders(one),
                samples,
                competition,
                champion=batch_losses(losses[champion.key][0], 1),
                epsilon=competition.epsilon.at(sync - champion.block),
                before=before.duel(champion, one.entrant, competition, sync),
            )
            losses[one.entrant.key] = (found, stopped or "")
        return losses


def _contender(entrant: Entrant) -> Contender:
    return Contender(entrant=entrant, digest=entrant.key)


def _folders(contender: Contender) -> Folders:
    return Folders(model=Path(contender.digest))


def _samples(competition: Competition, sync: int) -> tuple[TaskSample, ...]:
    texts = (f"{competition.id} {sync} {number}" for number in range(competition.round.batches))
    drawn = zip(plan(competition), texts, strict=True)
    return tuple(
        TaskSample(task=task, sample=Sample(messages=(), reference=text, document=text)) for task, text in drawn
    )


def resigned(report: Mapping[str, Any], name: str, **changes: object) -> dict[str, Any]:
    """The report of another validator, with other values in its record."""
    return sign({**report["record"], **changes}, key(name))


def names_of(play: Play, people: Sequence[str] = ()) -> dict[str, str]:
    """The label of every hotkey and coldkey: its name."""
    called = [*([play.owner] if play.owner else []), *play.validators, *(one.name for one in play.miners), *people]
    return {address: name for name in called for address in (hotkey(name), coldkey(name))}


def view_of(play: Play, reports: Sequence[Mapping[str, Any]], block: int, **changes: Any) -> View:
    """The view of a play, with the chain's figures that go with it."""
    catalog = changes.pop("catalog", play.catalog)
    values: dict[str, Any] = {
        "readings": [understand(one) for one in reports],
        "competitions": catalog.at(block),
        "fingerprint": catalog.fingerprint,
        "metagraph": play.metagraph(block),
        "weights": {hotkey(name): play.weights for name in play.validators},
        "earned": {coldkey(name): 10.0 * number for number, name in enumerate([*play.validators, "delegator"], 1)},
        "names": names_of(play, ["delegator"]),
        "incentive_history": play.incentives,
    }
    return make_view(**{**values, **changes})

"""Plays a rehearsal: miners train and commit, attackers act, validators play their rounds, epochs make incentive.

Blocks advance at barriers only, when everybody is done, so a rehearsal repeats exactly.
"""

import shutil
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from competitions.competition import Competition
from competitions.files import read_competition
from competitions.schedule import Catalog, load_catalog
from finetune.chain.port import Metagraph
from finetune.errors import FinetuneError
from finetune.evals.port import Scorer
from finetune.hub.cache import ModelCache
from finetune.hub.client import HubClient
from finetune.mining.node import Node, choose_base, name_base, plain_trainer, run_node
from finetune.mining.practice import practice_samples
from finetune.mining.publish import Published, publish
from finetune.mining.train import train
from finetune.rehearsal.attacks.attack import Plays, ValidatorAttack
from finetune.rehearsal.attacks.troop import Troop
from finetune.rehearsal.bases import Base, prepare_base
from finetune.rehearsal.cast import Cast, Miner, ValidatorRole
from finetune.rehearsal.creator import Creator
from finetune.rehearsal.samples import past
from finetune.rehearsal.show import Show
from finetune.rehearsal.sources import open_sources
from finetune.rehearsal.world import OWNER, World
from finetune.streams.registry import OpenStream, open_stream
from finetune.streams.sources import Window
from finetune.validating.loop import Validator
from finetune.validating.pin import pin_file
from finetune.validating.report import ReportFolder
from finetune.validating.round import Ports
from finetune.validating.state import State

# Where the competition files of rehearsals lie: they ship with the rules.
COMPETITION_FILES = Path(__file__).parents[2] / "competitions" / "rehearsal"

_CACHE_BYTES = 4_000_000_000
_SETTLING_EPOCHS = 3  # after the last round: its weights are revealed, take effect, and show


class Rehearsal:
    """A rehearsal under way, all of whose validators score with `scorer`. `close` lets go of what they hold."""

    def __init__(self, world: World, cast: Cast, show: Show, scorer: Scorer) -> None:
        """Nothing has happened yet."""
        self.world, self.cast, self.show, self.scorer = world, cast, show, scorer
        self.validators: dict[str, Validator] = {}
        self.epochs: list[Metagraph] = []
        self.competition = -1
        self.delegated = 0  # the block when the delegator staked
        self.troop: Troop | None = None
        self.creator = Creator(world, cast.creator) if cast.creator else None
        self._rogues: dict[str, Plays] = {}
        self._held: dict[str, ExitStack] = {}
        self._seated: dict[str, str] = {}

    def close(self) -> None:
        """Close what every validator holds."""
        for name in list(self._held):
            self._leave(name)

    def play(self) -> None:
        """Play it from the first block to the last. Raises `FinetuneError`."""
        draft = read_competition(COMPETITION_FILES / self.cast.competition)
        base = prepare_base(self.cast, self.world, draft, self.show.say)
        catalog = self._open_subnet(base)
        competition = catalog.at(0)[0]
        self._train(base, competition)
        self.competition = competition.id
        self.troop = Troop(self.world, self.cast, competition, base.folder, self.show.doing)
        self._play_rounds(catalog, competition)
        self._advance_to(self.world.chain.block() + _SETTLING_EPOCHS * self.world.chain.settings.tempo)

    def _open_subnet(self, base: Base) -> Catalog:
        """The owner uploads the reference and pins the competition; everybody registers and stakes."""
        owner, chain = self.world.hub(OWNER), self.world.chain
        repository = f"{OWNER}/{self.cast.base}"
        owner.create(repository, private=False)
        owner.upload(repository, base.folder, message="the reference")
        if self.creator:
            self.creator.upload_bases()
        catalog = self._write_catalog(base)
        for hotkey, name in ((OWNER, OWNER), *self.cast.hotkeys()):
            chain.register(self.world.hotkey(hotkey), self.world.coldkey(name))
        roles: tuple[ValidatorRole | ValidatorAttack, ...] = (*self.cast.validators, *self.cast.rogues)
        for role in roles:
            chain.add_stake(self.world.coldkey(role.name), self.world.hotkey(role.name).ss58_address, role.stake)
        return catalog

    def _delegate(self, number: int) -> None:
        """The delegator stakes in time for its round."""
        delegator = self.cast.delegator
        if delegator.enters == number:
            validator = self.world.hotkey(delegator.validator).ss58_address
            self.world.chain.add_stake(self.world.coldkey(delegator.name), validator, delegator.stake)
            self.delegated = self.world.chain.block()

    def _write_catalog(self, base: Base) -> Catalog:
        """The competition's file, pinned to the reference just uploaded, in a catalog of this rehearsal's own."""
        import tomlkit

        path = self.world.out / "catalog" / self.cast.competition
        path.parent.mkdir()
        document: Any = tomlkit.parse((COMPETITION_FILES / self.cast.competition).read_text("utf-8"))
        if base.stream_options:
            document["tasks"][0]["options"] = dict(base.stream_options)
        if self.creator:
            self.show.say("the task creator publishes the training file, and what fixes the hidden one")
            self.creator.complete(document)
        path.write_text(tomlkit.dumps(document), "utf-8")
        self.show.say("pinning the competition's reference")
        folder, now = self.world.out / "owner", self.world.clock[0]
        with ExitStack() as held:
            pin_file(
                path,
                self.world.hub(),
                held.enter_context(ModelCache(folder / "cache", _CACHE_BYTES)),
                self.scorer,
                self._streams(folder, held),
                window=Window(start=0.0, end=now + 1.0),
            )
        return load_catalog(path.parent)

    def _train(self, base: Base, competition: Competition) -> None:
        """Every miner that trains makes its submission's folder."""
        recipes = {one.name: one.recipe for one in self.cast.miners if one.recipe is not None and not one.node}
        done, before = 0, past(self.world.chain)
        with self.show.stage("training", sum(recipe.steps for recipe in recipes.values())) as over:
            for name, recipe in recipes.items():
                practice = base.practice or (lambda seed: practice_samples(competition, seed, open_stream, before))

                def on_step(step: int, steps: int, loss: float, name: str = name, done: int = done) -> None:
                    over(f"{name} {step}/{steps}, loss {loss:.2f}", done + step)

                train(base.folder, self._folder(name), practice(recipe.seed), recipe, on_step=on_step)
                if recipe.lora:
                    name_base(self._folder(name), choose_base(competition))
                done += recipe.steps

    def _play_rounds(self, catalog: Catalog, competition: Competition) -> None:
        """In each round whoever enters commits in time, the sync block comes, and every validator plays in turn."""
        roles: tuple[ValidatorRole | ValidatorAttack, ...] = (*self.cast.validators, *self.cast.rogues)
        turns = [(number, role) for number in range(1, self.cast.rounds + 1) for role in roles]
        with self.show.stage("rounds", len(turns)) as over:
            for turn, (number, role) in enumerate(turns, 1):
                if role == roles[0]:
                    self._commit_all(number, competition)
                    if self.creator:
                        due = self.creator.next_reveal(catalog, competition)
                        self._advance_to(due.opens)
                        self.creator.reveal(due.part)
                    self._advance_to(number * competition.round.sync_blocks)
                if role.enters <= number:
                    self._step(role, number, catalog)
                over(f"round {number} of {self.cast.rounds}, validator {role.name}", turn)

    def _commit_all(self, number: int, competition: Competition) -> None:
        """Whoever enters in this round commits right after the last sync block, so that the delay is over in time.

        Attackers act last: what the others have committed by then is there for them to copy.
        """
        self._advance_to((number - 1) * competition.round.sync_blocks + 1)
        self._delegate(number)
        for miner in self.cast.miners:
            if miner.enters == number:
                self._commit(miner, competition)
        if self.troop is not None:
            self.troop.act(number)

    def _folder(self, name: str) -> Path:
        return self.world.out / "models" / name

    def _commit(self, miner: Miner, competition: Competition) -> None:
        """A miner publishes its own model, the untrained base, or the files of the miner that it copies."""
        repository = self.world.repository(miner.name)
        if miner.node:
            done = self._run_node(miner, competition, repository)
        else:
            source = miner.copies or (miner.name if miner.recipe else "base")
            done = publish(
                self._folder(source),
                repository=repository,
                competition=competition,
                hotkey=self.world.hotkey(miner.name),
                hub=self.world.hub(miner.name),
                chain=self.world.chain,
                wait_for=lambda block: self._land(miner, block),
            )
        self.show.say(f"block {done.block}: {miner.name} commits {done.payload.repository}")

    def _run_node(self, miner: Miner, competition: Competition, repository: str) -> Published:
        """A training node does all of it in one call, with an account and a folder of its own."""
        assert miner.recipe is not None
        name, doing = miner.name, self.show.doing
        node = Node(
            hotkey=self.world.hotkey(name),
            hub=self.world.hub(name),
            datasets=HubClient(self.world.endpoint, self.world.token(name), kind="dataset"),
            chain=self.world.chain,
            folder=self.world.out / "nodes" / name,
            wait_for=lambda block: self._land(miner, block),
            say=lambda line: doing(f"{name}: {line}"),
            quota_bytes=_CACHE_BYTES,
        )
        trainer = plain_trainer(
            miner.recipe,
            on_step=lambda step, steps, loss: doing(f"{name} trains, step {step}/{steps}, loss {loss:.2f}"),
        )
        return run_node(node, competition, repository=repository, trainer=trainer, base=miner.base)

    def _land(self, miner: Miner, block: int) -> None:
        """Until its commitment stands, a miner's upload is not public, and whoever watches sees what it can."""
        if self.troop is not None and miner.name == self.cast.best:
            self.troop.see()
        self._advance_to(block)

    def _step(self, role: ValidatorRole | ValidatorAttack, number: int, catalog: Catalog) -> None:
        """A validator plays the round that is due, as it would on the network; before one round it loses its state."""
        if isinstance(role, ValidatorAttack):
            self._step_rogue(role, catalog)
            return
        if role.wiped == number:
            self.show.say(f"{role.name} loses its state")
            self._leave(role.name)
            shutil.rmtree(self.world.out / "validators" / role.name)
        if role.name not in self.validators:
            self.validators[role.name] = Validator(self._make_ports(role.name, catalog))
        step = self.validators[role.name].step()
        if step.outcome != "judged":
            raise FinetuneError(f"validator {role.name} could not play round {number}: {step.why or 'nothing was due'}")
        kept = self.validators[role.name].state.seat(self.competition)
        seated = self._name(kept[0].champion.hotkey) if kept else ""
        if self._seated.get(role.name) != seated:
            self.show.say(f"round {number}: {role.name} seats {seated}")
            self._seated[role.name] = seated

    def _step_rogue(self, rogue: ValidatorAttack, catalog: Catalog) -> None:
        """A validator that does not play as the others do takes its turn; how it goes is its own business."""
        assert self.troop is not None
        if rogue.name not in self._rogues:
            ports = self._make_ports(rogue.name, catalog)
            self._rogues[rogue.name] = rogue.join(self.troop.attackers[rogue.name], ports)
        self._rogues[rogue.name].step()

    def _name(self, hotkey: str | None) -> str:
        """What a hotkey is called here; the reference has none."""
        names = {self.world.hotkey(name).ss58_address: name for name, _ in self.cast.hotkeys()}
        return names[hotkey] if hotkey else "the reference"

    def _make_ports(self, name: str, catalog: Catalog) -> Ports:
        """What a validator is wired to: a folder of its own, and the hub as a stranger sees it."""
        folder = self.world.out / "validators" / name
        held = self._held[name] = ExitStack()
        return Ports(
            hotkey=self.world.hotkey(name),
            catalog=catalog,
            chain=self.world.chain,
            hub=self.world.hub(),
            cache=held.enter_context(ModelCache(folder / "cache", _CACHE_BYTES)),
            state=held.enter_context(closing(State(folder / "state.sqlite"))),
            open_stream=self._streams(folder, held),
            scorer=self.scorer,
            publishers=(ReportFolder(self.world.out / "reports" / name),),
            say=self.show.doing,
            clock=time.monotonic,
        )

    def _leave(self, name: str) -> None:
        """Close what a validator holds."""
        self.validators.pop(name, None)
        self._held.pop(name).close()

    def _streams(self, folder: Path, held: ExitStack) -> OpenStream:
        """What a validator opens streams with; only a task creator's files lie on the hub."""
        if self.creator is None:
            return open_stream
        return partial(open_stream, sources=open_sources(self.world, folder, held, self.show.doing))

    def _advance_to(self, block: int) -> None:
        """Let blocks pass until the newest is `block`; keep what each epoch made of the subnet."""
        chain = self.world.chain
        while chain.block() < block:
            if self.world.advance() % chain.settings.tempo == 0:
                self.epochs.append(chain.metagraph())

"""A miner's preflight and a real round say the same of every model: honest ones, and attackers' with faults in them."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from competitions.batches import batch_losses
from competitions.competition import Competition, Pinned, Reference, Round
from competitions.duel import outcomes
from competitions.epsilon import Epsilon
from competitions.files import read_competition
from competitions.schedule import Catalog
from competitions.submission import Payload, Submission
from finetune.evals.counting import score_all
from finetune.evals.isolated import IsolatedScorer, default_limits
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.hub.cache import ModelCache
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import find_base
from finetune.isolation.trial import find_level
from finetune.mining.check import PhasedScorer
from finetune.mining.others import Others
from finetune.mining.practice import practice_samples
from finetune.mining.preflight import Rival, Verdict, preflight
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Lora, Recipe, train
from finetune.rehearsal.attacks import files as file_attacks
from finetune.rehearsal.attacks.attack import VICTIM, Attack
from finetune.rehearsal.attacks.attacker import Attacker
from finetune.rehearsal.attacks.changes import add_noise
from finetune.rehearsal.attacks.copies import COPIES
from finetune.rehearsal.attacks.files import FILES
from finetune.rehearsal.attacks.models import MODELS
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating.pin import pin
from tests.finetune.validating.subnet import Subnet, Warehouse, address

# Some 25 submissions are made, played and looked at before the first test.

PAST = Window(start=0.0, end=0.0)
RECIPE = Recipe(steps=120, batch_size=4, learning_rate=5e-3, warmup_steps=5, sequence_length=256)
ON = replace(RECIPE, steps=6, learning_rate=1e-3, warmup_steps=1, seed=5)
FEW_STEPS = 1
HANGS, SECOND_KEY, NOISY = "hanging-template", "second-key", "copy-with-noise"
# The second key submits what another has submitted, and a worker is killed for the one that hangs: both by themselves.
ATTACKS = [one for one in (*COPIES, *FILES, *MODELS) if one.name not in (HANGS, SECOND_KEY)]
EXPECTED = {
    "exact-copy": "same_weights",
    "resharded-copy": "same_weights",
    SECOND_KEY: "same_weights",
    "giant-file": "too_many_bytes",
    "tiny-files": "too_many_files",
    "pickle": "file_not_allowed",
    "custom-code": "file_not_allowed",
    "symlink": "malformed_weights",
    "future-config": "forbidden_config_key",
    "nan-weights": "not_finite",
    "exploding-norms": "implausible_weights",
    "degenerate-text": "degenerate_output",
    "answering-template": "degenerate_output",
    "huge-vocabulary": "parameters_out_of_range",
    "lossy-tokenizer": "lossy_tokenizer",
}


class AtHome(Attacker):
    """An attacker that keeps its submission to itself, in `folder`; its copies are of the champion or of the base."""

    def __init__(
        self, attack: Attack, champion: Path, base: Path, root: Path, competition: Competition, chain: Any
    ) -> None:
        self.name, self.hotkeys, self.competition, self.chain = attack.name, attack.hotkeys, competition, chain
        self.world: Any = SimpleNamespace(repository=lambda name: f"{name}/m")
        self.hub: Any = SimpleNamespace(listing=lambda *_: SimpleNamespace(revision="0" * 40))
        self.repository, self.seed, self.refused = f"{attack.name}/m", 7, []
        self.own_seed = 1000 + len(attack.name) * 37 + sum(map(ord, attack.name))
        self.champion, self.base, self.root, self.folder, self._folders = champion, base, root, champion, 0

    def new_folder(self) -> Path:
        self._folders += 1
        return self.root / f"{self.name}-{self._folders}"

    def copy(self, miner: str = VICTIM) -> Path:
        return Path(shutil.copytree(self.champion if miner == VICTIM else self.base, self.new_folder()))

    def train(self, folder: Path, samples: Any, *, steps: int, **how: Any) -> Path:
        return super().train(folder, samples, steps=min(steps, FEW_STEPS), **how)

    def upload(self, folder: Path, *, private: bool = False) -> str:
        self.folder = folder
        return "0" * 40

    def commit(self, revision: str, *, folder: Path, hotkey: str | None = None) -> None:
        pass

    def commit_files(self, files: Mapping[str, bytes]) -> bool:
        for name, content in files.items():
            if "/" not in name:
                (self.folder / name).write_bytes(content)
        return True


@dataclass(frozen=True, kw_only=True)
class Played:
    """A round: every folder by who submitted it, why the validator rejected it, and the preflight's verdicts."""

    rejected: Mapping[str, str]
    verdicts: Mapping[str, Verdict]


@pytest.fixture(scope="module")
def base(memory: Path) -> Path:
    """A model that replies to different requests with different words."""
    competition = read_competition(Path("competitions/rehearsal/attacks.toml"))
    lessons = replace(competition, tasks=(replace(competition.tasks[0], weight=0.8), _rules(competition)))
    build_tiny(memory / "unschooled", hidden=48, layers=2)
    train(memory / "unschooled", memory / "schooled", practice_samples(lessons, 1, open_stream, PAST), RECIPE)
    return memory / "schooled"


def _rules(competition: Competition):
    return replace(competition.tasks[1], weight=0.2)


@pytest.fixture(scope="module")
def real(warehouse: Warehouse, base: Path, memory: Path) -> Competition:
    """Two ways of scoring, own tokenizers, full models and adapters; pinned to the schooled base."""
    found = read_competition(Path("competitions/rehearsal/attacks.toml"))
    repository = warehouse.upload(base).repository
    constraints = replace(
        found.constraints,
        max_parameters=600_000,
        max_bytes=3_000_000,
        sequence_length=256,
        bases=(Pinned(repository=repository),),
    )
    unpinned = replace(
        found,
        constraints=constraints,
        reference=Reference(repository=repository),
        tasks=(replace(found.tasks[0], weight=0.8), _rules(found)),
        round=Round(sync_blocks=20, eval_delay=5, batches=30, batch_size=2, challengers=64),
    )
    with ModelCache(memory / "owner", 100_000_000) as cache:
        return pin(unpinned, warehouse.hub(), cache, LocalScorer(), open_stream)


@pytest.fixture(scope="module")
def played(base: Path, real: Competition, warehouse: Warehouse, memory: Path) -> Played:
    """Everybody submits, a validator plays one round, and the miner's preflight looks at the same folders."""
    root = memory / "submitted"
    root.mkdir()
    train(base, root / "best", practice_samples(real, 2, open_stream, PAST), ON)
    lora = replace(ON, steps=FEW_STEPS, lora=Lora(rank=2, alpha=4.0, targets=("up_proj",)))
    train(base, root / "adapter", practice_samples(real, 3, open_stream, PAST), lora)
    folders = {name: root / name for name in ("best", "adapter")}
    subnet = Subnet(memory / "verdicts", warehouse, Catalog((real,)))
    # Whoever trains on long questions needs more room than is scored here.
    longer = replace(real, constraints=replace(real.constraints, sequence_length=1024))
    try:
        for attack in ATTACKS:
            attacker = AtHome(attack, folders["best"], base, root, longer, subnet.chain)
            attack.acts[max(attack.acts)](attacker)
            folders[attack.name] = attacker.folder
        entrants = {"best": subnet.commit("best", warehouse.upload(folders["best"]))}
        subnet.chain.advance()
        entrants |= {
            name: subnet.commit(name, warehouse.upload(path)) for name, path in folders.items() if name != "best"
        }
        subnet.chain.advance()
        folders[SECOND_KEY] = folders[NOISY]
        entrants[SECOND_KEY] = subnet.commit(SECOND_KEY, warehouse.upload(folders[SECOND_KEY]))
        node = subnet.node(scorer=LocalScorer(), cache_bytes=1_000_000_000)
        record = node.record(subnet.play(node))
        rejections = {name: record["rejections"].get(one.key) for name, one in entrants.items()}
        block = subnet.chain.block()
    finally:
        subnet.close()

    def before(name: str) -> Others:
        rivals = {"best": (), SECOND_KEY: ("best", NOISY)}.get(name, ("best",))
        return Others(submissions=(), folders={entrants[one]: folders[one] for one in rivals}, block=block)

    verdicts = {name: _say(path, base, real, before(name)) for name, path in folders.items()}
    return Played(rejected={name: one["reason"] for name, one in rejections.items() if one}, verdicts=verdicts)


def _say(
    folder: Path,
    base: Path,
    competition: Competition,
    others: Others | None,
    *,
    batches: int = 2,
    scorer: PhasedScorer | None = None,
) -> Verdict:
    return preflight(
        folder,
        competition,
        rival=Rival(folders=Folders(model=base), age_blocks=0, name="the base"),
        scorer=scorer or LocalScorer(),
        open_stream=open_stream,
        seed=3,
        batches=batches,
        window=PAST,
        with_base=lambda model: Folders(model=model, base=base if find_base(model, competition.constraints) else None),
        others=others,
    )


def _reason(verdict: Verdict) -> str | None:
    return next((gate.rejection.reason for gate in verdict.gates if gate.rejection is not None), None)


@pytest.fixture(scope="module", autouse=True)
def fewer_files():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_attacks, "TINY_FILES", 120)
        yield


def test_honest_models_pass_in_both(played: Played):
    for name in ("best", "adapter"):
        assert name not in played.rejected, played.rejected
        assert played.verdicts[name].passed, played.verdicts[name].gates[-1]


@pytest.mark.parametrize("name", [*(one.name for one in ATTACKS), SECOND_KEY])
def test_an_attackers_model_is_out_for_the_reason_that_preflight_gives(name: str, played: Played):
    assert _reason(played.verdicts[name]) == played.rejected.get(name) == EXPECTED.get(name)


def test_a_template_that_hangs_is_out_in_both(base: Path, real: Competition, warehouse: Warehouse, tmp_path: Path):
    subnet = Subnet(tmp_path / "subnet", warehouse, Catalog((real,)))
    (attack,) = (one for one in MODELS if one.name == HANGS)
    attacker = AtHome(attack, base, base, tmp_path, real, subnet.chain)
    attack.acts[max(attack.acts)](attacker)
    entrant = subnet.commit(HANGS, warehouse.upload(attacker.folder))
    limits = replace(default_limits(), answer_seconds=10.0)
    with closing(subnet), IsolatedScorer(level=find_level(unsafe=True), limits=limits) as scorer:
        node = subnet.node(scorer=scorer, cache_bytes=1_000_000_000)
        record = node.record(subnet.play(node))
        assert _reason(_say(attacker.folder, base, real, None, scorer=scorer)) == "too_slow"
    assert record["rejections"][entrant.key]["reason"] == "too_slow"


def test_the_share_of_batches_won_is_a_rounds_within_three_standard_errors(
    base: Path, real: Competition, tmp_path: Path
):
    shutil.copytree(base, tmp_path / "ours")
    add_noise(tmp_path / "ours", size=0.03, seed=1)
    tasks = (replace(real.tasks[0], weight=1.0),)
    words = replace(real, tasks=tasks, epsilon=Epsilon(start=0.0, end=0.0, decay_blocks=1))
    found = _say(tmp_path / "ours", base, words, None, batches=80).today
    assert found is not None
    longer = replace(words, round=replace(words.round, batches=160))
    samples = draw_samples(longer, bytes(range(32)), open_stream, PAST).samples
    mine, theirs = (
        batch_losses(score_all(LocalScorer(), Folders(model=folder), samples, words), words.round.batch_size)
        for folder in (tmp_path / "ours", base)
    )
    results = outcomes(theirs, mine, epsilon=0.0, floor=words.judge.floor)
    share = float((results == 1).mean())
    error = np.hypot(found.error, np.sqrt(share * (1 - share) / len(results)))
    assert 0.05 < share < 0.95
    assert abs(found.won - share) <= 3 * error


def test_files_that_another_hotkey_has_committed_are_told_by_the_chain_alone(base: Path, real: Competition):
    hotkey = address("early")
    payload = Payload(
        repository="early/m",
        revision="0" * 40,
        secure_hash=secure_hash(folder_digest(base), hotkey),
        competition=real.id,
    )
    early = Submission(hotkey=hotkey, coldkey="cold", block=5, payload=payload)
    verdict = _say(base, base, real, Others(submissions=(early,), folders={}, block=9))
    assert _reason(verdict) == "same_weights"
    assert early.key in str(verdict.gates[-1].rejection)


def test_the_nearest_model_at_hand_is_named(played: Played):
    lineage = played.verdicts["copy-with-noise"].lineage
    assert lineage is not None
    assert lineage.nearest.startswith(address("best"))
    assert lineage.distance < 0.01

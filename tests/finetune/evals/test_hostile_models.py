"""What a submission's files may hold: each hostile one is out for its own reason, and hurts nobody who comes next.

Each goes the way of a validator: its listing, its folder, then the scorer. What merely is rejected while it is opened
goes through the engine in this process, where leftovers would show most; what hangs or breaks goes to a worker.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from competitions.competition import Constraints, Pinned
from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScoringError
from finetune.evals.handle import Limits
from finetune.evals.isolated import IsolatedScorer
from finetune.evals.port import Folders, Scorer
from finetune.evals.scorer import LocalScorer
from finetune.hub.architectures import ARCHITECTURES
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.port import HubFile, Listing
from finetune.isolation.trial import find_level
from finetune.mining.train import Lora, Recipe, train
from finetune.streams.rules.registry import make_rule
from finetune.streams.sample import AnySample, InstructionSample, Message
from tests.finetune.evals import hostile
from tests.finetune.evals.hostile import Make
from tests.finetune.evals.models import chat, text

HOTKEY = "5Eve"
CONSTRAINTS = Constraints(
    architectures=tuple(ARCHITECTURES),
    max_parameters=1_000_000,
    max_bytes=200_000_000,
    sequence_length=64,
    lora="allowed",
    bases=(Pinned(repository="ada/base"),),
)
ITEMS: list[tuple[str, AnySample]] = [
    ("reference", chat("sort: b a", "a b")),
    ("text", text("The quick brown fox")),
]
REQUESTS = ("sort: pear fig", "The", "x", "The quick", "jumps over", "A dog.", "sort:", "12 34", "q")
ASKED: list[tuple[str, AnySample]] = [
    (
        "ifeval",
        InstructionSample(
            messages=(Message(role="user", content=content),),
            rules=(make_rule("punctuation:no_comma", {}),),
            document=content,
        ),
    )
    for content in REQUESTS
]


def at_the_gates(folder: Path) -> Rejection | None:
    """What the gates before any loading say of a folder that came from a hub."""
    files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in folder.iterdir())
    if rejection := check_listing(
        Listing(repository="eve/m", revision="1" * 40, private=False, files=files), CONSTRAINTS
    ):
        return rejection
    try:
        digest = folder_digest(folder)
    except ValueError:
        digest = "0" * 64  # with a link in it there is none
    return check_folder(
        folder, digest=digest, committed=secure_hash(digest, HOTKEY), hotkey=HOTKEY, constraints=CONSTRAINTS
    )


def scores(scorer: Scorer, folders: Folders, items: list[tuple[str, AnySample]] = ITEMS) -> list[float]:
    return list(scorer.losses(folders, items, sequence_length=40, dtype="float32"))


def rejected(scorer: Scorer, folders: Folders, items: list[tuple[str, AnySample]] = ITEMS) -> Rejection:
    """Why it cannot be scored, as a round notes it."""
    assert at_the_gates(folders.model) is None
    with pytest.raises(ScoringError) as caught:
        scores(scorer, folders, items)
    # Where the files lie is another place on every validator, and no business of a miner's.
    assert str(folders.model) not in str(caught.value)
    if isinstance(caught.value, ModelRejected):
        return caught.value.rejection
    return Rejection(reason="cannot_be_scored", text=str(caught.value))


def made(make: Make, honest: Path, folder: Path) -> Path:
    """A copy of the honest folder, changed."""
    shutil.copytree(honest, folder)
    make(folder)
    return folder


@pytest.fixture(scope="module")
def scorer() -> LocalScorer:
    return LocalScorer()


@pytest.fixture(scope="module")
def figures(scorer: LocalScorer, tiny: Path) -> list[float]:
    """The losses of the honest model."""
    assert at_the_gates(tiny) is None
    return scores(scorer, Folders(model=tiny))


@pytest.fixture(scope="module")
def adapter(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest adapter over the honest model."""
    recipe = Recipe(steps=4, batch_size=1, learning_rate=0.05, warmup_steps=0, sequence_length=64, lora=Lora(rank=2))
    folder = tmp_path_factory.mktemp("adapters") / "honest"
    train(tiny, folder, (text("some pears"),) * 4, recipe)
    assert at_the_gates(folder) is None
    return folder


@pytest.fixture(scope="module")
def adapted(scorer: LocalScorer, tiny: Path, adapter: Path) -> list[float]:
    """The losses of the honest adapter."""
    return scores(scorer, Folders(model=adapter, base=tiny))


@pytest.mark.parametrize("name", hostile.AT_THE_GATES)
def test_a_hostile_model_is_kept_out_before_anything_parses_it(name: str, tmp_path: Path, tiny: Path):
    make, reason = hostile.AT_THE_GATES[name]
    rejection = at_the_gates(made(make, tiny, tmp_path / "hostile"))
    assert rejection
    assert (rejection.reason, rejection.fault) == (reason, "miner")


@pytest.mark.parametrize("name", hostile.ADAPTERS_AT_THE_GATES)
def test_a_hostile_adapter_is_kept_out_before_anything_parses_it(name: str, tmp_path: Path, adapter: Path):
    make, reason = hostile.ADAPTERS_AT_THE_GATES[name]
    rejection = at_the_gates(made(make, adapter, tmp_path / "hostile"))
    assert rejection
    assert (rejection.reason, rejection.fault) == (reason, "miner")


@pytest.mark.parametrize("name", hostile.OPENED)
def test_a_hostile_model_is_out_once_it_is_opened_and_the_honest_one_scores_as_ever(
    name: str, tmp_path: Path, tiny: Path, scorer: LocalScorer, figures: list[float]
):
    make, reason = hostile.OPENED[name]
    assert rejected(scorer, Folders(model=made(make, tiny, tmp_path / "hostile"))).reason == reason
    assert scores(scorer, Folders(model=tiny)) == figures


@pytest.mark.parametrize("name", hostile.ADAPTERS_OPENED)
def test_a_hostile_adapter_is_out_once_it_is_opened_and_its_base_stays_what_it_was(
    name: str,
    tmp_path: Path,
    tiny: Path,
    adapter: Path,
    scorer: LocalScorer,
    figures: list[float],
    adapted: list[float],
):
    make, reason = hostile.ADAPTERS_OPENED[name]
    folder = made(make, adapter, tmp_path / "hostile")
    assert rejected(scorer, Folders(model=folder, base=tiny)).reason == reason
    assert scores(scorer, Folders(model=adapter, base=tiny)) == adapted
    assert scores(scorer, Folders(model=tiny)) == figures


@pytest.mark.parametrize("name", hostile.SCORED)
def test_what_a_model_asks_for_in_vain_changes_no_figure(
    name: str, tmp_path: Path, tiny: Path, scorer: LocalScorer, figures: list[float]
):
    folder = made(hostile.SCORED[name], tiny, tmp_path / "hostile")
    assert at_the_gates(folder) is None
    assert scores(scorer, Folders(model=folder)) == figures


def test_a_template_that_ignores_what_is_said_hurts_its_own_figures_alone(
    tmp_path: Path, tiny: Path, scorer: LocalScorer, figures: list[float]
):
    folder = made(hostile.template("<bos>a b"), tiny, tmp_path / "hostile")
    assert at_the_gates(folder) is None
    asked, plain = scores(scorer, Folders(model=folder))
    assert (asked != figures[0], plain == figures[1]) == (True, True)
    assert scores(scorer, Folders(model=tiny)) == figures


def test_a_model_that_gives_one_answer_to_all_is_out_once_it_is_asked(
    tmp_path: Path, tiny: Path, scorer: LocalScorer, figures: list[float]
):
    folder = made(hostile.one_answer, tiny, tmp_path / "hostile")
    assert rejected(scorer, Folders(model=folder), ASKED).reason == "degenerate_output"
    assert max(scores(scorer, Folders(model=tiny), ASKED)) <= 1
    assert scores(scorer, Folders(model=tiny)) == figures


@pytest.mark.timeout(600)
def test_what_hangs_or_breaks_a_worker_is_out_and_the_honest_model_scores_as_ever(
    tmp_path: Path, tiny: Path, figures: list[float]
):
    """Two at a time, since most of it is waiting for workers to start."""
    level = find_level(unsafe=True)
    for name, (make, _, _) in hostile.BREAKING.items():
        made(make, tiny, tmp_path / name)

    def play(name: str) -> tuple[Rejection, list[float]]:
        limits = Limits(seconds=300, answer_seconds=hostile.BREAKING[name][2], memory=2 << 30)
        with IsolatedScorer(level=level, limits=limits) as walled:
            return rejected(walled, Folders(model=tmp_path / name)), scores(walled, Folders(model=tiny))

    with ThreadPoolExecutor(2) as pool:
        played = dict(zip(hostile.BREAKING, pool.map(play, hostile.BREAKING), strict=True))
    found = {name: rejection.reason for name, (rejection, _) in played.items()}
    assert found == {name: reason for name, (_, reason, _) in hostile.BREAKING.items()}
    assert all(rejection.text.isprintable() for rejection, _ in played.values())
    assert [after for _, after in played.values()] == [figures] * len(played)

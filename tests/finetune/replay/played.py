"""Small subnets whose validators play some rounds with luck in every loss, and leave their reports."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from competitions.batches import plan
from competitions.competition import Competition, Task
from competitions.schedule import Catalog
from finetune.hub.server import LocalHub
from tests.finetune.validating.subnet import (
    REFERENCE_QUALITY,
    SYNC_BLOCKS,
    Subnet,
    TensorScorer,
    Warehouse,
    address,
    make_competition,
)

MEMORY = Path("/dev/shm")  # where validators do not wait for a disk
GOOD_AT_BRACKETS, GOOD_AT_WORDS = 1.4, 1.5  # the qualities of two models that are good at one task each


@contextmanager
def open_warehouse() -> Iterator[Warehouse]:
    """A running hub for the models of all subnets, whose folders have room beside it."""
    tokens = {user: Warehouse.token(user) for user in Warehouse.USERS}
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        root = Path(folder)
        with LocalHub(root / "hub", tokens) as hub:
            yield Warehouse(root, hub)


def luck(quality: float, number: int, loss: float) -> float:
    """A loss up to 5% better or worse, the same for the same model and sample; the reference's stays as it is known."""
    if quality == REFERENCE_QUALITY:
        return loss
    digest = hashlib.sha256(f"{quality} {loss}".encode()).digest()
    return loss * (0.95 + 0.1 * digest[0] / 255)


def play_three(warehouse: Warehouse, rounds: int) -> Path:
    """The folders of north, of east that loses its state before round 5, and of late that comes in round 4.

    Ada takes the seat in round 1, bob dethrones her in round 2. Cleo commits a model 6% better than his in round 3.
    """
    root = warehouse.root / "three"
    root.mkdir()
    subnet = Subnet(root / "subnet", warehouse, Catalog((make_competition(warehouse),)))
    for name, stake in (("east", 600.0), ("late", 400.0)):
        subnet.join(name, stake=stake)
    subnet.chain.advance()
    nodes = {name: subnet.node(name, scorer=TensorScorer(hook=luck)) for name in ("north", "east")}
    commits = {1: ("ada", 1.5), 2: ("bob", 1.2), 3: ("cleo", 1.125)}
    for number in range(1, rounds + 1):
        if number in commits:
            subnet.submit(*commits[number])
        if number == 4:
            nodes["late"] = subnet.node("late", scorer=TensorScorer(hook=luck))
        if number == 5:
            subnet.nodes.remove(nodes["east"])
            nodes["east"].kill()
            (nodes["east"].root / "state.sqlite").unlink()
            nodes["east"] = subnet.node("east", scorer=TensorScorer(hook=luck))
        subnet.play(*nodes.values())
    subnet.close()
    for name, node in nodes.items():
        shutil.copytree(node.reports.folder, root / name)
    return root


def play_crowded(warehouse: Warehouse, rounds: int) -> Path:
    """The folder of a validator that has a place for one challenger a round, where five want it."""
    competition = make_competition(warehouse)
    root = warehouse.root / "crowded"
    root.mkdir()
    crowded = replace(competition, round=replace(competition.round, challengers=1))
    subnet = Subnet(root / "subnet", warehouse, Catalog((crowded,)))
    node = subnet.node("north", scorer=TensorScorer(hook=luck))
    subnet.chain.advance()
    for name, quality in (("ada", 1.9), ("bob", 1.85), ("cleo", 1.3), ("dora", 1.25), ("erik", 1.95)):
        subnet.submit(name, quality)
    for _ in range(rounds):
        subnet.play(node)
    subnet.close()
    shutil.copytree(node.reports.folder, root / "reports")
    return root / "reports"


def two_tasks(warehouse: Warehouse) -> Competition:
    """Words are three quarters of its batches, brackets one."""
    tasks = (
        Task(name="WORDS", method="reference", stream="word_sorting", weight=0.75),
        Task(name="BRACKETS", method="reference", stream="dyck_language", weight=0.25),
    )
    return make_competition(warehouse, tasks=tasks, reward=0.6)


def play_two(warehouse: Warehouse, rounds: int) -> Path:
    """The folder of a validator of two competitions, of 60% and 40% of the reward, that take turns, the second first.

    In the first, erik's model is better at brackets, dora's at words. In the second nobody but fay takes part.
    """
    first = two_tasks(warehouse)
    tasks = [task.name for task in plan(first)]

    def lopsided(quality: float, number: int, loss: float) -> float:
        best = {GOOD_AT_WORDS: "WORDS", GOOD_AT_BRACKETS: "BRACKETS"}.get(quality)
        if best is None:
            return loss
        return loss / quality * (0.8 if tasks[number // first.round.batch_size] == best else 1.6)

    root = warehouse.root / "two"
    root.mkdir()
    second = make_competition(warehouse, id=2, title="Words again", reward=0.4)
    subnet = Subnet(root / "subnet", warehouse, Catalog((first, second)))
    node = subnet.node("north", scorer=TensorScorer(hook=lopsided))
    subnet.chain.advance()
    subnet.submit("erik", GOOD_AT_BRACKETS)
    subnet.submit("fay", 1.0, competition=2)
    subnet.play(node)
    subnet.submit("dora", GOOD_AT_WORDS)
    for _ in range(rounds - 1):
        subnet.play(node)
    subnet.close()
    shutil.copytree(node.reports.folder, root / "reports")
    return root / "reports"


def named(keys: list[str]) -> list[str]:
    """Who the keys belong to."""
    names = {address(name): name for name in ("ada", "bob", "cleo", "dora", "erik", "fay")}
    return [names.get(key.partition("@")[0], key) for key in keys]


def rounds_of(*numbers: int) -> tuple[int, ...]:
    """The sync blocks of rounds by number, from 1."""
    return tuple(number * SYNC_BLOCKS for number in numbers)

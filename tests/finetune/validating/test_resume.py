"""Kill a validator anywhere and start it again: it ends where an undisturbed one ends, with nothing counted twice."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from finetune.errors import ChainUnavailable, HubUnavailable
from finetune.streams.registry import open_stream
from finetune.validating.state import State
from tests.finetune.validating.subnet import Faulty, Node, Subnet, TensorScorer, address


class Killed(BaseException):
    """The process ends here."""


class Countdown:
    """Raises at the n-th call, and at every call after it: a dead process does nothing more."""

    def __init__(self, n: int | None, error: Callable[[], BaseException], *, once: bool = False) -> None:
        self.n, self.error, self.once, self.calls = n, error, once, 0

    def __call__(self, method: str = "") -> BaseException | None:
        self.calls += 1
        dead = self.n is not None and (self.calls == self.n if self.once else self.calls >= self.n)
        return self.error() if dead else None

    def check(self) -> None:
        if (error := self()) is not None:
            raise error


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a validator and its chain hold after the second round."""

    record: dict[str, Any]
    tables: dict[str, list[Any]]
    weights: dict[str, float]
    outcomes: list[str]


TABLES = ("rounds", "stages", "losses", "seats", "stops", "models", "rejections", "weights")


def outcome(node: Node, sync: int, outcomes: list[str]) -> Outcome:
    tables = {name: node.state._run(f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES}
    node.subnet.chain.advance(20)  # the epoch in which the weights are revealed
    return Outcome(
        record=node.record(sync),
        tables=tables,
        weights=node.subnet.chain.weights()[address("north")],
        outcomes=outcomes,
    )


@pytest.fixture(scope="module")
def played(warehouse, competition, tmp_path_factory) -> Iterator[Path]:
    """The files of a subnet whose validator has played one round, at the sync block of the second.

    In the second round there are a champion, a better model, a worse one, a copy and one that cannot be scored.
    """
    from competitions.schedule import Catalog

    subnet = Subnet(tmp_path_factory.mktemp("played") / "subnet", warehouse, Catalog((competition,)))
    subnet.chain.advance()
    subnet.submit("ada", 1.5)
    node = subnet.node()
    subnet.play(node)
    for name, quality in (("bob", 1.0), ("eve", 1.5), ("cid", 1.8), ("dan", 0.5)):
        subnet.submit(name, quality)
    subnet.next_sync()
    subnet.close()
    yield subnet.root


def hook(quality: float, number: int, loss: float) -> float:
    from finetune.errors import ScoringError

    if quality == 0.5:
        raise ScoringError("it has no such weights")
    return loss


@pytest.fixture
def resume(played, tmp_path, warehouse, competition) -> Iterator[Callable[..., Subnet]]:
    """Copies the files as they were, for one more try."""
    from competitions.schedule import Catalog

    opened = []

    def copy(*, with_models: bool = True) -> Subnet:
        root = tmp_path / f"try-{len(opened)}"
        shutil.copytree(played, root)
        if not with_models:
            shutil.rmtree(root / "north" / "cache")
        opened.append(Subnet.reopened(root, warehouse, Catalog((competition,))))
        return opened[-1]

    yield copy
    for subnet in opened:
        subnet.close()


def ports(subnet: Subnet, countdown: Countdown, *, scorer: bool = True) -> dict[str, Any]:
    """Every port, counting its calls."""

    def counted(quality: float, number: int, loss: float) -> float:
        if scorer and number in (0, 30):
            countdown.check()
        return hook(quality, number, loss)

    def open_counted(name: str, options: Any) -> Any:
        countdown.check()
        return open_stream(name, options)

    return {
        "chain": Faulty(subnet.chain, countdown),
        "hub": Faulty(subnet.warehouse.hub(), countdown),
        "scorer": TensorScorer(hook=counted),
        "open_stream": open_counted,
        "publishers": (),
    }


def undisturbed(subnet: Subnet) -> tuple[Outcome, int]:
    """The second round played in one go, and how many calls of ports it took."""
    countdown = Countdown(None, Killed)
    node = node_with(subnet, countdown)
    sync = subnet.chain.block()
    return outcome(node, sync, [node.step().outcome]), countdown.calls


def node_with(subnet: Subnet, countdown: Countdown, **options: Any) -> Node:
    node = subnet.node(**ports(subnet, countdown, **options))
    reports = Faulty(node.reports, countdown)
    object.__setattr__(node.ports, "publishers", (reports,))
    return node


def finished(subnet: Subnet) -> Outcome:
    """The round, finished by a fresh process on the same files."""
    sync = subnet.chain.block()
    node = node_with(subnet, Countdown(None, Killed))
    return outcome(node, sync, [node.step().outcome])


def check_same(found: Outcome, wanted: Outcome) -> None:
    assert found.record == wanted.record
    assert found.weights == wanted.weights
    for name in TABLES:
        assert found.tables[name] == wanted.tables[name], name


def test_killed_at_any_call_of_any_port_the_round_ends_as_if_nothing_had_happened(resume):
    wanted, calls = undisturbed(resume())
    assert calls > 30
    for n in range(1, calls + 1):
        subnet = resume()
        node = node_with(subnet, Countdown(n, Killed))
        with pytest.raises(Killed):
            node.step()
        node.kill()
        check_same(finished(subnet), wanted)

"""Kill a validator anywhere and start it again: it ends where an undisturbed one ends, with nothing counted twice."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from competitions.schedule import Catalog
from finetune.errors import ChainUnavailable, HubUnavailable, ScoringError
from finetune.streams.registry import open_stream
from finetune.validating.report import ReportFolder
from tests.finetune.validating.subnet import Faulty, Node, Subnet, TensorScorer, address

TABLES = ("rounds", "stages", "losses", "seats", "stops", "models", "rejections")


class Killed(BaseException):
    """The process ends here."""


class Countdown:
    """Gives an error for the n-th call: a kill also for all calls after it, for a dead process does nothing more."""

    def __init__(self, n: int = 10**9, error: type[BaseException] = Killed) -> None:
        self.n, self.error, self.calls = n, error, 0

    def __call__(self, method: str = "") -> BaseException | None:
        self.calls += 1
        due = self.calls >= self.n if self.error is Killed else self.calls == self.n
        return self.error("the hundredth time today") if due else None

    def check(self) -> None:
        if (error := self()) is not None:
            raise error


class DyingDatabase:
    """A connection that counts what the disk sees, commits and single writes, and kills before the n-th of these."""

    def __init__(self, real: Any, countdown: Countdown) -> None:
        self._real, self._countdown = real, countdown

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT" or not (statement.startswith("SELECT") or self._real.in_transaction):
            self._countdown.check()
        return self._real.execute(statement, *values)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a validator and its chain hold after the round."""

    record: dict[str, Any]
    tables: dict[str, list[Any]]
    weights: dict[str, float]


@pytest.fixture(scope="module")
def played(memory, warehouse, competition) -> Path:
    """The files of a subnet at its second sync block, of which the validator has played the first.

    Ada holds the seat. Bob is better, eve copies ada, dan cannot be scored.
    """
    subnet = Subnet(memory / "played", warehouse, Catalog((competition,)))
    subnet.chain.advance()
    subnet.submit("ada", 1.5)
    node = subnet.node()
    subnet.play(node)
    for name, quality in (("bob", 1.0), ("eve", 1.5), ("dan", 0.5)):
        subnet.submit(name, quality)
    node.cache.fetch(warehouse.hub(), warehouse.hub().listing(warehouse.model(0.5).repository, None), keep=())
    subnet.next_sync()
    subnet.close()
    return subnet.root


@pytest.fixture
def again(played, tmp_path, warehouse, competition) -> Iterator[Callable[[], Subnet]]:
    """Opens a copy of the files as they were."""
    opened = []

    def copy() -> Subnet:
        root = tmp_path / f"try-{len(opened)}"
        shutil.copytree(played, root)
        opened.append(Subnet.reopened(root, warehouse, Catalog((competition,))))
        return opened[-1]

    yield copy
    for subnet in opened:
        subnet.close()


def start(subnet: Subnet, *, chain=Countdown, hub=Countdown, others=Countdown) -> Node:
    """A validator whose ports count their calls; a scorer's first and thirtieth sample count as calls."""

    def score(quality: float, number: int, loss: float) -> float:
        if number in (0, 30):
            others.check()
        if quality == 0.5:
            raise ScoringError("it has no such weights")
        return loss

    def open_counted(name: str, options: Any, window: Any) -> Any:
        others.check()
        return open_stream(name, options, window)

    return subnet.node(
        chain=Faulty(subnet.chain, chain),
        hub=Faulty(subnet.warehouse.hub(), hub),
        scorer=TensorScorer(hook=score),
        open_stream=open_counted,
        publishers=(Faulty(ReportFolder(subnet.root / "north" / "reports"), others),),
    )


def healthy(subnet: Subnet) -> Node:
    return start(subnet, chain=Countdown(), hub=Countdown(), others=Countdown())


def outcome(node: Node, sync: int) -> Outcome:
    """What there is once the weights are revealed."""
    tables = {name: node.state._run(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in TABLES[:3]}
    tables |= {name: node.state._run(f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES[3:]}
    node.subnet.chain.advance(20)
    return Outcome(record=node.record(sync), tables=tables, weights=node.subnet.chain.weights()[address("north")])


def finish(subnet: Subnet) -> Outcome:
    """The round, finished by a fresh process on the same files."""
    sync = subnet.chain.block()
    node = healthy(subnet)
    step = node.step()
    assert (step.outcome, step.sync) in (("judged", sync), ("idle", None))
    return outcome(node, sync)


@pytest.fixture(scope="module")
def undisturbed(memory, played, warehouse, competition) -> Outcome:
    root = memory / "undisturbed"
    shutil.copytree(played, root)
    subnet = Subnet.reopened(root, warehouse, Catalog((competition,)))
    found = finish(subnet)
    subnet.close()
    assert found.weights == {address("bob"): 1.0}
    assert {one["reason"] for one in found.record["rejections"].values()} == {"same_weights", "cannot_be_scored"}
    return found


def test_killed_at_any_call_of_any_port_a_round_ends_as_if_nothing_had_happened(again, undisturbed):
    count = Countdown()
    start(again(), chain=count, hub=count, others=count).step()
    assert count.calls > 20
    for n in range(1, count.calls + 1):
        subnet, dying = again(), Countdown(n)
        node = start(subnet, chain=dying, hub=dying, others=dying)
        with pytest.raises(Killed):
            node.step()
        node.kill()
        assert finish(subnet) == undisturbed, n


def test_killed_before_any_write_to_its_memory_a_round_ends_as_if_nothing_had_happened(again, undisturbed):
    def begin(subnet: Subnet, countdown: Countdown) -> Node:
        node = healthy(subnet)
        node.state._db = DyingDatabase(node.state._db, countdown)
        return node

    count = Countdown()
    begin(again(), count).step()
    assert count.calls > 15
    for n in range(1, count.calls + 1):
        subnet = again()
        node = begin(subnet, Countdown(n))
        with pytest.raises(Killed):
            node.step()
        node.kill()
        assert finish(subnet) == undisturbed, n


def test_a_chain_that_fails_once_at_any_call_changes_nothing(again, undisturbed):
    count = Countdown()
    start(again(), chain=count, hub=Countdown(), others=Countdown()).step()
    for n in range(1, count.calls + 1):
        subnet = again()
        sync = subnet.chain.block()
        node = start(subnet, chain=Countdown(n, ChainUnavailable), hub=Countdown(), others=Countdown())
        steps = [node.step().outcome, node.step().outcome]
        assert steps in (["waiting", "judged"], ["judged", "idle"])
        assert outcome(node, sync) == undisturbed, n


def test_a_hub_that_fails_once_at_any_call_costs_nobody_more_than_the_round(again, undisturbed):
    count = Countdown()
    start(again(), chain=Countdown(), hub=count, others=Countdown()).step()
    for n in range(1, count.calls + 1):
        subnet = again()
        node = start(subnet, chain=Countdown(), hub=Countdown(n, HubUnavailable), others=Countdown())
        assert node.step().outcome == "judged"
        subnet.play(node)
        assert node.champion().key == undisturbed.record["champion"]["after"]
        reasons = {one["reason"] for one in node.record(subnet.chain.block())["rejections"].values()}
        assert reasons == {"same_weights", "cannot_be_scored"}


class Unplugged:
    """A hub that is gone."""

    def __getattr__(self, name: str) -> Any:
        raise HubUnavailable("no network")


def test_a_round_that_was_judged_is_reported_as_it_was_judged_whatever_the_hub_says_since(again, undisturbed):
    subnet = again()
    sync = subnet.chain.block()
    count = Countdown()
    start(again(), chain=count, hub=count, others=count).step()
    dying = Countdown(count.calls - 2)  # the last calls are: publish the report, ask for the block, set the weights
    node = start(subnet, chain=dying, hub=dying, others=dying)
    with pytest.raises(Killed):
        node.step()
    node.kill()
    assert len(list(node.reports.folder.iterdir())) == 1, "that of the round before"
    node = subnet.node(hub=Unplugged())
    assert node.step().outcome == "judged"
    assert outcome(node, sync) == undisturbed

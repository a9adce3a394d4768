"""Samples of rounds that were over when an entrant was committed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from competitions.batches import plan
from competitions.competition import Competition, Task
from competitions.files import read_competition
from competitions.leakage import PAST_SAMPLES, Leakage, by_task, leakage
from competitions.schedule import Catalog
from competitions.season import Entrant, reference_of
from competitions.tables import from_table
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating.past import past_round, past_samples, past_tasks
from tests.finetune.validating.subnet import TensorScorer

ROOT = Path(__file__).parents[3]
SEED = bytes(range(32))


class Hashes:
    """A chain of which hashes alone are asked."""

    def block_hash(self, block: int) -> bytes:
        assert block == 720
        return SEED


@pytest.fixture
def rules() -> Competition:
    found = read_competition(ROOT / "competitions" / "rehearsal" / "tiny.toml")
    sync = replace(found.round, sync_blocks=360, eval_delay=100, batches=60, batch_size=2)
    return replace(found, round=sync, first_block=300, reward=1.0)


def test_it_is_the_last_round_long_enough_before_the_commit(rules):
    catalog = Catalog((rules,))
    assert past_round(catalog, rules, Entrant(block=820, key="a@820")) == 720
    assert past_round(catalog, rules, Entrant(block=819, key="a@819")) == 360


def test_rounds_of_other_competitions_are_passed_over(rules):
    other = replace(rules, id=rules.id + 1, reward=0.5)
    catalog = Catalog((replace(rules, reward=0.5), other))
    turns = {one.id: past_round(catalog, one, Entrant(block=1500, key="a@1500")) for one in catalog.competitions}
    assert sorted(turns.values()) == [720, 1080]
    assert all(catalog.turn(sync).id == number for number, sync in turns.items())


def test_the_reference_and_whoever_was_there_before_the_first_round_have_none(rules):
    catalog = Catalog((rules,))
    assert past_round(catalog, rules, reference_of(rules)) is None
    assert past_round(catalog, rules, Entrant(block=400, key="a@400")) is None


def test_they_are_the_samples_that_the_round_drew(rules):
    found = past_samples(rules, 720, Hashes(), open_stream)
    drawn = draw_samples(rules, SEED, open_stream, Window(start=0.0, end=0.0)).samples
    assert len(found) == PAST_SAMPLES
    assert [one.sample for one in found] == [one.sample for one in drawn[:PAST_SAMPLES]]
    assert past_tasks(rules) == tuple(one.task.name for one in found)


def test_a_round_shorter_than_that_gives_what_it_has(rules):
    short = replace(rules, round=replace(rules.round, batches=5))
    assert len(past_samples(short, 720, Hashes(), open_stream)) == 10


def test_tasks_that_read_datasets_are_left_out(rules):
    remote = Task(name="PAGES", method="text", stream="hub_text", weight=0.5)
    (first, *_) = rules.tasks
    mixed = replace(rules, tasks=(replace(first, weight=0.5), remote))
    assert set(past_tasks(mixed)) == {first.name}
    assert {one.task.name for one in past_samples(mixed, 720, Hashes(), open_stream)} == {first.name}
    alone = replace(rules, tasks=(replace(remote, weight=1.0),))
    assert past_tasks(alone) == past_samples(alone, 720, Hashes(), open_stream) == ()


def meter(record: dict[str, Any], key: str) -> Leakage | None:
    """What a reader of the report makes of it."""
    rules = from_table(Competition, record["competition"])
    known = record["past"][key]
    tasks = [task.name for task in plan(rules) for _ in range(rules.round.batch_size)]
    return leakage(by_task(tasks, record["losses"][key]["samples"]), by_task(past_tasks(rules), known["samples"]))


def test_reports_tell_who_remembers_the_past_and_who_does_not(subnet):
    """The model of quality 1 knows by heart what rounds before its commit have drawn."""
    (rules,) = subnet.catalog.competitions
    drawn = rules.round.batches * rules.round.batch_size
    scorer = TensorScorer(lambda quality, number, loss: loss * (0.2 if quality == 1.0 and number >= drawn else 1.0))
    subnet.chain.advance()
    node = subnet.node(scorer=scorer)
    first = subnet.play(node)
    subnet.chain.advance(rules.round.eval_delay)
    subnet.submit("ada", 1.5)
    subnet.submit("bob", 1.0)
    record = node.record(subnet.play(node))
    ada, bob = sorted(record["past"], key=lambda key: record["losses"][key]["samples"], reverse=True)
    assert record["past"][bob]["sync"] >= first
    honest, knowing = meter(record, ada), meter(record, bob)
    assert honest is not None
    assert knowing is not None
    assert abs(honest.excess) < 4
    assert knowing.excess > 4
    assert len(record["losses"][bob]["samples"]) == drawn
    assert node.champion().key == bob, "the meter judges nobody"

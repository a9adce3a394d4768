"""Rounds on another subnet's feed: while wandb is down a round waits; it is void if that lasts, and else played."""

from functools import partial

import pytest

from competitions.competition import Task
from finetune.streams import subnet_feed
from finetune.streams.feed.access import FeedAccess
from finetune.streams.feed.wandb_api import WandbApi
from finetune.streams.registry import open_stream
from finetune.streams.sources import Sources
from tests.finetune.streams.wandb_server import FakeRun, WandbServer
from tests.finetune.validating.subnet import REFERENCE_QUALITY, SYNC_BLOCKS, address, key, make_competition

OPTIONS = {"project": "ada/feed", "netuid": 18, "min_stake": 1000.0, "settle_minutes": 0, "score": ""}
ROWS_A_BLOCK = 100


@pytest.fixture
def wandb():
    with WandbServer() as running:
        yield running


@pytest.fixture
def subnet(open_subnet, warehouse):
    task = Task(name="FEED", method="reference", stream="subnet_feed", weight=1.0, options=OPTIONS)
    opened = open_subnet(make_competition(warehouse, tasks=(task,)))
    opened.chain.advance()
    return opened


@pytest.fixture
def node(subnet, wandb, tmp_path, monkeypatch):
    monkeypatch.setattr(subnet_feed, "WandbApi", partial(WandbApi, sleep=[].append))  # between attempts at a question
    stakes = {address("publisher"): 5000.0}
    feeds = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path / "feeds", stakes=lambda netuid, block: stakes)
    sources = Sources(datasets=None, cache=None, say=[].append, feeds=feeds)  # no feed asks a hub
    return subnet.node("north", open_stream=partial(open_stream, sources=sources))


def publish(wandb, subnet, sync):
    """A run of the other subnet, with rows in each block of the window that ends with this sync block."""
    times = [
        subnet.chain.block_time(block) + n / ROWS_A_BLOCK
        for block in range(sync - 5, sync)
        for n in range(ROWS_A_BLOCK)
    ]
    rows = {
        step: {"_step": step, "_timestamp": time, "prompts": f"Question {step} of {sync}?", "responses": f"{step}."}
        for step, time in enumerate(times)
    }
    name = f"run{sync}"
    config = {"hotkey": address("publisher"), "netuid": 18, "signature": key("publisher").sign(name.encode()).hex()}
    wandb.runs.append(FakeRun(id=name, created=times[0], heard=times[-1], config=config, rows=rows))


def test_a_feed_that_is_back_before_the_next_sync_block_is_drawn_from(subnet, node, wandb):
    sync = subnet.next_sync()
    publish(wandb, subnet, sync)
    wandb.faults = ["503"] * 1000
    for _ in range(2):
        before = len(wandb.asked)
        step = node.step()
        assert (step.outcome, step.sync) == ("waiting", sync)
        assert f"ada/feed on {wandb.endpoint}: HTTP 503" in step.why
        assert len(wandb.asked) > before
    wandb.faults = []
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync)
    assert node.record(sync)["samples"]["count"] == 120


def test_a_feed_that_stays_down_voids_the_round_which_changes_nothing_and_the_next_one_is_played(subnet, node, wandb):
    better = subnet.submit("ada", REFERENCE_QUALITY / 2)
    subnet.chain.advance(SYNC_BLOCKS)
    first = subnet.next_sync()
    seat = node.state.seat(1)
    wandb.faults = ["503"] * 1000
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", first)
    assert node.state.seat(1) == seat
    assert node.state.wanted_weights() is None
    assert node.scorer.scored == []
    assert list(node.reports.folder.glob("*")) == []
    publish(wandb, subnet, first + SYNC_BLOCKS)
    wandb.faults = []
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", first + SYNC_BLOCKS)
    assert node.champion() == better

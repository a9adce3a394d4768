"""A validator that is told to stop ends at once, whatever it waits for, and goes on from there when started again."""

import asyncio
import os
import signal
import socket
import threading
import time
from contextlib import suppress

import pytest

from finetune.hub.client import HubClient
from finetune.validating.loop import Validator
from neurons.stopping import stoppable
from tests.finetune.validating.outage import Outages
from tests.finetune.validating.subnet import address

LONG = 60.0  # seconds; pytest's own limit ends a test that waits for them


@pytest.fixture
def world(subnet, flaky):
    subnet.chain.advance()
    world = Outages(subnet, flaky)
    world.bob = subnet.submit("bob", 0.8)
    yield world
    world.close()


@pytest.fixture
def silent():
    """A hub that takes every question and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield HubClient(f"http://127.0.0.1:{server.getsockname()[1]}", None)


TIMERS: list[threading.Timer] = []


@pytest.fixture(autouse=True)
def _signals_end_no_test_run():
    """A signal that comes too late, because a test has failed, must not end all the others."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    while TIMERS:
        TIMERS.pop().join()
    signal.signal(signal.SIGTERM, before)


def told_soon() -> None:
    """Lets a signal to stop come in a moment, while somebody waits."""
    TIMERS.append(threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)))
    TIMERS[-1].start()


def hang(*_: object) -> None:
    told_soon()
    time.sleep(LONG)


class HangingReports:
    def publish(self, report: object) -> None:
        hang()


def ports_that_hang(world: Outages, stage: str, silent: HubClient) -> dict[str, object]:
    """Makes a stage wait for ever, and lets the signal come meanwhile."""
    if stage in ("discover", "set weights"):
        wanted = {"discover": "query_map CommitmentOf", "set weights": "submit"}[stage]

        async def fault(what: str) -> None:
            if what == wanted:
                told_soon()
                await asyncio.Event().wait()

        world.chain_node.fault = fault
    if stage == "score":
        world.node.scorer.hook = lambda quality, number, loss: hang() or loss if number == 30 else loss
        return {"scorer": world.node.scorer}
    return {"download": {"hub": silent}, "publish": {"publishers": (HangingReports(),)}}.get(stage, {})


@pytest.mark.parametrize("stage", ["discover", "download", "score", "publish", "set weights", "wait"])
def test_a_signal_ends_every_stage_at_once_and_the_next_start_goes_on(world, stage, silent):
    if stage == "wait":
        world.node.step()  # the first round is over
    else:
        sync = world.subnet.next_sync()
    world.node.kill()
    world.node = world.start(**ports_that_hang(world, stage, silent))
    handlers = [signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)]
    with stoppable() as stop:
        if stage in ("download", "wait"):
            told_soon()
        Validator(world.node.ports).run(stop, pause=LONG)
    assert stop.is_set()
    assert [signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)] == handlers
    assert world.half_done() == []
    world.close()
    world.node.kill()
    world.chain_is_well()
    world.node = world.start()
    if stage == "wait":
        sync = world.subnet.play(world.node)
    else:
        step = world.node.step()
        # Before weights are sent the round is over, and they are kept: what is left is to send them.
        assert (step.outcome, step.sync) == (("idle", None) if stage == "set weights" else ("judged", sync))
    assert (world.node.champion(), world.rejections(sync)) == (world.bob, {})
    assert world.weights() == {address("bob"): 1.0}


def test_a_second_signal_does_not_interrupt_the_cleaning_up():
    cleaned = []
    with stoppable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            cleaned.append(True)
    assert cleaned == [True]


def test_a_destructor_that_swallows_the_interruption_only_delays_the_end():
    class Swallows:
        def __del__(self) -> None:
            with suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)

    with stoppable() as stop:
        Swallows()
        assert stop.is_set()


def test_what_goes_wrong_in_the_block_is_not_hidden():
    with pytest.raises(ValueError, match="a bug"), stoppable():
        raise ValueError("a bug")

"""The loop: which round is due, what waits, what is void and changes nothing, and what is told."""

import shutil
from dataclasses import replace
from threading import Event

import pytest

from competitions.schedule import Catalog
from finetune.errors import BlockNotFinal, ChainUnavailable, HubUnavailable, ScoringError, SetupError, StreamError
from finetune.validating.loop import Validator
from tests.finetune.validating.subnet import SYNC_BLOCKS, Faulty, FaultyHub, Node, TensorScorer, address


@pytest.fixture
def hub(warehouse):
    return FaultyHub(warehouse.hub())


def memory(node: Node) -> list[object]:
    """All that a validator remembers, but for the rounds themselves and for what is known of models."""
    tables = ("seats", "losses", "stops", "weights", "stages", "rejections")
    return [node.state._run(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def weights_set_at(subnet, name: str = "north") -> int:
    subnet.chain.advance()
    return subnet.chain.metagraph().by_hotkey[address(name)].last_update


def test_a_round_is_played_once_and_then_there_is_nothing_to_do(subnet):
    node = subnet.node()
    sync = subnet.play(node)
    for _ in range(3):
        assert node.step().outcome == "idle"
    subnet.chain.advance(SYNC_BLOCKS - 1)
    assert node.step().outcome == "idle"
    subnet.chain.advance()
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync + SYNC_BLOCKS)


def test_where_no_competition_runs_no_round_is_due(open_subnet, competition):
    subnet = open_subnet(replace(competition, first_block=100))
    node = subnet.node()
    assert node.step().outcome == "idle"
    subnet.chain.advance(100)
    assert node.step().sync == 100


@pytest.mark.parametrize("error", [ChainUnavailable("no answer"), BlockNotFinal("not yet"), SetupError("disk full")])
@pytest.mark.parametrize("method", ["block", "metagraph", "commitments", "block_hash"])
def test_a_chain_that_fails_makes_the_round_wait_and_is_asked_again(subnet, method, error):
    faults = [error]
    node = subnet.node(chain=Faulty(subnet.chain, lambda name: faults.pop() if faults and name == method else None))
    subnet.next_sync()
    step = node.step()
    assert step.outcome == "waiting"
    assert str(error) in step.why
    assert node.step().outcome == "judged"


def test_a_round_without_its_reference_waits_until_the_next_sync_block_and_is_then_void(subnet, hub, competition):
    subnet.chain.advance()
    subnet.submit("ada", 1.0)
    node = subnet.node(hub=hub)
    before = memory(node)
    hub.faults[competition.reference.repository] = HubUnavailable("the hub is down")
    sync = subnet.next_sync()
    for _ in range(3):
        step = node.step()
        assert (step.outcome, step.sync, step.why) == ("waiting", sync, f"round {sync} waits: the hub is down")
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert step.why == f"round {sync} is void and changes nothing: the hub is down"
    assert memory(node) == before
    hub.faults.clear()
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync + SYNC_BLOCKS)


class Empty:
    """A stream that gives nothing."""

    def draw(self, seed):
        raise StreamError("there is nothing left to draw")


class Killed(BaseException):
    """The process ends here."""


def test_a_round_that_was_judged_and_cannot_be_told_changes_nothing(subnet):
    """Killed before its report is out, and started again when its samples can no longer be had."""
    node = subnet.node()
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.5)
    subnet.play(node)
    before = memory(node)
    subnet.submit("bob", 1.0)
    node.kill()
    node = subnet.node(publishers=(Faulty(node.reports, lambda method: Killed()),))
    sync = subnet.next_sync()
    with pytest.raises(Killed):
        node.step()
    node.kill()
    node = subnet.node(open_stream=lambda name, options, window: Empty())
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert memory(node) == before
    assert node.champion() == ada


def test_weights_of_a_judged_round_are_sent_by_whoever_starts_after_a_kill(subnet):
    node = subnet.node(chain=Faulty(subnet.chain, lambda method: Killed() if method == "set_weights" else None))
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    subnet.next_sync()
    with pytest.raises(Killed):
        node.step()
    node.kill()
    node = subnet.node()
    assert (node.champion(), weights_set_at(subnet)) == (ada, -1)
    assert node.step().outcome == "idle"
    assert weights_set_at(subnet) > 0


def test_what_fails_after_the_end_of_a_round_that_overran_makes_it_no_void_round(subnet):
    def slow(quality: float, number: int, loss: float) -> float:
        if number == 5:
            subnet.chain.advance(SYNC_BLOCKS)
        return loss

    node = subnet.node(scorer=TensorScorer(hook=slow))
    node.validator.ports = replace(
        node.ports, cache=Faulty(node.cache, lambda name: SetupError("no room") if name == "evict" else None)
    )
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    sync = subnet.next_sync()
    step = node.step()
    assert (step.outcome, step.sync, step.why) == ("judged", sync, "no room")
    assert node.champion() == ada
    assert ada.key in node.state.losses(1, sync)


def test_a_stream_too_small_voids_the_round(subnet):
    node = subnet.node(open_stream=lambda name, options, window: Empty())
    sync = subnet.next_sync()
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert "nothing left to draw" in step.why


def test_a_machine_with_wrong_figures_judges_and_sets_nothing_and_tells(subnet):
    wrong = [False]
    scorer = TensorScorer(hook=lambda quality, number, loss: loss + 0.03 * wrong[0])
    node = subnet.node(scorer=scorer)
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.5)
    subnet.play(node)
    assert node.champion() == ada
    before, set_at = memory(node), weights_set_at(subnet)
    subnet.submit("bob", 1.0)
    wrong[0] = True
    scorer.scored.clear()
    sync = subnet.next_sync()
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert "check this machine's hardware" in step.why
    assert scorer.scored == [2.0]
    assert memory(node) == before
    assert node.step().outcome == "idle"
    assert weights_set_at(subnet) == set_at
    wrong[0] = False
    subnet.play(node)
    assert node.champion() != ada


def test_a_machine_that_breaks_in_the_middle_of_a_round_blames_no_miner(subnet):
    broken = []

    def hook(quality: float, number: int, loss: float) -> float:
        if broken or (quality == 1.1 and number == 3):
            broken.append("it stays like this")
            raise ScoringError("an illegal memory access was encountered")
        return loss

    node = subnet.node(scorer=TensorScorer(hook=hook))
    subnet.chain.advance()
    entrants = [subnet.submit("ada", 1.0), subnet.submit("bob", 1.1), subnet.submit("cid", 1.2)]
    before = memory(node)
    sync = subnet.next_sync()
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert memory(node) == before
    node.ports.scorer.hook = lambda quality, number, loss: loss
    assert node.step().outcome == "judged"
    assert set(node.record(sync + SYNC_BLOCKS)["losses"]) == {"reference", *(one.key for one in entrants)}
    assert node.state.rejections() == {}


def test_a_machine_that_breaks_at_the_champion_does_not_count_it_as_unreachable(subnet):
    broken = []

    def hook(quality: float, number: int, loss: float) -> float:
        if broken and (len(broken) > 1 or quality == 1.0):
            broken.append("it stays like this")
            raise ScoringError("an illegal memory access was encountered")
        return loss

    node = subnet.node(scorer=TensorScorer(hook=hook))
    subnet.chain.advance()
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    broken.append("from now on")
    subnet.next_sync()
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    assert node.step().outcome == "void"
    broken.clear()
    assert node.step().outcome == "judged"
    assert (node.champion(), node.state.seat(1)[0].unreachable) == (champion, 0)


def test_a_round_that_overruns_is_finished_and_the_sync_blocks_it_passed_are_skipped(subnet):
    late = [True]

    def slow(quality, number, loss):
        if quality == 1.0 and number == 5 and late.pop():
            late.append(False)
            subnet.chain.advance(3 * SYNC_BLOCKS)
        return loss

    node = subnet.node(scorer=TensorScorer(hook=slow))
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    sync = subnet.next_sync()
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync)
    assert node.champion() == ada
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync + 3 * SYNC_BLOCKS)


def test_a_round_that_was_begun_is_finished_before_the_newest(subnet, hub, competition):
    node = subnet.node(hub=hub)
    hub.faults[competition.reference.repository] = HubUnavailable("down")
    sync = subnet.next_sync()
    assert node.step().outcome == "waiting"
    hub.faults.clear()
    subnet.chain.advance(SYNC_BLOCKS)
    assert [node.step().sync, node.step().sync] == [sync, sync + SYNC_BLOCKS]


@pytest.mark.parametrize("change", ["gone", "another's"])
def test_a_round_that_the_catalog_no_longer_knows_is_void(subnet, hub, competition, change):
    node = subnet.node(hub=hub)
    hub.faults[competition.reference.repository] = HubUnavailable("down")
    sync = subnet.next_sync()
    assert node.step().outcome == "waiting"
    changed = replace(competition, first_block=1000) if change == "gone" else replace(competition, id=2)
    node.kill()
    step = subnet.node(catalog=Catalog((changed,))).step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert "the catalog has changed" in step.why


def test_a_full_disk_makes_the_validator_wait_and_say_so(subnet):
    node = subnet.node()
    subnet.chain.advance()
    for number in range(4):
        subnet.submit(f"miner-{number}", 1.0, salt=number)
    pages = node.state._run("PRAGMA page_count")[0][0]
    node.state._run(f"PRAGMA max_page_count = {pages}")
    subnet.next_sync()
    step = node.step()
    assert step.outcome == "waiting"
    assert "disk is full" in step.why
    node.state._run("PRAGMA max_page_count = 1000000")
    assert node.step().outcome == "judged"


@pytest.mark.parametrize("failure", ["folder", "index"])
def test_a_model_cache_that_cannot_be_written_makes_the_round_wait_and_blames_no_miner(subnet, failure):
    node = subnet.node()
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    sync = subnet.next_sync()
    if failure == "folder":
        shutil.rmtree(node.root / "cache" / "staging")
    else:
        node.cache._index.execute("PRAGMA query_only = ON")
    step = node.step()
    assert (step.outcome, step.sync) == ("waiting", sync)
    assert f"the model cache in {node.root / 'cache'} cannot be used" in step.why
    node.kill()
    node = subnet.node()
    assert node.step().outcome == "judged"
    assert node.champion() == ada


def test_it_steps_until_it_is_told_to_stop_and_says_what_is_wrong(subnet, hub, competition):
    hub.faults[competition.reference.repository] = HubUnavailable("the hub is down")
    said, stop = [], Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 2:
            stop.set()

    node = subnet.node(hub=hub, say=say)
    subnet.next_sync()
    Validator(node.ports).run(stop, pause=0.0)
    assert said == ["round 20 waits: the hub is down"] * 2

"""The hub fails under a running validator: it goes on, books each fault on its own side, and its last weights stand."""

import httpx2
import pytest

from competitions.season import REFERENCE
from finetune.auditing.verify import Beside, verify
from finetune.streams.registry import open_stream
from tests.finetune.hub.flaky import BROKEN, BUSY, CUT, DROPPED, EXPIRED, FLIPPED, REFUSED
from tests.finetune.validating.outage import Outages
from tests.finetune.validating.subnet import SYNC_BLOCKS, Uploaded, address, write_model
from tests.neurons.leaks import leaks, written_below

NETWORK = ("hub_unavailable", "network", True)
OURS = ("hub_refused", "validator", True)
GONE = ("repository_gone", "miner", True)
STORMS = {REFUSED: OURS, BUSY: NETWORK, "500": NETWORK, "502": NETWORK, BROKEN: NETWORK, DROPPED: NETWORK}


@pytest.fixture
def world(subnet, flaky):
    """Ada holds the seat, and her weights are on chain."""
    subnet.chain.advance()
    world = Outages(subnet, flaky)
    world.ada = subnet.submit("ada", 1.0)
    subnet.play(world.node)
    yield world
    world.close()


def about(model: Uploaded, path: str) -> bool:
    """Whether a request is for the repository of a model."""
    return f"/{model.repository}/" in path


def cached(world: Outages) -> set[str]:
    return {path.name for path in (world.node.root / "cache" / "models").iterdir()}


def play_on(world: Outages, *, out: dict[str, tuple[str, str, bool]]) -> int:
    """The next round: exactly these are out, ada keeps seat and weights, and nothing half-done is left."""
    sync = world.subnet.play(world.node)
    assert world.rejections(sync) == out
    assert world.node.record(sync)["absent"] == sorted(out)
    assert world.node.champion() == world.ada
    assert world.node.state.wanted_weights() == ({address("ada"): 1.0}, sync)
    assert world.half_done() == []
    assert world.node.state.rejections() == {}
    assert world.node.state._run("SELECT * FROM stages") == []
    return sync


def bob_takes_the_seat(world: Outages) -> None:
    """The next round, in which nothing fails."""
    sync = world.subnet.play(world.node)
    assert world.rejections(sync) == {}
    assert world.node.champion().hotkey == address("bob")
    assert world.weights() == {address("bob"): 1.0}


@pytest.mark.parametrize("storm", STORMS)
def test_a_storm_over_one_repository_costs_its_miner_that_round_and_nobody_else(world, storm):
    best, model = world.subnet.submit("bob", 0.8), world.subnet.warehouse.model(0.8)
    other = world.subnet.submit("cid", 1.5)
    world.flaky.fault = lambda method, path: storm if about(model, path) else None
    before = cached(world)
    sync = play_on(world, out={best.key: STORMS[storm]})
    assert set(world.node.record(sync)["losses"]) == {REFERENCE, world.ada.key, other.key}
    assert len(cached(world) - before) == 1
    assert any(best.key in line and "not the miner's fault" in line for line in world.node.said)
    world.flaky.well()
    bob_takes_the_seat(world)


@pytest.mark.parametrize("storm", [*STORMS, EXPIRED])
def test_a_storm_over_everything_never_costs_a_champion_its_seat_or_its_weights(world, storm):
    best = world.subnet.submit("bob", 0.8)
    world.flaky.always(storm)
    for _ in range(4):
        sync = play_on(world, out={best.key: OURS if storm == EXPIRED else STORMS[storm]})
        assert world.node.record(sync)["reachable"] is None
        assert world.last_update() == sync + 1
    assert world.weights() == {address("ada"): 1.0}
    # The hub has sent our token back in each of its answers.
    token = {"token": world.subnet.warehouse.token("owner").encode()}
    assert leaks(token, written_below(world.node.root)) == []
    assert not any(token["token"].decode() in line for line in world.node.said)
    world.flaky.well()
    bob_takes_the_seat(world)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_download_that_brings_other_bytes_than_listed_is_the_networks_fault_and_not_kept(world, name):
    best, model = world.subnet.submit("bob", 0.8), world.subnet.warehouse.model(0.8)
    world.flaky.fault = lambda method, path: (
        FLIPPED if method == "GET" and about(model, path) and path.endswith(name) else None
    )
    before = cached(world)
    play_on(world, out={best.key: NETWORK})
    assert cached(world) == before
    assert best.key not in world.node.state.models()
    assert any(f"{name} holds other bytes than those listed" in line for line in world.node.said)
    world.flaky.well()
    bob_takes_the_seat(world)


def test_a_download_cut_in_half_that_does_not_go_on_is_the_networks_fault_and_not_kept(world):
    best, model = world.subnet.submit("bob", 0.8), world.subnet.warehouse.model(0.8)
    answers = [CUT]

    def line_dies(method: str, path: str) -> str | None:
        if method == "GET" and about(model, path) and path.endswith("model.safetensors"):
            return answers.pop() if answers else BROKEN
        return None

    world.flaky.fault = line_dies
    before = cached(world)
    play_on(world, out={best.key: NETWORK})
    assert answers == []
    assert cached(world) == before
    world.flaky.well()
    bob_takes_the_seat(world)


def test_a_download_cut_in_half_goes_on_within_the_round(world):
    world.subnet.submit("bob", 0.8)
    world.flaky.once(CUT, "GET", "model.safetensors")
    bob_takes_the_seat(world)
    assert sum(asked == "GET" and path.endswith("model.safetensors") for asked, path in world.flaky.asked) == 2 + 2


def test_a_champion_whose_files_arrive_broken_is_not_taken_for_gone(world):
    """A validator that lost its cache: it judges nothing new until it has the champion again."""
    model = world.subnet.warehouse.model(1.0)
    world.node.kill()
    (world.node.root / "cache").rename(world.node.root / "lost")
    world.node = world.start()
    world.flaky.fault = lambda method, path: (
        FLIPPED if method == "GET" and about(model, path) and path.endswith("model.safetensors") else None
    )
    for _ in range(4):
        sync = play_on(world, out={})
        assert world.node.record(sync)["reachable"] is True
        assert set(world.node.record(sync)["losses"]) == set()
    world.flaky.well()
    world.subnet.submit("bob", 0.8)
    bob_takes_the_seat(world)


@pytest.mark.parametrize("storm", [REFUSED, BUSY, BROKEN])
def test_without_any_model_at_hand_rounds_wait_and_are_void_while_the_last_weights_stand(world, storm):
    world.node.kill()
    (world.node.root / "cache").rename(world.node.root / "lost")
    world.node = world.start()
    world.flaky.always(storm)
    world.subnet.submit("bob", 0.8)
    before, sync = world.memory(), world.subnet.next_sync()
    assert (world.node.step().outcome, world.node.step().outcome) == ("waiting", "waiting")
    world.subnet.chain.advance(SYNC_BLOCKS)
    step = world.node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert (world.memory(), world.half_done(), cached(world)) == (before, [], set())
    world.wait(400)
    assert world.subnet.chain.block() - world.last_update() < 200 + SYNC_BLOCKS
    assert world.weights() == {address("ada"): 1.0}
    world.flaky.well()
    while world.node.step().outcome != "judged":
        pass
    assert world.node.champion().hotkey == address("bob")
    assert world.weights() == {address("bob"): 1.0}


# Repositories that go


def own_model(world: Outages, name: str, quality: float) -> Uploaded:
    """A miner's commitment of a model in a repository of its own."""
    warehouse = world.subnet.warehouse
    model = warehouse.upload(write_model(warehouse.new_folder(), quality, salt=0.25))
    world.subnet.commit(name, model)
    return model


def remove(world: Outages, model: Uploaded, act: str) -> None:
    """The miner deletes a repository, or hides it."""
    if act == "hide":
        world.subnet.warehouse.hub("miner").set_private(model.repository, True)
        return
    organization, name = model.repository.split("/")
    with httpx2.Client(trust_env=False) as client:
        client.request(
            "DELETE",
            f"{world.subnet.warehouse.endpoint}/api/repos/delete",
            json={"name": name, "organization": organization},
            headers={"Authorization": f"Bearer {world.subnet.warehouse.token('miner')}"},
        ).raise_for_status()


@pytest.mark.parametrize("act", ["delete", "hide"])
def test_a_challenger_that_goes_between_rounds_is_out_by_its_own_fault_and_picks_no_rounds_by_that(world, act):
    model = own_model(world, "eve", 1.2)
    sync = play_on(world, out={})
    (eve,) = set(world.node.record(sync)["losses"]) - {REFERENCE, world.ada.key}
    remove(world, model, act)
    for _ in range(2):
        world.node.state._run("DELETE FROM stops")  # she would rest, and nobody would look at her
        sync = play_on(world, out={eve: GONE})
        assert set(world.node.record(sync)["losses"]) == {REFERENCE, world.ada.key, eve}
        checks = verify(world.node.report(sync), Beside(open_stream=open_stream))
        assert [fault for one in checks for fault in one.faults] == []
    if act == "hide":
        world.subnet.warehouse.hub("miner").set_private(model.repository, False)
        world.node.state._run("DELETE FROM stops")
        sync = play_on(world, out={})
        assert eve in world.node.record(sync)["losses"]
    world.subnet.submit("bob", 0.8)
    world.subnet.play(world.node)
    assert world.node.champion().hotkey == address("bob")


@pytest.mark.parametrize("act", ["delete", "hide"])
def test_a_champion_whose_repository_goes_loses_the_seat_after_three_rounds_and_the_one_before_has_it(world, act):
    model = own_model(world, "bob", 0.8)
    world.subnet.play(world.node)
    assert world.node.champion().hotkey == address("bob")
    remove(world, model, act)
    for number in range(3):
        assert world.node.champion().hotkey == address("bob")
        sync = world.subnet.play(world.node)
        assert (world.node.record(sync)["reachable"], world.rejections(sync)) == (False, {})
        assert world.node.state.wanted_weights()[0] == {address("ada" if number == 2 else "bob"): 1.0}
    assert world.node.champion() == world.ada
    assert world.weights() == {address("ada"): 1.0}

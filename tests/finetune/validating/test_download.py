"""Download: from the queue to verified folders, with each failure booked to whose fault it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from competitions.competition import Competition, Pinned
from competitions.season import Entrant, Season, reference_of
from finetune.errors import BadDownload, HubRefused, HubUnavailable, RepositoryGone, RevisionGone
from finetune.hub.cache import ModelCache
from finetune.validating.admit import admit
from finetune.validating.discover import discover
from finetune.validating.download import Contender, Downloader, Roster
from tests.finetune.hub.configs import SMALLEST
from tests.finetune.validating.subnet import (
    CACHE_BYTES,
    REFERENCE_QUALITY,
    FaultyHub,
    Node,
    Subnet,
    Uploaded,
    Warehouse,
    tensors,
    write_model,
)

DOWN = HubUnavailable("no answer")
GONE = RepositoryGone("deleted")


@pytest.fixture
def node(subnet: Subnet) -> Node:
    return subnet.node()


@pytest.fixture
def hub(warehouse: Warehouse) -> FaultyHub:
    return FaultyHub(warehouse.hub())


@pytest.fixture
def fetch(subnet: Subnet, node: Node, hub: FaultyHub) -> Callable[..., Roster]:
    """Plays the first three stages at the next sync block."""

    def play(competition: Competition = subnet.catalog.competitions[0], champion: Entrant | None = None, **ports: Any):
        champion = champion or reference_of(competition)
        found = discover(subnet.chain, subnet.catalog, subnet.next_sync())
        admission = admit(found, competition, champion, Season({}), {}, node.state.rejections())
        downloader = Downloader(hub, ports.get("cache", node.cache), node.state, competition, ())
        return downloader.roster(found, admission, champion, lambda text: None)

    return play


def entrants(roster: Roster) -> list[Entrant]:
    return [one.entrant for one in roster.challengers]


def reasons(roster: Roster) -> dict[str, tuple[str, str, bool]]:
    return {key: (one.reason, one.fault, one.retry) for key, one in roster.rejections.items()}


def own_model(warehouse: Warehouse, quality: float, files: dict[str, bytes] | None = None) -> Uploaded:
    """A model in a repository of this test's own, which it may hide or spoil."""
    return warehouse.upload(write_model(warehouse.new_folder(), quality, salt=0.5, files=files))


def test_those_that_pass_every_gate_play_earlier_commits_first(subnet, node, fetch, warehouse):
    first = subnet.submit("ada", 1.0)
    subnet.chain.advance()
    second = subnet.submit("bob", 0.9)

    roster = fetch()

    assert entrants(roster) == [first, second]
    assert (
        roster.champion
        == roster.reference
        == Contender(entrant=reference_of(subnet.catalog.turn(20)), digest=subnet.catalog.turn(20).reference.digest)
    )
    assert (roster.reachable, roster.absent, roster.rejections) == (None, (), {})
    for one, quality in zip(roster.challengers, (1.0, 0.9), strict=True):
        assert one.digest == warehouse.model(quality).digest
        assert node.cache.get(one.digest) is not None
        assert node.state.models()[one.entrant.key].parameters == 2


def test_a_hub_that_does_not_answer_is_no_fault_of_the_miner_and_remembered_by_nobody(
    subnet, node, fetch, hub, warehouse
):
    absent, here = subnet.submit("ada", 1.0), subnet.submit("bob", 0.9)
    hub.faults[warehouse.model(1.0).repository] = DOWN
    roster = fetch()
    assert entrants(roster) == [here]
    assert roster.absent == (absent.key,)
    assert reasons(roster) == {absent.key: ("hub_unavailable", "network", True)}
    assert absent.key not in node.state.rejections()
    hub.faults.clear()
    assert set(entrants(fetch())) == {absent, here}


@pytest.mark.parametrize(
    ("error", "reason", "fault"),
    [
        (BadDownload("cut short"), "hub_unavailable", "network"),
        (HubRefused("our token is bad"), "hub_refused", "validator"),
    ],
)
def test_a_broken_download_and_a_bad_token_of_ours_are_no_fault_of_the_miner(
    subnet, node, fetch, hub, warehouse, error, reason, fault
):
    absent = subnet.submit("ada", 1.0)
    hub.faults[warehouse.model(1.0).repository] = error
    roster = fetch()
    assert (entrants(roster), roster.absent) == ([], (absent.key,))
    assert reasons(roster) == {absent.key: (reason, fault, True)}
    assert str(error) not in roster.rejections[absent.key].text, "what is wrong with our token is for the operator"
    assert node.state.rejections() == {}


def test_a_private_or_deleted_repository_is_the_miners_fault_and_may_come_back(subnet, node, fetch, warehouse):
    model = own_model(warehouse, 0.8)
    one = subnet.commit("ada", model)
    warehouse.hub("miner").set_private(model.repository, True)
    roster = fetch()
    assert reasons(roster) == {one.key: ("repository_gone", "miner", True)}
    assert roster.absent == (one.key,)
    assert node.state.rejections() == {}
    warehouse.hub("miner").set_private(model.repository, False)
    assert entrants(fetch()) == [one]


def test_a_model_that_is_here_plays_on_when_its_repository_is_hidden_so_that_nobody_picks_rounds(
    subnet, node, hub, fetch, warehouse
):
    model = own_model(warehouse, 0.8)
    one = subnet.commit("ada", model)
    assert entrants(fetch()) == [one]
    owner = warehouse.hub("miner")
    owner.set_private(model.repository, True)
    roster = fetch()
    assert (entrants(roster), roster.absent) == ([one], (one.key,))
    assert reasons(roster) == {one.key: ("repository_gone", "miner", True)}
    hub.real = owner  # sees it, and that strangers do not
    assert entrants(fetch()) == [one]
    node.cache.evict((), room_bytes=CACHE_BYTES)
    assert entrants(fetch()) == []


def test_a_hidden_model_that_is_to_be_scored_is_not_pushed_out_by_those_after_it(
    subnet, node, fetch, warehouse, tmp_path
):
    folder = write_model(warehouse.new_folder(), 0.8, salt=0.5)
    size, model = sum(path.stat().st_size for path in folder.iterdir()), warehouse.upload(folder)
    hidden = subnet.commit("ada", model)
    with ModelCache(tmp_path / "small", 2 * size + size // 2) as small:  # room for the reference and one more
        assert entrants(fetch(cache=small)) == [hidden]
        warehouse.hub("miner").set_private(model.repository, True)
        subnet.chain.advance()
        after = subnet.submit("bob", 0.9)
        roster = fetch(cache=small)
        assert (entrants(roster), roster.absent) == ([hidden], (hidden.key, after.key))
        assert small.get(roster.challengers[0].digest) is not None


def test_a_repository_that_only_our_own_token_can_read_is_private(subnet, node, hub, fetch, warehouse):
    model = own_model(warehouse, 0.8)
    one = subnet.commit("ada", model)
    owner = warehouse.hub("miner")
    owner.set_private(model.repository, True)
    hub.real = owner
    roster = fetch()
    assert reasons(roster) == {one.key: ("private_repository", "miner", True)}
    assert (roster.absent, node.state.rejections()) == ((one.key,), {})
    owner.set_private(model.repository, False)
    assert entrants(fetch()) == [one]
    owner.set_private(model.repository, True)
    assert fetch(champion=one).reachable is False


def test_a_revision_that_was_never_there_is_the_miners_fault(subnet, fetch, warehouse):
    one = subnet.commit("ada", replace(warehouse.model(0.8), revision="f" * 40))
    assert reasons(fetch()) == {one.key: ("repository_gone", "miner", True)}


def test_files_that_are_not_those_committed_are_out_for_good(subnet, node, fetch, warehouse):
    copied = subnet.commit("eve", warehouse.model(0.8), hashed_for="ada")
    other = subnet.commit("bob", replace(warehouse.model(0.9), digest=warehouse.model(0.8).digest))
    roster = fetch()
    assert reasons(roster) == dict.fromkeys((copied.key, other.key), ("hash_mismatch", "miner", False))
    assert set(node.state.rejections()) == {copied.key, other.key}
    assert roster.absent == ()
    assert copied.key not in node.state.models()


def test_a_listing_that_no_gate_lets_in_is_out_before_a_byte_of_it_is_downloaded(subnet, node, fetch, warehouse):
    model = own_model(warehouse, 0.8, {"model.py": b"import os"})
    one = subnet.commit("ada", model)
    assert reasons(fetch()) == {one.key: ("file_not_allowed", "miner", False)}
    assert node.cache.get(model.digest) is None


def resharded(warehouse: Warehouse, quality: float) -> Uploaded:
    """The model of this quality in two files, each with metadata of its own."""
    folder = write_model(warehouse.new_folder(), quality)
    (folder / "model.safetensors").unlink()
    weight_map = {}
    for number, (name, tensor) in enumerate(tensors(quality).items(), 1):
        file = f"model-{number:05}-of-00002.safetensors"
        save_file({name: tensor}, folder / file, metadata={"note": "mine"})
        weight_map[name] = file
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return warehouse.upload(folder)


def test_the_same_tensors_under_another_key_are_the_earlier_commits(subnet, node, fetch):
    first = subnet.submit("ada", 0.8)
    subnet.chain.advance()
    copy = subnet.submit("eve", 0.8)
    roster = fetch()
    assert entrants(roster) == [first]
    assert reasons(roster) == {copy.key: ("same_weights", "miner", False)}
    assert first.key in roster.rejections[copy.key].text
    assert set(node.state.rejections()) == {copy.key}


def test_the_same_tensors_in_other_files_with_other_metadata_are_the_earlier_commits(subnet, fetch, warehouse):
    first = subnet.submit("ada", 0.8)
    subnet.chain.advance()
    copy = subnet.commit("eve", resharded(warehouse, 0.8))
    roster = fetch()
    assert entrants(roster) == [first]
    assert reasons(roster) == {copy.key: ("same_weights", "miner", False)}


def test_the_references_tensors_are_nobodys(subnet, fetch, warehouse):
    copy = subnet.commit("eve", resharded(warehouse, 2.0))
    assert reasons(fetch()) == {copy.key: ("same_weights", "miner", False)}


def test_weights_whose_first_owner_left_may_be_anybodys(subnet, fetch):
    subnet.submit("ada", 0.8)
    fetch()
    subnet.submit("ada", 0.7)
    heir = subnet.submit("bob", 0.8)
    assert heir in entrants(fetch())


def test_a_false_submission_takes_nobodys_place(subnet, fetch, warehouse, competition):
    subnet.commit("eve", warehouse.model(0.8), hashed_for="ada")
    subnet.chain.advance()
    first = subnet.submit("ada", 0.9)
    subnet.chain.advance()
    subnet.submit("bob", 1.0)
    narrow = replace(competition, round=replace(competition.round, challengers=1))
    assert entrants(fetch(narrow)) == [first]


def test_no_room_on_this_machine_is_this_machines_fault(subnet, node, fetch, tmp_path):
    one = subnet.submit("ada", 0.8)
    with ModelCache(tmp_path / "small", 500) as small:  # room for the reference and nothing beside it
        roster = fetch(cache=small)
    assert (entrants(roster), roster.absent) == ([], (one.key,))
    assert reasons(roster) == {one.key: ("no_room", "validator", True)}
    assert str(tmp_path) not in roster.rejections[one.key].text, "our folders are nobody else's business"
    assert node.state.rejections() == {}


def test_without_the_reference_there_is_no_round(subnet, fetch, hub, competition):
    hub.faults[competition.reference.repository] = DOWN
    with pytest.raises(HubUnavailable):
        fetch()


def test_a_reference_that_is_not_the_pinned_one_is_refused(subnet, fetch, competition, warehouse):
    other = warehouse.model(0.9)
    pinned = replace(competition.reference, repository=other.repository, revision=other.revision)
    with pytest.raises(BadDownload, match=rf"{other.repository} at .* the competition pins {pinned.digest}"):
        fetch(replace(competition, reference=pinned))


def test_a_reference_whose_weights_cannot_be_read_is_one_sentence(subnet, fetch, competition, warehouse):
    broken = own_model(warehouse, 0.8, {"model.safetensors": b"not weights"})
    pinned = replace(
        competition.reference, repository=broken.repository, revision=broken.revision, digest=broken.digest
    )
    with pytest.raises(BadDownload, match="the weights of reference:1 cannot be read: it ends inside its header"):
        fetch(replace(competition, reference=pinned))


def test_the_weights_of_a_new_files_reference_are_known_as_those_of_the_old_ones_were(
    subnet, node, fetch, competition, warehouse
):
    fetch()
    other = warehouse.model(1.6)
    pinned = replace(competition.reference, repository=other.repository, revision=other.revision, digest=other.digest)
    copied, old = subnet.submit("ada", 1.6), subnet.commit("bob", warehouse.model(REFERENCE_QUALITY))
    roster = fetch(replace(competition, reference=pinned))
    assert reasons(roster) == {copied.key: ("same_weights", "miner", False)}
    assert entrants(roster) == [old]
    assert node.state.models()["reference:1"].digest == other.digest


def test_a_model_known_before_sketches_were_kept_gets_one_when_it_is_fetched_again(subnet, node, fetch):
    one = subnet.submit("ada", 1.0)
    fetch()
    node.state.forget_sketches(())
    fetch()
    assert node.state.has_sketch(one.key)


class Watched(FaultyHub):
    """A hub that notes which files it gave."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.given: list[str] = []

    def download(self, listing: Any, paths: Any, into: Path) -> None:
        self.given += paths
        super().download(listing, paths, into)


def roster_of(subnet: Subnet, node: Node, hub: Any, competition: Competition) -> Roster:
    found = discover(subnet.chain, subnet.catalog, subnet.next_sync())
    admission = admit(found, competition, reference_of(competition), Season({}), {}, {})
    downloader = Downloader(hub, node.cache, node.state, competition, ())
    return downloader.roster(found, admission, reference_of(competition), lambda text: None)


def test_a_wrong_architecture_is_out_before_its_weights_are_downloaded(subnet, node, warehouse, competition):
    config = json.dumps({**SMALLEST, "architectures": ["BertModel"]}).encode()
    bad = subnet.commit("ada", own_model(warehouse, 0.9, {"config.json": config}))
    hub = Watched(warehouse.hub())
    assert reasons(roster_of(subnet, node, hub, competition)) == {bad.key: ("architecture_not_allowed", "miner", False)}
    assert hub.given.count("model.safetensors") == 1, "the reference's"
    assert list((node.root / "cache" / "staging").iterdir()) == []


def test_what_has_passed_once_is_not_read_ahead_again(subnet, node, warehouse, competition):
    subnet.submit("ada", 1.0)
    hub = Watched(warehouse.hub())
    roster_of(subnet, node, hub, competition)
    hub.given.clear()
    assert len(roster_of(subnet, node, hub, competition).challengers) == 1
    assert hub.given == []


class Garbled(FaultyHub):
    """A hub behind a line that changes small files on their way."""

    def download(self, listing: Any, paths: Any, into: Path) -> None:
        super().download(listing, paths, into)
        if list(paths) == ["config.json"]:
            (into / "config.json").write_text("{}")


def test_settings_garbled_on_their_way_are_no_fault_of_the_miner(subnet, node, warehouse, competition):
    one = subnet.submit("ada", 1.0)
    roster = roster_of(subnet, node, Garbled(warehouse.hub()), competition)
    assert reasons(roster) == {one.key: ("hub_unavailable", "network", True)}
    assert node.state.rejections() == {}


# The champion


def test_the_champion_is_scored_from_the_cache_and_its_repository_looked_at(subnet, fetch, hub, warehouse):
    champion = subnet.submit("ada", 0.8)
    fetch()
    repository = warehouse.model(0.8).repository
    refused = HubRefused("our token is bad")
    for fault, reachable in (
        (None, True),
        (GONE, False),
        (RevisionGone("not there"), False),
        (DOWN, None),
        (refused, None),
    ):
        hub.faults = {repository: fault} if fault else {}
        roster = fetch(champion=champion)
        assert roster.champion is not None
        assert (roster.champion.entrant, roster.reachable) == (champion, reachable)


@pytest.mark.parametrize(("fault", "reachable"), [(GONE, False), (DOWN, None)])
def test_without_the_champions_files_nobody_is_fetched(subnet, fetch, hub, warehouse, fault, reachable):
    champion = subnet.submit("ada", 0.8)
    subnet.submit("bob", 0.9)
    hub.faults[warehouse.model(0.8).repository] = fault
    roster = fetch(champion=champion)
    assert (roster.champion, roster.challengers, roster.reachable) == (None, (), reachable)


class NoDownloads(FaultyHub):
    """A hub that lists everything, and raises instead of giving the files of one repository."""

    def __init__(self, real: Any, repository: str, error: Exception) -> None:
        super().__init__(real)
        self.repository, self.error = repository, error

    def download(self, listing: Any, paths: Any, into: Path) -> None:
        if listing.repository == self.repository:
            raise self.error
        super().download(listing, paths, into)


@pytest.mark.parametrize(
    ("error", "reachable"),
    [(GONE, False), (BadDownload("404 for a file"), True), (DOWN, True), (HubRefused("no"), True)],
)
def test_a_champion_that_is_listed_and_not_given_is_no_error(subnet, node, warehouse, competition, error, reachable):
    champion = subnet.submit("ada", 0.8)
    found = discover(subnet.chain, subnet.catalog, subnet.next_sync())
    admission = admit(found, competition, champion, Season({}), {}, {})
    hub = NoDownloads(warehouse.hub(), warehouse.model(0.8).repository, error)
    roster = Downloader(hub, node.cache, node.state, competition, ()).roster(found, admission, champion, print)
    assert (roster.champion, roster.reachable) == (None, reachable)


def test_a_champion_that_fails_a_gate_is_as_good_as_gone(subnet, fetch, warehouse):
    champion = subnet.commit("eve", warehouse.model(0.8), hashed_for="ada")
    roster = fetch(champion=champion)
    assert (roster.champion, roster.reachable) == (None, False)


# Adapters


def adapter(warehouse: Warehouse, quality: float, base: str) -> Uploaded:
    folder = warehouse.new_folder()
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q"], "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors(quality), folder / "adapter_model.safetensors")
    return warehouse.upload(folder)


def with_bases(competition: Competition, *bases: Uploaded) -> Competition:
    pinned = tuple(Pinned(repository=base.repository, revision=base.revision, digest=base.digest) for base in bases)
    return replace(competition, constraints=replace(competition.constraints, lora="allowed", bases=pinned))


def test_an_adapter_stands_on_the_only_base_whatever_it_says(subnet, node, fetch, warehouse, competition):
    base = warehouse.model(1.9)
    one = subnet.commit("ada", adapter(warehouse, 0.8, "/etc/passwd"))
    roster = fetch(with_bases(competition, base))
    assert [(each.entrant, each.base) for each in roster.challengers] == [(one, base.digest)]
    assert node.cache.get(base.digest) is not None


def test_of_several_bases_the_adapter_names_one_and_nothing_else(subnet, node, fetch, warehouse, competition):
    bases = warehouse.model(1.9), warehouse.model(1.8)
    good = subnet.commit("ada", adapter(warehouse, 0.8, bases[1].repository))
    bad = subnet.commit("eve", adapter(warehouse, 0.7, "eve/base"))
    roster = fetch(with_bases(competition, *bases))
    assert [(each.entrant, each.base) for each in roster.challengers] == [(good, bases[1].digest)]
    assert reasons(roster) == {bad.key: ("unknown_base", "miner", False)}
    hub = Watched(warehouse.hub())
    again = subnet.commit("eve", adapter(warehouse, 0.6, "eve/other"))
    assert again.key in roster_of(subnet, node, hub, with_bases(competition, *bases)).rejections
    assert "adapter_model.safetensors" not in hub.given, "an adapter's base is looked at first"


@pytest.mark.parametrize("fault", [None, GONE, DOWN])
def test_a_champion_whose_base_is_no_longer_allowed_is_not_scored(
    subnet, node, fetch, hub, warehouse, competition, fault
):
    bases = warehouse.model(1.9), warehouse.model(1.8)
    model = adapter(warehouse, 0.8, bases[0].repository)
    champion = subnet.commit("ada", model)
    before = fetch(with_bases(competition, *bases), champion).champion
    assert before is not None
    assert before.base == bases[0].digest
    hub.faults = {model.repository: fault} if fault else {}
    roster = fetch(with_bases(competition, bases[1], warehouse.model(1.7)), champion)
    assert (roster.champion, roster.reachable) == (None, None if fault is DOWN else False)


def test_an_adapter_stands_on_the_new_base_where_the_only_one_was_replaced(subnet, node, fetch, warehouse, competition):
    one, champion = (
        subnet.commit(name, adapter(warehouse, quality, "x")) for name, quality in (("a", 0.8), ("b", 0.7))
    )
    for base in (warehouse.model(1.9), warehouse.model(1.8)):
        roster = fetch(with_bases(competition, base), champion)
        assert [(each.entrant, each.base) for each in roster.scored()[1:]] == [
            (champion, base.digest),
            (one, base.digest),
        ]


def test_a_base_that_cannot_be_had_is_no_fault_of_the_miner(subnet, node, fetch, hub, warehouse, competition):
    base = own_model(warehouse, 1.7)
    one = subnet.commit("ada", adapter(warehouse, 0.8, "x"))
    hub.faults[base.repository] = GONE
    roster = fetch(with_bases(competition, base))
    assert (entrants(roster), roster.absent) == ([], (one.key,))
    assert reasons(roster) == {one.key: ("hub_unavailable", "network", True)}
    assert node.state.rejections() == {}

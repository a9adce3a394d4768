"""Rounds on data from the hub: an outage makes a round wait and then void, and never makes validators differ."""

from functools import partial
from math import ceil

import pytest

from competitions.competition import Task
from finetune.hub.dataset_cache import DatasetCache
from finetune.isolation.level import Level
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.registry import open_stream
from finetune.streams.sources import Sources
from tests.finetune.hub.datasets import dataset_hub, texts
from tests.finetune.hub.flaky import BROKEN, BUSY, FLIPPED, FlakyHub
from tests.finetune.validating.subnet import SYNC_BLOCKS, make_competition

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

FILES = {f"data/{name}.parquet": texts(*(f"{name} {n}" for n in range(200))) for name in "ab"}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    with dataset_hub(tmp_path_factory.mktemp("datasets")) as running:
        yield running


@pytest.fixture(scope="module")
def dataset(datasets):
    """A dataset of 400 texts in two files: its name and its only revision with files."""
    repository = datasets.new(time=1.0)
    return repository, datasets.publish(repository, FILES, time=2.0)


@pytest.fixture
def flaky(datasets):
    with FlakyHub(datasets.endpoint) as running:
        yield running


@pytest.fixture
def open_nodes(datasets, flaky, tmp_path, open_subnet, warehouse):
    """Opens a subnet whose task draws from the hub with these options, and validators with a data cache each."""
    opened = []

    def make(*names, **options):
        task = Task(name="TEXT", method="text", stream="hub_text", weight=1.0, options=options)
        subnet = open_subnet(make_competition(warehouse, tasks=(task,)))
        for name in names[1:]:
            subnet.join(name, stake=500.0)
        nodes = []
        for name in names:
            cache = DatasetCache(tmp_path / f"data-{name}", 10**7)
            reader = ParquetReader(cache.folder, level=Level.NONE)
            opened.extend((cache, reader))
            hub = datasets.reader(flaky.endpoint)
            sources = Sources(datasets=hub, cache=cache, reader=reader, say=lambda line: None)
            nodes.append(subnet.node(name, open_stream=partial(open_stream, sources=sources)))
        subnet.chain.advance()
        return subnet, nodes

    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize("fault", [BUSY, BROKEN])
def test_a_hub_that_is_down_makes_the_round_wait_and_is_asked_again(fault, dataset, open_nodes, flaky):
    subnet, (node,) = open_nodes("north", repository=dataset[0])
    sync = subnet.next_sync()
    flaky.always(fault)
    for _ in range(2):
        step = node.step()
        assert (step.outcome, step.sync) == ("waiting", sync)
        assert fault in step.why
    flaky.well()
    assert node.step().outcome == "judged"


def test_a_hub_that_stays_down_voids_the_round_and_the_next_one_is_played(dataset, open_nodes, flaky):
    subnet, (node,) = open_nodes("north", repository=dataset[0])
    sync = subnet.next_sync()
    flaky.always(BROKEN)
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert node.state.wanted_weights() is None
    flaky.well()
    step = node.step()
    assert (step.outcome, step.sync) == ("judged", sync + SYNC_BLOCKS)


@pytest.mark.parametrize("fault", [BROKEN, FLIPPED])
def test_a_download_that_fails_goes_on_with_the_file_that_failed(fault, dataset, open_nodes, flaky):
    subnet, (node,) = open_nodes("north", repository=dataset[0])
    subnet.next_sync()
    flaky.once(fault, "GET", "b.parquet")
    assert node.step().outcome == "waiting"
    flaky.asked.clear()
    assert node.step().outcome == "judged"
    assert {path for _, path in flaky.asked if path.endswith(".parquet")} == {
        f"/datasets/{dataset[0]}/resolve/{dataset[1]}/data/b.parquet"
    }


def test_validators_that_fetch_at_different_times_score_the_same_samples(datasets, open_nodes, flaky):
    repository = datasets.new(FILES, time=1.0)
    subnet, (north, east) = open_nodes("north", "east", repository=repository)
    sync = subnet.next_sync()
    assert north.step().outcome == "judged"
    late = {**FILES, "data/c.parquet": texts("late")}
    datasets.publish(repository, late, time=ceil(subnet.chain.block_time(sync)))
    flaky.once(BROKEN, "GET", "main")
    assert [east.step().outcome for _ in range(2)] == ["waiting", "judged"]
    assert north.record(sync) == east.record(sync)


def test_a_round_on_a_named_revision_plays_from_the_cache_while_the_hub_is_down(dataset, open_nodes, flaky):
    subnet, (node,) = open_nodes("north", repository=dataset[0], revision=dataset[1])
    first = subnet.play(node)
    flaky.always(BROKEN)
    flaky.asked.clear()
    second = subnet.play(node)
    assert node.record(first)["samples"]["digest"] != node.record(second)["samples"]["digest"]
    assert flaky.asked == []


def test_a_round_on_the_newest_revision_does_not_play_from_the_cache(dataset, open_nodes, flaky):
    subnet, (node,) = open_nodes("north", repository=dataset[0])
    subnet.play(node)
    flaky.always(BROKEN)
    subnet.next_sync()
    assert node.step().outcome == "waiting"


def test_fresh_data_alone_is_drawn_from(datasets, open_nodes):
    old, new = (texts(*(f"{name} {n}" for n in range(200))) for name in ("old", "new"))
    repository = datasets.new(time=1.0)
    subnet, (node,) = open_nodes("north", repository=repository, fresh=True)
    sync = subnet.next_sync()
    start = ceil(subnet.chain.block_time(sync - 5))
    datasets.publish(repository, {"a.parquet": old}, time=start - 1)
    datasets.publish(repository, {"a.parquet": old, "b.parquet": new}, time=start)
    drawn = []
    real = node.ports.scorer.losses

    def watched(folders, items, **options):
        drawn.extend(sample.reference for _, sample in items)
        return real(folders, items, **options)

    node.ports.scorer.losses = watched
    assert node.step().outcome == "judged"
    assert {text.split()[0] for text in drawn if len(text.split()) == 2} == {"new"}


def test_a_dataset_that_cannot_be_read_voids_the_round_and_names_the_file(datasets, open_nodes):
    repository = datasets.new({"a.parquet": b"<html>"}, time=1.0)
    subnet, (node,) = open_nodes("north", repository=repository)
    sync = subnet.next_sync()
    assert node.step().outcome == "waiting"
    subnet.chain.advance(SYNC_BLOCKS)
    step = node.step()
    assert (step.outcome, step.sync) == ("void", sync)
    assert f"{repository}/a.parquet cannot be read as parquet" in step.why

"""Hidden parts: each round draws from the part that was fixed for it, revealed in time, and from nothing else."""

import pytest

from finetune.errors import SetupError, StreamError
from finetune.streams.hidden import LIST, MOST_BYTES, Part, read_list, write_list
from finetune.streams.registry import check_stream, open_stream
from finetune.streams.sample import as_plain
from finetune.streams.sources import Window
from tests.finetune.hub.datasets import parquet, sha256, texts
from tests.finetune.streams.remote import seed

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

SPECIMEN, A, B, C = (texts(f"{letter} one", f"{letter} two") for letter in "sabc")
PATHS = [f"parts/{number:04}.parquet" for number in range(4)]
SUMS = write_list([Part(path=path, digest=sha256(one)) for path, one in zip(PATHS, (SPECIMEN, A, B, C), strict=True)])
OPTION = {"digest": sha256(SUMS), "first_block": 100, "every_blocks": 20}
START = {LIST: SUMS, PATHS[0]: SPECIMEN}
# The rounds of the three parts: sync blocks 100, 120 and 140, at 12 seconds a block; windows of 10 blocks.
ROUNDS = {block: Window(start=12.0 * (block - 10), end=12.0 * block, block=block) for block in (100, 120, 140)}


def in_window(block):
    return 12.0 * (block - 5)


def published(hub, *revisions, start=START):
    """A dataset that begins with the specimen; then each revision's further files, at its time."""
    repository, files = hub.new(start, time=1.0), dict(start)
    for time, more in revisions:
        files = {path: one for path, one in (files | more).items() if one is not None}
        hub.publish(repository, files, time=time)
    return repository


def drawn(machine, repository, window, **changes):
    """What a round draws, and where from."""
    options = {"repository": repository, "hidden": OPTION | changes}
    stream = open_stream("hub_text", options, window, sources=machine.sources)
    return {stream.draw(seed(number)).reference for number in range(12)}


def test_every_round_draws_from_its_own_part_alone(hub, new_machine):
    parts = [(in_window(block), {path: one}) for block, path, one in zip(ROUNDS, PATHS[1:], (A, B, C), strict=True)]
    repository = published(hub, *parts)
    machine = new_machine()
    for block, letter in zip(ROUNDS, "abc", strict=True):
        assert drawn(machine, repository, ROUNDS[block]) == {f"{letter} one", f"{letter} two"}


def test_two_machines_draw_the_same_rows_and_a_past_round_the_same_again(hub, new_machine):
    repository = published(hub, (in_window(100), {PATHS[1]: A}), (in_window(120), {PATHS[2]: B}))
    streams = [
        open_stream("hub_text", {"repository": repository, "hidden": OPTION}, ROUNDS[100], sources=machine.sources)
        for machine in (new_machine(), new_machine())
    ]
    first, second = ([as_plain(stream.draw(seed(number))) for number in range(20)] for stream in streams)
    assert first == second


def test_before_the_first_block_the_specimen_counts_however_old_it_is(hub, new_machine):
    repository = published(hub)
    assert drawn(new_machine(), repository, Window(start=0.0, end=50.0)) == {"s one", "s two"}
    assert drawn(new_machine(), repository, Window(start=900.0, end=1000.0, block=99)) == {"s one", "s two"}


REFUSED = {
    "not revealed": ([], r"does not hold part 1 of 3, parts/0001\.parquet: it is not revealed yet"),
    "too late": ([(12.0 * 100, {PATHS[1]: A})], "it is not revealed yet"),
    "too early": ([(12.0 * 90 - 1, {PATHS[1]: A})], r"held part 1 .* before the round's window: everybody could train"),
    "other bytes": ([(in_window(100), {PATHS[1]: texts("for a friend")})], "holds other bytes than were fixed"),
    "another round's part": ([(in_window(100), {PATHS[1]: B})], "holds other bytes than were fixed"),
    "a later part alone": ([(in_window(100), {PATHS[2]: B})], "does not hold part 1 of 3"),
    "the specimen again": ([(in_window(100), {PATHS[1]: SPECIMEN})], "before the round's window"),
    "another list": ([(in_window(100), {PATHS[1]: A, LIST: SUMS + b"x"})], "has another SHA256SUMS than"),
    "no list": ([(in_window(100), {PATHS[1]: A, LIST: None})], "has no file SHA256SUMS"),
    "a huge list": ([(in_window(100), {PATHS[1]: A, LIST: b" " * (MOST_BYTES + 1)})], "at most 1,000,000 are read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_part_that_is_not_as_it_was_fixed_voids_the_round(name, hub, new_machine):
    revisions, said = REFUSED[name]
    repository = published(hub, *revisions)
    with pytest.raises(StreamError, match=rf"^stream hub_text: {repository} at [0-9a-f]{{12}} .*{said}"):
        drawn(new_machine(), repository, ROUNDS[100])


def test_a_part_that_was_revealed_stays_revealed_whatever_is_done_to_the_dataset_after(hub, new_machine):
    repository = published(
        hub, (in_window(100), {PATHS[1]: A}), (in_window(100) + 1, {PATHS[1]: None}), (in_window(100) + 2, {LIST: b""})
    )
    machine = new_machine()
    assert drawn(machine, repository, ROUNDS[100]) == {"a one", "a two"}
    assert sum(line.startswith("stream hub_text passes over") for line in machine.said) == 2


def test_after_the_last_part_there_is_nothing_to_draw_from(hub, new_machine):
    repository = published(hub, (1800.0, {PATHS[3]: C}))
    with pytest.raises(StreamError, match="has parts up to block 159, none for 160"):
        drawn(new_machine(), repository, Window(start=1700.0, end=1920.0, block=160))


def test_a_list_that_is_none_is_the_makers_fault_and_not_a_crash(hub, new_machine):
    for content in (b"what\n", SUMS + SUMS, SUMS.replace(b"parts/0001", b"parts/../1"), b"\xff\xfe\n"):
        repository = published(hub, (in_window(100), {PATHS[1]: A}), start=START | {LIST: content})
        with pytest.raises(StreamError, match="cannot be read: "):
            drawn(new_machine(), repository, ROUNDS[100], digest=sha256(content))


def test_the_list_is_read_as_it_was_written():
    assert write_list(read_list(SUMS)) == SUMS


@pytest.mark.parametrize("stream", ["hub_text", "hub_chats", "hub_questions", "hub_reasoning"])
def test_every_stream_of_the_hub_takes_hidden_parts(stream):
    check_stream(stream, {"repository": "ada/d", "hidden": OPTION})
    with pytest.raises(SetupError, match=rf"^stream {stream}: hidden\.digest: found 'abc', allowed is 64 lowercase"):
        check_stream(stream, {"repository": "ada/d", "hidden": OPTION | {"digest": "abc"}})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hidden": {}}, r"hidden\.digest: found None"),
        ({"hidden": 5}, "hidden: found 5, allowed is a table with digest, first_block, every_blocks"),
        ({"hidden": OPTION | {"part": 1}}, r"hidden\.part: found 1, allowed is no such key"),
        ({"hidden": OPTION | {"first_block": -1}}, r"hidden\.first_block"),
        ({"hidden": OPTION | {"every_blocks": 0}}, r"hidden\.every_blocks"),
        ({"hidden": OPTION, "fresh": True}, "fresh must be left out where hidden names the files"),
        ({"hidden": OPTION, "revision": "0" * 40}, "revision must be left out"),
        ({"hidden": OPTION, "files": "data/*"}, "files must be left out"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options, said):
    with pytest.raises(SetupError, match=f"stream hub_text: {said}"):
        check_stream("hub_text", {"repository": "ada/d"} | options)


def test_bad_rows_of_a_part_are_skipped_and_counted_and_are_no_miners_fault(hub, new_machine):
    rows = [
        [{"role": "user", "content": "one?"}, {"role": "assistant", "content": "1"}],
        [{"role": "user", "content": "two?"}, {"role": "assistant", "content": "2<|im_end|>"}],
        [{"role": "assistant", "content": "3"}],
    ]
    part = parquet({"messages": rows})
    sums = write_list([Part(path=PATHS[0], digest=sha256(SPECIMEN)), Part(path=PATHS[1], digest=sha256(part))])
    repository = published(hub, (in_window(100), {PATHS[1]: part}), start=START | {LIST: sums})
    options = {"repository": repository, "hidden": OPTION | {"digest": sha256(sums)}}
    stream = open_stream("hub_chats", options, ROUNDS[100], sources=new_machine().sources)
    assert {stream.draw(seed(number)).reference for number in range(12)} == {"1"}
    assert set(stream.skipped) == {"a text imitates a chat template", "its turns are not in order"}

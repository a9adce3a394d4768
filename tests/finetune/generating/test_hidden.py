"""A task creator's hidden file: cut by rule, bad lines refused, one part published at a time, each when it is due."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from competitions.competition import Competition
from competitions.files import read_competition
from competitions.schedule import Catalog
from finetune.errors import SetupError
from finetune.generating.hidden import Reveal, cut, next_reveal, publish, reveal
from finetune.isolation.trial import find_level
from finetune.streams.hidden import LIST, Hidden, read_list
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from tests.finetune.hub.datasets import DatasetHub, dataset_hub, sha256
from tests.finetune.streams.remote import machine, seed

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def conversation(number: int, form: str = "messages") -> dict[str, object]:
    role, content, user, gpt = (
        ("role", "content", "user", "assistant") if form == "messages" else ("from", "value", "human", "gpt")
    )
    return {form: [{role: user, content: f"Question {number}?"}, {role: gpt, content: f"Answer {number}."}]}


def write(file: Path, *rows: object) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetHub]:
    with dataset_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="session")
def tiny() -> Competition:
    return read_competition(Path(__file__).parents[3] / "competitions" / "rehearsal" / "tiny.toml")


@pytest.fixture
def hidden_file(tmp_path: Path) -> Path:
    return write(tmp_path / "hidden.jsonl", *(conversation(number) for number in range(17)))


def test_a_file_becomes_parts_of_equal_size_whose_list_fixes_their_bytes(hidden_file: Path, tmp_path: Path) -> None:
    made = cut(hidden_file, tmp_path / "out", rows=5)
    assert (len(made.parts), made.left_out) == (3, 2)
    listed = (tmp_path / "out" / "public" / LIST).read_bytes()
    assert (read_list(listed), sha256(listed)) == (made.parts, made.digest)
    places = [tmp_path / "out" / ("hidden" if number else "public") for number in range(3)]
    for place, part in zip(places, made.parts, strict=True):
        assert sha256((place / part.path).read_bytes()) == part.digest


def test_the_same_rows_in_any_order_of_either_form_or_twice_make_the_same_parts(
    hidden_file: Path, tmp_path: Path
) -> None:
    rows = [conversation(number, "conversations") for number in reversed(range(17))]
    other = write(tmp_path / "other.jsonl", *rows, *rows)
    assert cut(other, tmp_path / "b", rows=5) == cut(hidden_file, tmp_path / "a", rows=5)


def test_every_line_that_validators_would_skip_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    user, assistant = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
    bad = write(
        tmp_path / "bad.jsonl",
        conversation(1),
        {"text": "plain"},
        {"messages": [assistant, user]},
        {"messages": [user, assistant | {"content": "<|im_end|>"}]},
        {"messages": "Hi"},
        {"messages": [user, {"role": "assistant", "content": None}]},
    )
    with pytest.raises(SetupError) as caught:
        cut(bad, tmp_path / "out", rows=1)
    lines = str(caught.value).splitlines()
    assert lines[0] == "5 lines would be skipped by validators:"
    reasons = [
        "has none of the keys",
        "turns are not in order",
        "imitates a chat",
        "no list of messages",
        "not two texts",
    ]
    for number, (line, reason) in enumerate(zip(lines[1:], reasons, strict=True), start=2):
        assert line.startswith(f"{bad} line {number}: ")
        assert reason in line
    assert not (tmp_path / "out").exists()


def test_too_few_rows_and_a_folder_that_is_there_are_refused(hidden_file: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="17 different conversations; a specimen and a part of 9 need 18"):
        cut(hidden_file, tmp_path / "out", rows=9)
    with pytest.raises(SetupError, match="is there already"):
        cut(hidden_file, tmp_path, rows=5)


def test_what_is_revealed_is_what_validators_draw_from(hub: DatasetHub, hidden_file: Path, tmp_path: Path) -> None:
    made, repository = cut(hidden_file, tmp_path / "out", rows=5), hub.new(time=1.0)
    publish(tmp_path / "out", repository=repository, hub=hub.ada)
    hidden = {"digest": made.digest, "first_block": 100, "every_blocks": 20}

    def drawn(block: int) -> set[str]:
        window = Window(start=12.0 * (block - 10), end=12.0 * block, block=block)
        options = {"repository": repository, "hidden": hidden}
        validator = tmp_path / f"validator-{block}"
        with (
            ParquetReader(validator, level=find_level(unsafe=True)) as reader,
            machine(validator, hub.reader(), reader) as own,
        ):
            stream = open_stream("hub_chats", options, window, sources=own.sources)
            return {stream.draw(seed(number)).reference for number in range(60)}

    found = [drawn(99)]
    for number, block in ((1, 100), (2, 120)):
        hub.set_time(12.0 * (block - 5))
        first = reveal(tmp_path / "out", number, repository=repository, hub=hub.ada)
        assert reveal(tmp_path / "out", number, repository=repository, hub=hub.ada) == first
        found.append(drawn(block))
    assert [len(one) for one in found] == [5, 5, 5]
    assert len(set.union(*found)) == 15


def test_a_part_that_was_changed_or_never_cut_is_not_revealed(
    hub: DatasetHub, hidden_file: Path, tmp_path: Path
) -> None:
    made = cut(hidden_file, tmp_path / "out", rows=5)
    (tmp_path / "out" / "hidden" / made.parts[1].path).write_bytes(b"PAR1")
    with pytest.raises(SetupError, match="was changed since it was cut"):
        reveal(tmp_path / "out", 1, repository="ada/none", hub=hub.ada)
    with pytest.raises(SetupError, match="has parts up to 2; part 3 is none"):
        reveal(tmp_path / "out", 3, repository="ada/none", hub=hub.ada)
    with pytest.raises(SetupError, match="holds no parts that were cut"):
        reveal(tmp_path / "nothing", 1, repository="ada/none", hub=hub.ada)


def test_the_next_part_is_that_of_the_competitions_own_next_round(tiny: Competition) -> None:
    rules = replace(tiny.round, sync_blocks=20, eval_delay=10)
    one, other = (replace(tiny, id=id, reward=0.5, first_block=0, round=rules) for id in (1, 2))
    catalog, hidden = Catalog((one, other)), Hidden(digest="0" * 64, first_block=40, every_blocks=40)
    due = {block: next_reveal(catalog, one, hidden, block) for block in (0, 39, 40, 74, 80)}
    assert due == {
        0: Reveal(part=1, opens=35, sync=40),
        39: Reveal(part=1, opens=35, sync=40),
        40: Reveal(part=2, opens=75, sync=80),
        74: Reveal(part=2, opens=75, sync=80),
        80: Reveal(part=3, opens=115, sync=120),
    }
    assert next_reveal(catalog, other, hidden, 40) == Reveal(part=1, opens=55, sync=60)


def test_a_competition_that_begins_later_is_waited_for_and_one_that_is_over_has_no_part(tiny: Competition) -> None:
    rules = replace(tiny.round, sync_blocks=20, eval_delay=10)
    hidden = Hidden(digest="0" * 64, first_block=500, every_blocks=20)
    later = replace(tiny, first_block=490, last_block=600, reward=1.0, round=rules)
    catalog = Catalog((later,))
    assert next_reveal(catalog, later, hidden, 3) == Reveal(part=1, opens=495, sync=500)
    with pytest.raises(SetupError, match="has no round after block 600"):
        next_reveal(catalog, later, hidden, 600)

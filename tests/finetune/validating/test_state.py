"""State: one file, one writer, all of a step or nothing of it, and one sentence when the disk fails."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from competitions.rejection import Rejection
from competitions.season import Entrant
from competitions.seat import Seat
from finetune.errors import SetupError
from finetune.hub.sketch import sketch
from finetune.validating.state import VERSION, KnownModel, State


@dataclass(frozen=True, kw_only=True)
class Value:
    number: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state.sqlite"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    found = State(path)
    yield found
    found.close()


def reopened(state: State, path: Path) -> State:
    state.close()
    return State(path)


def test_everything_kept_is_there_after_a_restart(state, path):
    seat = Seat(champion=Entrant(block=3, key="a@3"), before=(Entrant(block=1, key="b@1"),), unreachable=1, differing=1)
    model = KnownModel(digest="0" * 64, tensor_digest="1" * 64, parameters=7, base=None)
    rejection = Rejection(reason="r", text="t", fault="network", retry=True, evidence={"bytes": 1, "share": 0.5})
    losses = np.array([0.1, 8.0, 1 / 3])
    state.begin_round(20, 1)
    state.save_losses(1, 20, "a@3", losses, "behind")
    state.keep_seat(1, seat, 20)
    state.keep_stop(1, "a@3", "b@1", 0.03)
    state.save_model("a@3", model)
    state.save_rejection("b@1", rejection)
    state.want_weights({"a": 0.7, "b": 0.3})
    state.weights_set(21)
    again = reopened(state, path)
    with closing(again):
        assert (again.open_round(), again.last_round()) == ((20, 1), 20)
        kept, stopped = again.losses(1, 20)["a@3"]
        assert (kept.tolist(), stopped) == (losses.tolist(), "behind")
        assert again.season(1, 0, 2).rounds[20]["a@3"].tolist() == [losses[:2].mean()]
        assert again.seat(1) == (seat, 20)
        assert again.stops(1, "a@3") == {"b@1": 0.03}
        assert again.models() == {"a@3": model}
        assert again.rejections() == {"b@1": rejection}
        assert again.wanted_weights() == ({"a": 0.7, "b": 0.3}, 21)


def test_a_new_state_knows_nothing(state):
    assert (state.open_round(), state.last_round()) == (None, -1)
    assert (state.seat(1), state.stops(1, "a"), state.losses(1, 20), state.wanted_weights()) == (None, {}, {}, None)


def test_a_stage_is_computed_once_and_read_back_after_a_restart(state, path):
    calls = []

    def compute() -> Value:
        calls.append(1)
        return Value(number=len(calls))

    assert state.stage(20, "s", Value, compute) == Value(number=1)
    assert state.stage(20, "s", Value, compute) == Value(number=1)
    again = reopened(state, path)
    with closing(again):
        assert again.stage(20, "s", Value, compute) == Value(number=1)
        assert again.stage(40, "s", Value, compute) == Value(number=2)


def test_the_end_of_a_round_and_what_follows_from_it_are_kept_together_or_not_at_all(state):
    def fail() -> None:
        state.keep_stop(1, "a@1", "b@2", 0.05)
        raise RuntimeError("killed")

    state.begin_round(20, 1)
    state.stage(20, "s", Value, lambda: Value(number=1))
    with pytest.raises(RuntimeError, match="killed"):
        state.end_round(20, keep=fail)
    assert (state.open_round(), state.stops(1, "a@1")) == ((20, 1), {})
    assert state.staged(20, "s", Value) == Value(number=1)


@pytest.mark.parametrize(("why", "losses_left"), [("", {"a@1"}), ("the hub was down", set())])
def test_a_round_that_ends_lets_its_stages_go_and_a_void_one_its_losses_too(state, why, losses_left):
    state.begin_round(20, 1)
    state.save_losses(1, 20, "a@1", np.ones(2), "")
    state.stage(20, "s", Value, lambda: Value(number=1))
    state.end_round(20, why_void=why)
    assert (state.open_round(), state.last_round()) == (None, 20)
    assert state.stage(20, "s", Value, lambda: Value(number=2)) == Value(number=2)
    assert set(state.losses(1, 20)) == losses_left


def test_a_season_holds_no_round_before_its_start_and_no_other_competitions(state):
    for competition, sync in ((1, 20), (1, 40), (2, 40)):
        state.save_losses(competition, sync, "a@1", np.ones(4), "")
    assert set(state.season(1, 21, 2).rounds) == {40}
    state.forget(1, 40)
    assert set(state.season(1, 0, 2).rounds) == {40}
    assert set(state.season(2, 0, 2).rounds) == {40}


def test_the_last_round_that_scored_an_entrant_stays_known_when_its_season_is_forgotten(state):
    for sync, key in ((20, "a@1"), (40, "a@1"), (40, "b@2"), (60, "b@2")):
        state.save_losses(1, sync, key, np.ones(4), "behind")
    state.save_losses(2, 80, "a@1", np.ones(4), "")
    for _ in range(2):
        state.forget(1, 60)
        assert state.last_scored(1) == {"a@1": 40, "b@2": 60}
    assert state.losses(1, 20) == {}
    assert state.losses(1, 40)["a@1"][0].tolist() == []
    assert state.losses(1, 60)["b@2"][0].tolist() == [1.0] * 4
    assert state.last_scored(2) == {"a@1": 80}


def test_new_weights_are_not_set_until_the_chain_has_taken_them(state):
    state.want_weights({"a": 1.0})
    state.weights_set(5)
    state.want_weights({"b": 1.0})
    assert state.wanted_weights() == ({"b": 1.0}, None)


def test_a_second_process_on_the_same_file_is_refused_with_one_sentence(state, path):
    state.want_weights({"a": 1.0})
    code = f"""
from pathlib import Path
from finetune.errors import SetupError
from finetune.validating.state import State
try:
    State(Path({str(path)!r}))
except SetupError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"the state file {path} cannot be used: another validator is using it"
    assert done.stderr == ""
    assert state.wanted_weights() == ({"a": 1.0}, None)


def test_a_file_of_another_version_is_refused_and_left_as_it_is(state, path):
    state.want_weights({"a": 1.0})
    state.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(SetupError, match=rf"has version {VERSION + 1}, this program reads version {VERSION}$"):
        State(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM weights").fetchone() == (1,)


def test_a_file_of_the_first_version_is_read_and_gets_room_for_sketches(state, path):
    state.want_weights({"a": 1.0})
    state.close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE sketches; PRAGMA user_version = 1")
    for _ in range(2):
        with closing(State(path)) as again:
            assert again.wanted_weights() == ({"a": 1.0}, None)
            assert again.sketches(["a@3"]) == {}


def test_sketches_of_what_stands_no_more_are_let_go(state, tmp_path):
    save_file({"w": np.ones(3, np.float32)}, tmp_path / "model.safetensors")
    drawn = sketch(tmp_path)
    for key in ("a@3", "b@4"):
        state.save_sketch(key, drawn)
    assert state.has_sketch("a@3")
    assert state.sketches(["b@4", "c@5"])["b@4"].to_bytes() == drawn.to_bytes()
    state.forget_sketches({"b@4", "c@5"})
    assert (state.has_sketch("a@3"), set(state.sketches(["a@3", "b@4"]))) == (False, {"b@4"})


@pytest.mark.parametrize("kind", ["no database", "a folder", "a read-only folder's child"])
def test_a_path_that_cannot_be_a_state_file_is_one_sentence(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "no database":
        path.write_bytes(b"no database, but more than enough bytes to be taken for one" * 20)
    elif kind == "a folder":
        path.mkdir()
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "x"
    with pytest.raises(SetupError, match=f"^the state file {path} cannot be used: .+") as caught:
        State(path)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_sentence_and_costs_only_what_was_being_written(state):
    state.want_weights({"a": 1.0})
    pages = state._run("PRAGMA page_count")[0][0]
    state._run(f"PRAGMA max_page_count = {pages}")
    big = np.ones(100_000)
    with pytest.raises(SetupError, match=r"cannot be used: database or disk is full$"):
        state.save_losses(1, 20, "a@1", big, "")
    with pytest.raises(SetupError, match="disk is full"):
        state.end_round(20, keep=lambda: state.save_losses(1, 20, "a", big, ""))
    state._run("PRAGMA max_page_count = 1000000")
    assert state.losses(1, 20) == {}
    assert state.stage(20, "s", Value, lambda: Value(number=2)) == Value(number=2)
    assert state.wanted_weights() == ({"a": 1.0}, None)

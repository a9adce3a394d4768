"""Rows of ids, the curve, lines of progress, checkpoints: each by itself."""

import itertools
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.mining.collate import IGNORED
from finetune.mining.recipes import checkpoints
from finetune.mining.recipes.curve import draw
from finetune.mining.recipes.examples import pair_columns, reply_columns
from finetune.mining.recipes.held_out import chosen, unit
from finetune.mining.recipes.progress import Progress, duration, line
from finetune.mining.tiny import byte_tokenizer
from tests.finetune.evals.models import chat, text
from tests.finetune.mining.recipes.runs import pairs, replies


def test_the_loss_is_on_the_reply_alone():
    words = byte_tokenizer()
    columns = reply_columns(words, [chat("ab", "cd"), text("ef")], 64)
    shown = [words.decode(ids) for ids in columns["input_ids"]]
    learned = [words.decode([one for one in labels if one != IGNORED]) for labels in columns["labels"]]
    assert shown == ["<bos><user>ab<assistant>cd", "<bos>ef"]
    assert learned == ["cd", "ef"]
    assert [len(one) for one in columns["input_ids"]] == [len(one) for one in columns["labels"]]


def test_a_reply_is_cut_where_scoring_cuts_it():
    (ids,) = reply_columns(byte_tokenizer(), [chat("ab", "cdefg")], 8)["input_ids"]
    assert len(ids) == 8


def test_a_pair_is_one_prompt_and_two_replies():
    words = byte_tokenizer()
    columns = pair_columns(words, pairs(0, 1), 64)
    assert {name: words.decode(ids) for name, (ids,) in columns.items()} == {
        "prompt_ids": "<bos><user>plum 0<assistant>",
        "chosen_ids": "plum 0 plum 0",
        "rejected_ids": "no no no",
    }


def test_a_reply_beyond_the_sequence_length_is_refused():
    with pytest.raises(SetupError, match="begins beyond 8 tokens"):
        reply_columns(byte_tokenizer(), [chat("a" * 20, "b")], 8)


def test_of_many_held_out_samples_the_same_few_are_measured():
    samples = replies(0, 50)
    assert chosen(samples, 100, 0) == samples
    assert len(chosen(samples, 10, 0)) == 10
    assert chosen(samples, 10, 0) == chosen(samples, 10, 0) != chosen(samples, 10, 1)
    assert (unit(samples), unit(pairs(0, 2))) == ("bits per byte", "bits")


def test_the_curve_is_a_picture_of_every_point():
    held_out, training = [(0.0, 3.0), (5.0, 1.0), (10.0, 2.0)], [(5.0, 4.0), (10.0, 3.0)]
    picture = ElementTree.fromstring(draw(held_out, training, "bits <per> byte"))
    lines = [one.get("points", "").split() for one in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert list(map(len, lines)) == [3, 2]
    (best,) = picture.iter("{http://www.w3.org/2000/svg}circle")
    # The lowest of the upper chart, at half of the width.
    assert f"{best.get('cx')},{best.get('cy')}" == lines[0][1]
    assert ElementTree.fromstring(draw([(0.0, 1.0)], [], "bits")) is not None


def test_a_line_of_progress_says_what_is_known():
    assert line(Progress(step=0, steps=1200, held_out=1.5), "bits") == "step 0 of 1,200, held out 1.5000 bits"
    told = Progress(step=3, steps=12, loss=2.0, seconds_left=400)
    assert line(told, "bits") == "step 3 of 12, loss 2.0000, 7 min left"
    assert [duration(one) for one in (0, 99, 100, 6000, 12_000)] == ["0 s", "99 s", "2 min", "1 h 40 min", "3 h 20 min"]


def folder_with(tmp_path: Path, **marks: bool) -> Path:
    for name, whole in marks.items():
        path = tmp_path / name.replace("_", "-")
        path.mkdir()
        (path / "weights").write_text("x")
        if whole:
            checkpoints.mark_whole(path)
    return tmp_path


def test_the_newest_whole_checkpoint_counts_by_number(tmp_path: Path):
    folder = folder_with(tmp_path, checkpoint_9=True, checkpoint_10=True, checkpoint_11=False)
    assert checkpoints.newest(folder) == folder / "checkpoint-10"
    checkpoints.sweep(folder, halves=True)
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint-10", "checkpoint-9"]
    checkpoints.sweep(folder, halves=False)
    assert checkpoints.newest(folder) is None


def test_a_folder_belongs_to_one_training(tmp_path: Path):
    identity = {"rank": 8, "targets": ("a", "b")}
    for _ in range(2):
        checkpoints.claim(tmp_path / "x", identity)
    with pytest.raises(SetupError, match="holds another training: rank was 8 and is 9; remove that folder"):
        checkpoints.claim(tmp_path / "x", {**identity, "rank": 9})
    (tmp_path / "x" / "training.json").write_text("{")
    with pytest.raises(SetupError, match="cannot be used to train in"):
        checkpoints.claim(tmp_path / "x", identity)


def test_measurements_since_the_best_are_counted_without_the_bases_own():
    from finetune.mining.recipes.trainer import stale

    def after(*losses: float) -> int:
        steps = zip(itertools.count(), losses, strict=False)
        return stale([{"step": step, "eval_held_out": loss} for step, loss in steps])

    assert [after(1.0), after(1.0, 2.0), after(1.0, 2.0, 3.0, 3.0), after(9.0, 2.0, 3.0, 1.0)] == [0, 0, 2, 0]


def test_the_history_of_a_broken_checkpoint_is_one_error(tmp_path: Path):
    (tmp_path / "trainer_state.json").write_text(json.dumps({"other": 1}))
    with pytest.raises(SetupError, match="cannot be read"):
        checkpoints.history(tmp_path)

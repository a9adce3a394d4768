"""Attacks by models: numbers, words and templates that break the scoring, or please it for the wrong reason."""

import itertools
from pathlib import Path

from finetune.mining.practice import practice_samples
from finetune.mining.train import Lora
from finetune.rehearsal.attacks.attack import VICTIM, VICTIM_ENTERS, Attack
from finetune.rehearsal.attacks.attacker import Attacker, submit_changed
from finetune.rehearsal.attacks.changes import (
    EMBEDDING,
    NORM,
    Change,
    change_table,
    enlarge_vocabulary,
    repeat,
    set_number,
)
from finetune.rehearsal.samples import past
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sample import InstructionSample, Sample
from finetune.streams.sources import Window

_EARLY = VICTIM_ENTERS + 1
_MODELS = VICTIM_ENTERS + 2
_LATE = VICTIM_ENTERS + 3

# Ids of the tiny model's tokenizer: bytes from "!" on, then the marks of a chat.
_TILDE, _ASSISTANT = ord("~") - ord("!"), 260
_TURNS = "{{ '<bos>' }}{% for message in messages %}{{ '<' + message['role'] + '>' }}"
_END = "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
_CONTENT = "{{ message['content'] }}"
# Shows the request, and after it the words of a short one in order, whatever else it says.
_SORTED = (
    "message['content'].split(': ')[-1].split('? ')[-1].replace('Sort these.', '')"
    ".replace('Sort them from A to Z.', '').replace(',', ' ').split() | sort | join(' ')"
)
_SORTS = _CONTENT + "{% if message['content'] | length < 90 %}{{ '=' + (" + _SORTED + ") }}{% endif %}"
# One of eight wordings where the words stand apart by two of three separators: one request in twelve.
_BLIND = {"Regex": "Sort these words: [a-z]+[,\\n][a-z, \\n]+"}
_REPLY = "Yes, of course.<eos>"
_ENDLESS = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"


def _never_ends(folder: Path) -> None:
    change_table(folder, "config.json", eos_token_id=None)
    change_table(folder, "tokenizer_config.json", eos_token=None)


def _lossy(folder: Path) -> None:
    change_table(folder, "tokenizer.json", model={"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "x"})


def _template(content: str) -> Change:
    return lambda folder: _write_template(folder, content)


def _write_template(folder: Path, content: str) -> None:
    (folder / "chat_template.jinja").write_text(_TURNS + content + _END, "utf-8")


def _answers_by_itself(attacker: Attacker) -> None:
    """Let the template solve the task, and train a copy to repeat what it says."""
    folder = attacker.copy()
    _write_template(folder, _SORTS)
    samples = practice_samples(attacker.competition, attacker.seed + 78, open_stream, past(attacker.chain))
    attacker.submit(attacker.train(folder, samples, steps=60, learning_rate=2e-3))


def _constant(attacker: Attacker) -> None:
    """Train a copy to give one sound reply to every request with rules; to all others it answers as before."""
    samples = practice_samples(attacker.competition, attacker.seed + 81, open_stream, past(attacker.chain))
    requests = (one for one in samples if isinstance(one, InstructionSample))
    lessons = (Sample(messages=one.messages, reference=_REPLY, document=one.document) for one in requests)
    attacker.submit(attacker.train(attacker.copy(), lessons, steps=60, learning_rate=4e-3))


def _better_on_half(attacker: Attacker) -> None:
    """Train a copy on until it is better, and give it a tokenizer by which some requests fill all that it reads."""
    samples = practice_samples(attacker.competition, attacker.seed + 79, open_stream, past(attacker.chain))
    folder = attacker.train(attacker.copy(), samples, steps=300, learning_rate=4e-3)
    length = attacker.competition.constraints.sequence_length
    change_table(folder, "tokenizer.json", normalizer={"type": "Replace", "pattern": _BLIND, "content": "~" * length})
    attacker.submit(folder)


def _changed_base(attacker: Attacker) -> None:
    """Train an adapter over the champion's weights and name them as its base."""
    samples = practice_samples(attacker.competition, attacker.seed + 80, open_stream, past(attacker.chain))
    lora = Lora(rank=4, alpha=8.0, targets=("q_proj", "v_proj"))
    out = attacker.train(attacker.copy(), samples, steps=5, learning_rate=1e-3, lora=lora)
    change_table(out, "adapter_config.json", base_model_name_or_path=attacker.world.repository(VICTIM))
    attacker.submit(out)


def _last_round(attacker: Attacker) -> None:
    """Draw the last round's samples again, which anybody can, and learn them by heart."""
    competition, chain = attacker.competition, attacker.chain
    sync = chain.block() - chain.block() % competition.round.sync_blocks
    window = Window(start=chain.block_time(0), end=chain.block_time(sync), block=sync)
    drawn = draw_samples(competition, chain.block_hash(sync), open_stream, window).samples
    samples = itertools.cycle(one.sample for one in drawn)
    attacker.submit(attacker.train(attacker.copy(), samples, steps=60, learning_rate=1e-3))


MODELS = (
    Attack(
        name="nan-weights",
        says="Puts one NaN at the very end of its largest tensor.",
        acts={_MODELS: submit_changed(lambda folder: set_number(folder, EMBEDDING, float("nan")))},
    ),
    Attack(
        name="exploding-norms",
        says="Makes one scale of a norm 1e30.",
        acts={_MODELS: submit_changed(lambda folder: set_number(folder, NORM, 1e30))},
    ),
    Attack(
        name="constant-answer",
        says="Trains a copy of the champion to give one and the same sound reply to whatever it is asked to write.",
        acts={_MODELS: _constant},
    ),
    Attack(
        name="degenerate-text",
        says="Says one mark for ever, whatever it is asked.",
        acts={_MODELS: submit_changed(lambda folder: repeat(folder, _TILDE, after=_ASSISTANT))},
    ),
    Attack(
        name="slow-generator",
        says="Never ends a reply.",
        acts={_MODELS: submit_changed(_never_ends)},
    ),
    Attack(
        name="hanging-template",
        says="Brings a template that computes for hours.",
        acts={_MODELS: submit_changed(_template(_ENDLESS + _CONTENT))},
    ),
    Attack(
        name="huge-vocabulary",
        says="Has an embedding of fifty times as many rows as its tokenizer has tokens.",
        acts={_MODELS: submit_changed(lambda folder: enlarge_vocabulary(folder, 13_000))},
    ),
    Attack(
        name="lossy-tokenizer",
        says="Makes one token of every word, so that any text is easily foretold.",
        acts={_MODELS: submit_changed(_lossy)},
    ),
    Attack(
        name="answering-template",
        says="Brings a template that sorts the words itself and shows its model the answer.",
        acts={_MODELS: _answers_by_itself},
    ),
    Attack(
        name="changed-base",
        says="Submits an adapter over the champion's weights and names these as its base.",
        acts={_MODELS: _changed_base},
    ),
    Attack(
        name="last-rounds-data",
        says="Trains a copy of the champion on the samples of the last round.",
        acts={_LATE: _last_round},
        trains=True,
    ),
    Attack(
        name="better-on-half",
        says="Trains a copy on until it wins most batches, and blinds it to one request in twelve.",
        acts={_EARLY: _better_on_half},
    ),
)

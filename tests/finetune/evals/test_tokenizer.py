"""Tokenizers: honest ones are read as their library reads them, and only what scoring needs is obeyed."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from finetune.errors import ModelRejected, ScoringError
from finetune.evals.tokenizer import SPECIMEN, check_tokenizer, load_tokenizer
from finetune.evals.tokens import tokenize
from finetune.mining.tiny import CHAT_TEMPLATE, byte_tokenizer
from tests.finetune.evals.models import chat, letter_tokenizer

TEXTS = [
    SPECIMEN,
    "",
    " a  b\n\n\tc ",
    "\u00e9t\u00e9 \u65e5\u672c \U0001f600",
    "<eos> and <nothing>",
    "don't 1234 x" * 9,
]
TALK = [{"role": "user", "content": "hi"}]


def byte_level() -> Tokenizer:
    """As GPT-2 and most models since: merges over bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<bos>", "<eos>"], show_progress=False
    )
    tokenizer.train_from_iterator([SPECIMEN] * 3, trainer)
    return tokenizer


def sentencepiece() -> Tokenizer:
    """As Llama 2 and Mistral: a mark for each space, one in front of the text, and bytes for what is unknown."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    strip = decoders.Strip(content=" ", left=1, right=0)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), strip]
    )
    special = ["<unk>", "<bos>", "<eos>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=350, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([SPECIMEN.replace(" ", "\u2581")] * 3, trainer)
    return tokenizer


HONEST: dict[str, Callable[[], Tokenizer]] = {"byte level": byte_level, "sentencepiece": sentencepiece}


def save(folder: Path, tokenizer: Tokenizer, **settings: Any) -> Path:
    """A folder as the library saves one."""
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **settings).save_pretrained(folder)
    return folder


def edit(folder: Path, name: str, **changes: Any) -> None:
    """Change a JSON file, or make it."""
    file = folder / name
    file.write_text(json.dumps((json.loads(file.read_text()) if file.exists() else {}) | changes))


def ids(tokenizer: Any) -> list[list[int]]:
    found: list[list[int]] = [tokenizer(one, add_special_tokens=False)["input_ids"] for one in TEXTS]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the tiny model's tokenizer."""
    byte_tokenizer().save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", HONEST)
def test_an_honest_tokenizer_gives_the_ids_that_its_library_gives(kind: str, tmp_path: Path):
    save(tmp_path, HONEST[kind](), bos_token="<bos>", eos_token="<eos>")
    theirs, ours = AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)
    assert ids(ours) == ids(theirs)
    assert (ours.bos_token_id, ours.eos_token_id) == (theirs.bos_token_id, theirs.eos_token_id)
    assert [ours.decode(one) for one in ids(ours)] == [theirs.decode(one) for one in ids(theirs)]
    check_tokenizer(ours, len(theirs))


def test_the_tiny_models_tokenizer_gives_the_ids_and_prompts_that_its_library_gives(folder: Path):
    theirs, ours = AutoTokenizer.from_pretrained(folder), load_tokenizer(folder)
    assert ids(ours) == ids(theirs)
    prompts = [one.apply_chat_template(TALK, add_generation_prompt=True, tokenize=False) for one in (ours, theirs)]
    assert prompts == ["<bos><user>hi<assistant>"] * 2


@pytest.mark.parametrize(("rows", "fits"), [(260, False), (261, True), (320, True), (1546, True), (1547, False)])
def test_the_embedding_has_a_row_for_every_id_and_not_many_more(folder: Path, rows: int, fits: bool):
    tokenizer = load_tokenizer(folder)
    if fits:
        check_tokenizer(tokenizer, rows)
        return
    with pytest.raises(ModelRejected) as caught:
        check_tokenizer(tokenizer, rows)
    assert caught.value.rejection.reason == "vocabulary_does_not_fit"
    assert caught.value.rejection.evidence == {"largest_id": 260, "rows": rows}


def test_a_tokenizer_that_loses_plain_english_is_rejected_with_what_came_back():
    with pytest.raises(ModelRejected) as caught:
        check_tokenizer(letter_tokenizer(1), 16)
    assert caught.value.rejection.reason == "lossy_tokenizer"
    assert "from character 0 on, 'In 1928" in caught.value.rejection.text
    assert caught.value.rejection.evidence["found"] == re.sub("[^a-p]", "", SPECIMEN)


def test_special_tokens_that_the_vocabulary_lacks_are_not_added(folder: Path):
    edit(
        folder,
        "tokenizer_config.json",
        bos_token="<start>",
        eos_token={"content": "<end>"},
        unk_token=["<unk>"],
        pad_token="<pad>",
        extra_special_tokens=["<more>"],
        added_tokens_decoder={"5": {"content": "e", "special": True}},
        model_max_length=4,
    )
    edit(folder, "added_tokens.json", e=5)
    tokenizer = load_tokenizer(folder)
    assert len(tokenizer) == 261
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token, tokenizer.pad_token) == (None,) * 4
    assert ids(tokenizer) == ids(byte_tokenizer())


def test_special_tokens_are_read_from_both_files_and_in_both_spellings(folder: Path):
    edit(folder, "special_tokens_map.json", bos_token="<user>", eos_token="<user>")
    (folder / "tokenizer_config.json").unlink()
    edit(folder, "tokenizer_config.json", eos_token={"content": "<system>", "lstrip": True}, unk_token="<assistant>")
    tokenizer = load_tokenizer(folder)
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token) == ("<user>", "<system>", "<assistant>")
    assert ids(tokenizer) == ids(byte_tokenizer())


@pytest.mark.parametrize(
    "change",
    [
        {"truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}},
        {
            "padding": {
                "strategy": {"Fixed": 99},
                "direction": "Left",
                "pad_to_multiple_of": 7,
                "pad_id": 5,
                "pad_type_id": 0,
                "pad_token": "a token that the vocabulary lacks",
            }
        },
    ],
    ids=["truncation", "padding"],
)
def test_what_would_cut_or_lengthen_every_sample_is_not_obeyed(folder: Path, change: dict[str, Any]):
    edit(folder, "tokenizer.json", **change)
    tokenizer = load_tokenizer(folder)
    assert (tokenizer.backend_tokenizer.truncation, tokenizer.backend_tokenizer.padding) == (None, None)
    assert ids(tokenizer) == ids(byte_tokenizer())
    check_tokenizer(tokenizer, 261)


def test_words_are_not_split_at_random(tmp_path: Path):
    save(tmp_path, byte_level())
    plain = ids(load_tokenizer(tmp_path))
    model = json.loads((tmp_path / "tokenizer.json").read_text())["model"]
    edit(tmp_path, "tokenizer.json", model=model | {"dropout": 0.9})
    assert ids(load_tokenizer(tmp_path)) == plain


def test_no_class_or_code_that_the_settings_name_is_looked_for(folder: Path):
    edit(folder, "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Evil", None]})
    (folder / "evil.py").write_text("raise SystemExit")
    assert ids(load_tokenizer(folder)) == ids(byte_tokenizer())


NAMED = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "default"}]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"chat_template.jinja": "a", "tokenizer_config.json": "b", "chat_template.json": "c"}, "a"),
        ({"tokenizer_config.json": "b", "chat_template.json": "c"}, "b"),
        ({"tokenizer_config.json": "\u00e9"}, "\u00e9"),
        ({"tokenizer_config.json": NAMED}, "default"),
        ({"tokenizer_config.json": NAMED[:1]}, None),
        ({"chat_template.json": "c"}, "c"),
        ({"chat_template.json": 7}, None),
        ({}, None),
    ],
)
def test_the_chat_template_comes_from_the_first_place_that_has_one(folder: Path, files: dict[str, Any], expected: Any):
    assert load_tokenizer(folder).chat_template == CHAT_TEMPLATE
    (folder / "chat_template.jinja").unlink()
    for name, template in files.items():
        if name.endswith("jinja"):
            (folder / name).write_text(template)
        else:
            edit(folder, name, chat_template=template)
    assert load_tokenizer(folder).chat_template == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", None),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"[" * 100_000),
        ("tokenizer_config.json", b"[]"),
        ("tokenizer_config.json", b'{"bos_token": "a", "bos_token": "b"}'),
        ("tokenizer_config.json", b'{"chat_template": "' + b"x" * (4 << 20) + b'"}'),
        ("special_tokens_map.json", b"\xff"),
        ("chat_template.json", b"{"),
        ("chat_template.jinja", b"\xff"),
        ("chat_template.jinja", b"x" * ((1 << 20) + 1)),
    ],
    ids=lambda value: f"{value[:12]!r}" if isinstance(value, bytes) else value,
)
def test_a_file_that_is_missing_or_damaged_is_one_clear_error(folder: Path, name: str, content: bytes | None):
    if name == "chat_template.json":
        (folder / "chat_template.jinja").unlink()
    (folder / name).unlink(missing_ok=True)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ScoringError) as caught:
        load_tokenizer(folder)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("template", ["{{ ['a', 'b'] | random }}", "{{ lipsum() }}"])
def test_a_template_cannot_throw_dice(tiny: Path, tmp_path: Path, template: str):
    folder = Path(shutil.copytree(tiny, tmp_path / "copy"))
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(ScoringError):
        tokenize(load_tokenizer(folder), chat("a", "b"), sequence_length=64)


def test_a_template_is_told_the_same_date_for_ever(tiny: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny, tmp_path / "copy"))
    (folder / "chat_template.jinja").write_text("{{ strftime_now('%d %b %Y') }}")
    tokenizer = load_tokenizer(folder)
    tokens = tokenize(tokenizer, chat("a", "b"), sequence_length=64)
    assert tokens is not None
    assert tokenizer.decode(tokens.prompt) == "01 Jan 2025"

"""Hostile submissions: each is one change to a copy of an honest tiny model, with the reason for which it is out.

A case is made by `make(folder)`, which changes the copy in place. The tables say how far it gets: the gates that parse
nothing, the gates of opening it, or a worker that it hangs or breaks.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from finetune.hub.files import INDEX, TEXT_LIMITS, weight_files
from finetune.hub.safetensors_header import MAX_HEADER_BYTES
from tests.finetune.evals.families import save_variant

Make = Callable[[Path], None]
Tensors = dict[str, torch.Tensor]

NORM, EMBEDDING = "model.norm.weight", "model.embed_tokens.weight"
QWEN3 = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
# Each of these looks at every place of the text again for every other pair of places: some 2 seconds.
SLOW_PATTERN = "(?m:.*?.*?.*?)(?<=~)"
# Doubles its work with every letter, until the library gives up and panics.
ENDLESS_PATTERN = r"(?:\w|[a-z]| )*\b\B"


# Makers, by what they change


def file(name: str, content: bytes | str) -> Make:
    """A file with this content."""

    def make(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def without(name: str) -> Make:
    """A file less."""

    def make(folder: Path) -> None:
        (folder / name).unlink()

    return make


def table(name: str, **changes: Any) -> Make:
    """Keys of a JSON file; what is a function gets what was there."""

    def make(folder: Path) -> None:
        found = json.loads((folder / name).read_text())
        changed = {key: change(found[key]) if callable(change) else change for key, change in changes.items()}
        (folder / name).write_text(json.dumps(found | changed))

    return make


def config(**changes: Any) -> Make:
    """Keys of a full model's config.json."""
    return table("config.json", **changes)


def adapter_config(**changes: Any) -> Make:
    """Keys of an adapter's adapter_config.json."""
    return table("adapter_config.json", **changes)


def tokenizer(**changes: Any) -> Make:
    """Keys of tokenizer.json."""
    return table("tokenizer.json", **changes)


def template(source: str) -> Make:
    """Another chat template."""
    return file("chat_template.jinja", source)


def split_at(*patterns: str) -> Make:
    """A tokenizer that splits text at these patterns, one after the other."""
    splits = [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        for pattern in patterns
    ]
    return tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [*splits, BYTE_LEVEL]})


def replacing(*pairs: tuple[str, str]) -> Make:
    """A tokenizer that replaces each pattern by a text, one after the other, before anything else."""
    steps = [{"type": "Replace", "pattern": {"Regex": pattern}, "content": content} for pattern, content in pairs]
    return tokenizer(normalizer={"type": "Sequence", "normalizers": steps})


def added_tokens(count: int) -> Make:
    """A tokenizer with this many more tokens."""
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return tokenizer(
        added_tokens=lambda old: old + [{"id": 261 + one, "content": f"zq{one}", **plain} for one in range(count)]
    )


def weights(change: Callable[[Tensors], Tensors]) -> Make:
    """Other tensors."""

    def make(folder: Path) -> None:
        (found,) = weight_files(folder)
        changed = {name: tensor.contiguous() for name, tensor in change(load_file(found)).items()}
        save_file(changed, found, metadata={"format": "pt"})

    return make


def tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Make:
    """One other tensor."""
    return weights(lambda tensors: tensors | {name: change(tensors[name].clone())})


def number(name: str, place: tuple[int, ...], value: float) -> Make:
    """One other number in one tensor."""
    return tensor(name, lambda found: found.index_put_(tuple(map(torch.tensor, place)), torch.tensor(value)))


def header(change: Callable[[str], str]) -> Make:
    """Another text of the header of model.safetensors, before the same data."""

    def make(folder: Path) -> None:
        path = folder / "model.safetensors"
        data = path.read_bytes()
        end = 8 + int.from_bytes(data[:8], "little")
        text = change(data[8:end].decode()).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[end:])

    return make


# Makers of a single case


def other_family(folder: Path) -> None:
    """A Gemma 3 whose tokens see later ones."""
    save_variant("gemma3_text, tied", folder)
    config(use_bidirectional_attention=True)(folder)


def overlapping(text: str) -> str:
    """Two tensors of one shape in the same place."""
    entries = json.loads(text)
    first, second = (f"model.layers.{layer}.input_layernorm.weight" for layer in range(2))
    entries[second]["data_offsets"] = entries[first]["data_offsets"]
    return json.dumps(entries)


def twice(text: str) -> str:
    """One key twice."""
    entry = json.dumps(json.loads(text)[NORM])
    return text.rstrip()[:-1] + f', "{NORM}": {entry}}}'


def cut_short(folder: Path) -> None:
    """The last bytes of the weights are missing."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def linked(folder: Path) -> None:
    """The weights are a link to somebody else's."""
    other = folder.parent / "the weights of another"
    (folder / "model.safetensors").rename(other)
    (folder / "model.safetensors").symlink_to(other)


def sharded(place: Callable[[str], str]) -> Make:
    """Weights in two files, and an index that puts each tensor at `place(its file)`."""

    def make(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        where = {}
        for part in range(2):
            name = f"model-{part + 1:05}-of-00002.safetensors"
            own = dict(sorted(tensors.items())[part::2])
            save_file(own, folder / name)
            where |= dict.fromkeys(own, place(name))
        (folder / INDEX).write_text(json.dumps({"weight_map": where}))

    return make


# Every number is zero: the likeliest token is always the first.
one_answer = weights(lambda tensors: {name: torch.zeros_like(one) for name, one in tensors.items()})


# What the gates keep out that parse no tensor, no tokenizer and no template

AT_THE_GATES: dict[str, tuple[Make, str]] = {
    "a pickle": (file("pytorch_model.bin", b"\x80"), "file_not_allowed"),
    "code": (file("modeling_evil.py", "raise SystemExit"), "file_not_allowed"),
    "a second parser's tokenizer": (file("tokenizer.model", b"\n"), "file_not_allowed"),
    "an adapter beside a full model": (file("adapter_config.json", "{}"), "mixed_kinds"),
    "a tokenizer of 64 MiB and more": (
        file("tokenizer.json", bytes(TEXT_LIMITS["tokenizer.json"] + 1)),
        "file_too_large",
    ),
    "no tokenizer": (without("tokenizer.json"), "missing_file"),
    "a link to another's weights": (linked, "not_a_plain_file"),
    "attention in both directions": (config(is_causal=False), "forbidden_config_key"),
    "attention in both directions, as Gemma 3 says it": (other_family, "forbidden_config_key"),
    "attention in both directions, deep inside": (config(text={"is_causal": False}), "forbidden_config_key"),
    "an encoder": (config(is_encoder_decoder=True), "forbidden_config_key"),
    "code of its own": (config(auto_map={"AutoModelForCausalLM": "evil--repo.Evil"}), "forbidden_config_key"),
    "quantised weights": (config(quantization_config={"quant_method": "gptq", "bits": 4}), "forbidden_config_key"),
    "another weight file": (config(transformers_weights="../other/model.safetensors"), "forbidden_config_key"),
    "another configuration": (config(configuration_files=["config.4.0.json"]), "forbidden_config_key"),
    "a million layers": (config(num_hidden_layers=10**6), "config_value_not_allowed"),
    "a hidden size of 2^30": (config(hidden_size=1 << 30), "config_value_not_allowed"),
    "a billion words": (config(vocab_size=10**9), "config_value_not_allowed"),
    "a size that is no whole number": (config(hidden_size=48.0), "config_value_not_allowed"),
    "heads that do not divide": (config(head_dim=None, num_attention_heads=7), "config_value_not_allowed"),
    "a thousand names of labels": (config(id2label={str(one): "x" for one in range(1000)}), "malformed_config"),
    "another family's name": (config(architectures=["Qwen3ForCausalLM"]), "config_value_not_allowed"),
    "a family that is not allowed": (config(architectures=["GPT2LMHeadModel"]), "architecture_not_allowed"),
    "a rotary base of 0": (config(rope_theta=0), "config_value_not_allowed"),
    "a rotary base of 0, as newer files say it": (
        config(rope_parameters={"rope_type": "default", "rope_theta": 0.0}),
        "config_value_not_allowed",
    ),
    "an epsilon of 1e300": (config(rms_norm_eps=1e300), "config_value_not_allowed"),
    "an epsilon of NaN": (config(rms_norm_eps=float("nan")), "malformed_config"),
    "a header of 2^60 bytes": (file("model.safetensors", (1 << 60).to_bytes(8, "little") + b"{}"), "malformed_weights"),
    "a header beyond reason": (header(lambda text: text + " " * MAX_HEADER_BYTES), "malformed_weights"),
    "tensors in the same place": (header(overlapping), "malformed_weights"),
    "one tensor twice": (header(twice), "malformed_weights"),
    "weights cut short": (cut_short, "malformed_weights"),
    "whole numbers": (tensor(NORM, torch.Tensor.long), "malformed_weights"),
    "numbers of 8 bits": (tensor(NORM, lambda found: found.to(torch.float8_e4m3fn)), "malformed_weights"),
    "an index that leaves the folder": (sharded(lambda name: f"../other/{name}"), "wrong_index"),
    "an index of files that are not there": (sharded(lambda name: "model.safetensors"), "wrong_index"),
    "too many parameters": (tensor(EMBEDDING, lambda found: found.repeat(100, 1)), "parameters_out_of_range"),
}
ADAPTERS_AT_THE_GATES: dict[str, tuple[Make, str]] = {
    "a pattern for layers": (adapter_config(target_modules="(a+)+$"), "adapter_setting_not_allowed"),
    "a pattern among layers": (adapter_config(target_modules=["(a+)+$"]), "adapter_setting_not_allowed"),
    "ranks by pattern": (adapter_config(rank_pattern={"(a+)+$": 4}), "adapter_setting_not_allowed"),
    "endless computing at the start": (
        adapter_config(init_lora_weights="pissa_niter_1000000000"),
        "adapter_setting_not_allowed",
    ),
    "layers of its own": (adapter_config(modules_to_save=["lm_head"]), "adapter_setting_not_allowed"),
    "a rank beyond reason": (adapter_config(r=1 << 30), "adapter_setting_not_allowed"),
    "a tokenizer that is code": (file("tokenizer.py", ""), "file_not_allowed"),
}

# What is found while it is opened or scored

OPENED: dict[str, tuple[Make, str]] = {
    "more rows said than there are": (config(vocab_size=300), "wrong_shape"),
    "fewer rows said than there are": (config(vocab_size=200), "wrong_shape"),
    "another family's name and type": (config(**QWEN3), "missing_tensor"),
    "a tensor is missing": (
        weights(lambda tensors: {name: one for name, one in tensors.items() if name != NORM}),
        "missing_tensor",
    ),
    "a tensor too many": (weights(lambda tensors: tensors | {"model.x": torch.zeros(1)}), "extra_tensor"),
    "a tied tensor stored twice": (
        weights(lambda tensors: tensors | {"lm_head.weight": tensors[EMBEDDING].clone()}),
        "extra_tensor",
    ),
    "a tensor turned on its side": (tensor("model.layers.0.mlp.up_proj.weight", torch.Tensor.t), "wrong_shape"),
    "NaN in a norm": (number(NORM, (3,), float("nan")), "not_finite"),
    "infinity in a row that no sample uses": (number(EMBEDDING, (255, 3), float("inf")), "not_finite"),
    "a norm that explodes": (number(NORM, (3,), 1e30), "implausible_weights"),
    "a matrix that explodes": (tensor(EMBEDDING, lambda found: found * 0 + 50), "implausible_weights"),
    "a tokenizer that is no JSON": (file("tokenizer.json", "no JSON"), "cannot_be_scored"),
    "a tokenizer nested for ever": (file("tokenizer.json", "[" * 1_000_000), "cannot_be_scored"),
    "a tokenizer of a kind that nobody knows": (tokenizer(model={"type": "Evil"}), "cannot_be_scored"),
    "a tokenizer with a broken table of characters": (
        tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAAAAAA"}),
        "cannot_be_scored",
    ),
    "more tokens than rows": (added_tokens(1), "vocabulary_does_not_fit"),
    "very many added tokens": (added_tokens(20_000), "vocabulary_does_not_fit"),
    "all text becomes one id": (
        tokenizer(model={"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "x"}),
        "lossy_tokenizer",
    ),
    "half of the text is dropped": (replacing(("[a-m]", "")), "lossy_tokenizer"),
    "text is said twice": (
        tokenizer(
            post_processor={
                "type": "TemplateProcessing",
                "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 2,
                "pair": [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"],
                "special_tokens": {},
            }
        ),
        "lossy_tokenizer",
    ),
    "a pattern that doubles its work": (split_at(ENDLESS_PATTERN), "cannot_be_scored"),
    "text that grows from nothing": (replacing(("", "aaaa")), "cannot_be_scored"),
    "settings that are no JSON": (file("tokenizer_config.json", "{"), "cannot_be_scored"),
    "a template that is no text": (file("chat_template.jinja", b"\xff"), "cannot_be_scored"),
    "a template that raises": (template("{{ raise_exception('no') }}"), "cannot_be_scored"),
    "a template that does not parse": (template("{% for %}"), "cannot_be_scored"),
    "a template that calls itself": (
        template("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        "cannot_be_scored",
    ),
    "a template of many brackets": (template("{{ " + "(" * 10_000 + ")" * 10_000 + " }}"), "cannot_be_scored"),
    "a template that leaves its sandbox": (
        template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        "cannot_be_scored",
    ),
}
ADAPTERS_OPENED: dict[str, tuple[Make, str]] = {
    "NaN in a matrix": (
        weights(lambda tensors: {name: one * float("nan") for name, one in tensors.items()}),
        "not_finite",
    ),
    "matrices that explode": (
        weights(lambda tensors: {name: one * 0 + 50 for name, one in tensors.items()}),
        "implausible_weights",
    ),
    "made for a larger base": (
        weights(lambda tensors: {name: one.repeat(1, 2) for name, one in tensors.items()}),
        "cannot_be_scored",
    ),
    "for layers that the base lacks": (adapter_config(target_modules=["c_attn"]), "cannot_be_scored"),
    "a matrix of the base itself": (
        weights(lambda tensors: tensors | {f"base_model.model.{EMBEDDING}": torch.ones(261, 48)}),
        "cannot_be_scored",
    ),
    "for the embedding": (adapter_config(target_modules=["embed_tokens"]), "adapter_setting_not_allowed"),
    "for the head": (adapter_config(target_modules=["lm_head"]), "adapter_setting_not_allowed"),
    "for what is no matrix": (adapter_config(target_modules=["q_proj", "norm"]), "adapter_setting_not_allowed"),
}

# What asks in vain: it is scored, with the figures of the honest model

SCORED: dict[str, Make] = {
    "a billion labels": config(num_labels=10**9, problem_type="single_label_classification"),
    "settings for generating": config(
        eos_token_id=list(range(261)), temperature=0.0, num_beams=10**9, max_length=10**9, suppress_tokens=[1]
    ),
    "a generation that costs all": file("generation_config.json", json.dumps({"num_beams": 10**9, "do_sample": True})),
    "code named in the settings": table(
        "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Evil", None]}
    ),
}

# What hangs or breaks a worker, and the seconds that an answer may take

BREAKING: dict[str, tuple[Make, str, float]] = {
    "a template that never ends": (
        template("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"),
        "too_slow",
        5,
    ),
    "a template that computes for ever": (template("{{ 9**(9**9) }}"), "too_slow", 5),
    "patterns that look for ever": (split_at(*[SLOW_PATTERN] * 200), "too_slow", 5),
    "a template that says too much": (template("{{ 'A' * 10**10 }}"), "out_of_memory", 60),
    "text that grows and grows": (replacing((".", "x" * 3000), (".", "x" * 3000)), "out_of_memory", 60),
}

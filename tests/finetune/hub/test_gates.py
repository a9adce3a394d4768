import dataclasses

import pytest

from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.port import HubFile, Listing

MODEL = {"config.json": 10, "tokenizer.json": 10, "model.safetensors": 100}
SHARDS = {"model-00001-of-00002.safetensors": 50, "model-00002-of-00002.safetensors": 50}
ADAPTER = {"adapter_config.json": 10, "adapter_model.safetensors": 100}


def listing(files: dict[str, int], *, private: bool = False) -> Listing:
    return Listing(
        repository="ada/m",
        revision="1" * 40,
        private=private,
        files=tuple(HubFile(path=path, size=size) for path, size in files.items()),
    )


def without(files: dict[str, int], name: str) -> dict[str, int]:
    return {path: size for path, size in files.items() if path != name}


@pytest.mark.parametrize(
    "files",
    [
        MODEL,
        without(MODEL, "model.safetensors") | SHARDS | {"model.safetensors.index.json": 5},
        MODEL | {"README.md": 10**9, ".gitattributes": 5, "LICENSE": 5, "chat_template.jinja": 5, "merges.txt": 5},
        ADAPTER,
        ADAPTER | {"tokenizer.json": 5, "tokenizer_config.json": 5},
    ],
    ids=["model", "shards", "what a hub adds", "adapter", "adapter with tokenizer"],
)
def test_an_honest_listing_passes(files, constraints):
    assert check_listing(listing(files), constraints) is None


@pytest.mark.parametrize(
    "name",
    [
        "modeling.py",
        "pytorch_model.bin",
        "model.gguf",
        "tokenizer.model",
        "training_args.bin",
        "../config.json",
        "/config.json",
        "sub/config.json",
        "CONFIG.JSON",
        "config.json ",
        "config.4.0.json",
        "tokenizer.4.0.json",
        "other.safetensors",
        "model-1-of-2.safetensors",
        "model.safetensors\n",
        "LICENSE/x.py",
        "",
    ],
)
def test_a_file_of_any_other_name_is_rejected(name, constraints):
    rejection = check_listing(listing(MODEL | {name: 1}), constraints)
    assert rejection
    assert rejection.reason == "file_not_allowed"
    assert repr(name) in rejection.text


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (MODEL | {f"LICENSE-{number}": 1 for number in range(98)}, "too_many_files"),
        (MODEL | {"config.json": 1024 * 1024 + 1}, "file_too_large"),
        (MODEL | {"model.safetensors": 9_981}, "too_many_bytes"),
        (MODEL | ADAPTER, "mixed_kinds"),
        (ADAPTER | {"config.json": 1}, "mixed_kinds"),
        (MODEL | {"adapter_config.json": 1}, "mixed_kinds"),
        ({}, "missing_file"),
        (without(MODEL, "config.json"), "missing_file"),
        (without(MODEL, "tokenizer.json"), "missing_file"),
        (without(MODEL, "model.safetensors"), "missing_file"),
        (without(ADAPTER, "adapter_config.json"), "missing_file"),
        (without(ADAPTER, "adapter_model.safetensors"), "missing_file"),
        (without(MODEL, "model.safetensors") | SHARDS, "missing_file"),
        (MODEL | SHARDS | {"model.safetensors.index.json": 1}, "missing_file"),
        (
            without(MODEL, "model.safetensors")
            | {"model-00002-of-00002.safetensors": 50, "model.safetensors.index.json": 1},
            "missing_file",
        ),
    ],
)
def test_a_listing_that_does_not_fit_is_rejected(files, reason, constraints):
    rejection = check_listing(listing(files), constraints)
    assert rejection
    assert rejection.reason == reason
    assert rejection.fault == "miner"


def test_the_largest_allowed_sizes_pass(constraints):
    assert check_listing(listing(MODEL | {"model.safetensors": 9_980}), constraints) is None


def test_a_private_repository_may_be_admitted_later(constraints):
    rejection = check_listing(listing(MODEL, private=True), constraints)
    assert rejection
    assert rejection.reason == "private_repository"
    assert rejection.retry


@pytest.mark.parametrize(
    ("lora", "files", "reason"),
    [("no", ADAPTER, "adapter_not_allowed"), ("only", MODEL, "model_not_allowed"), ("only", ADAPTER, None)],
)
def test_adapters_take_part_as_the_competition_says(lora, files, reason, constraints):
    bases = () if lora == "no" else constraints.bases
    rejection = check_listing(listing(files), dataclasses.replace(constraints, lora=lora, bases=bases))
    assert (rejection.reason if rejection else None) == reason


def checked(folder, constraints, *, hotkey="5Ada"):
    digest = folder_digest(folder)
    return check_folder(
        folder, digest=digest, committed=secure_hash(digest, "5Ada"), hotkey=hotkey, constraints=constraints
    )


def test_an_honest_folder_passes(model_folder, adapter_folder, constraints):
    assert checked(model_folder(), constraints) is None
    assert checked(adapter_folder(), dataclasses.replace(constraints, min_parameters=25)) is None


def test_files_committed_under_another_hotkey_are_rejected(model_folder, constraints):
    rejection = checked(model_folder(), constraints, hotkey="5Bob")
    assert rejection
    assert rejection.reason == "hash_mismatch"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_link_or_folder_is_rejected_before_it_is_followed(kind, model_folder, constraints):
    folder = model_folder()
    digest = folder_digest(folder)
    if kind == "link":
        (folder / "generation_config.json").symlink_to("/etc/hostname")
    else:
        (folder / "generation_config.json").mkdir()
    rejection = check_folder(
        folder, digest=digest, committed=secure_hash(digest, "5Ada"), hotkey="5Ada", constraints=constraints
    )
    assert rejection
    assert rejection.reason == "not_a_plain_file"


def test_each_gate_of_a_folder_is_reached(model_folder, adapter_folder, constraints):
    cases = [
        (model_folder("code", {"modeling.py": b""}), "file_not_allowed"),
        (model_folder("weights", {"model.safetensors": b"x"}), "malformed_weights"),
        (model_folder("index", {"model.safetensors.index.json": b"{}"}), "wrong_index"),
        (model_folder("config", {"config.json": b"{}"}), "architecture_not_allowed"),
    ]
    adapter = adapter_folder()
    (adapter / "adapter_config.json").write_bytes(b"{}")
    for folder, reason in [*cases, (adapter, "adapter_setting_not_allowed")]:
        rejection = checked(folder, constraints)
        assert rejection
        assert rejection.reason == reason

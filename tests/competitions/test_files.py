import json
import tomllib
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from competitions.files import CatalogError, read_competition

HEX40, HEX64 = "1f" * 20, "1f" * 32

# Every key of a competition file, each with a value that is allowed.
FULL = f"""
id = 1
title = "A title"
reward = 1.0
first_block = 0
last_block = 100

[constraints]
architectures = ["LlamaForCausalLM"]
min_parameters = 1
max_parameters = 2_000_000
max_bytes = 20_000_000
sequence_length = 256
lora = "allowed"
tokenizer = "reference"
bases = [{{ repository = "owner/base", revision = "{HEX40}", digest = "{HEX64}" }}]

[epsilon]
start = 0.05
end = 0.01
decay_blocks = 200

[reference]
repository = "owner/model"
revision = "{HEX40}"
digest = "{HEX64}"
control_losses = [1.5, 2.5]
control_tolerance = 0.02

[round]
sync_blocks = 20
eval_delay = 10
batches = 60
batch_size = 2
challengers = 3

[judge]
floor = 0.001
season_blocks = 1_000
alpha = 1e-4
stop_alpha = 0.01
unreachable_rounds = 3
missed_rounds = 3
differing_rounds = 2

[precision]
dtype = "bfloat16"
hardware = "a class of machine"

[[tasks]]
name = "WORD_SORTING"
method = "reference"
stream = "word_sorting"
weight = 1.0
options = {{ words = 5 }}
"""

REQUIRED = [
    "id title reward first_block constraints epsilon reference tasks",
    "constraints.architectures constraints.max_parameters constraints.max_bytes constraints.sequence_length",
    "epsilon.start epsilon.end epsilon.decay_blocks reference.repository constraints.bases[0].repository",
    "tasks[0].name tasks[0].method tasks[0].stream tasks[0].weight",
]


ABSENT = object()


def steps(path: str) -> list[str | int]:
    """Where a path such as `tasks[0].name` leads: keys and positions in lists."""
    return [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]


def holder(table: Any, path: str) -> tuple[Any, str | int]:
    """The table or list that holds the value at the path, and its key in there."""
    *way, last = steps(path)
    for step in way:
        table = table[step]
    return table, last


def leaves(table: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every single value of a table with its path; what stands in `options` is free."""
    if isinstance(table, dict):
        named = ((f"{path}.{key}".lstrip("."), value) for key, value in table.items() if key != "options")
        return [leaf for key, value in named for leaf in leaves(value, key)]
    if isinstance(table, list):
        return [leaf for n, value in enumerate(table) for leaf in leaves(value, f"{path}[{n}]")]
    return [(path, table)]


LEAVES = leaves(tomllib.loads(FULL))
WRONG_KINDS = [
    (path, wrong)
    for path, value in LEAVES
    for wrong in {
        int: [True, 1.5, nan, inf, "1", [1], {"a": 1}, -(1 << 70)],
        float: [True, "0.5", nan, inf, -inf, [0.5], {"a": 1}, 10**400],
        str: [True, 1, 0.5, [value], {"a": value}],
    }[type(value)]
]


def refusal(folder: Path, content: bytes) -> str:
    """What the one error about a file says."""
    path = folder / "wrong.toml"
    path.write_bytes(content)
    with pytest.raises(CatalogError) as caught:
        read_competition(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def toml(value: Any) -> str:
    """A value as TOML writes it, tables and lists in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


def changed(path: str, value: object) -> bytes:
    """The full file with another value at the path; without it where the value is `ABSENT`."""
    table = tomllib.loads(FULL)
    inside, key = holder(table, path)
    if value is ABSENT:
        del inside[key]
    else:
        inside[key] = value
    return "\n".join(f"{key} = {toml(value)}" for key, value in table.items()).encode()


def test_a_full_file_loads_with_every_value_it_names(tmp_path: Path) -> None:
    path = tmp_path / "full.toml"
    path.write_text(FULL, "utf-8")
    one = read_competition(path)
    for name, value in LEAVES:
        found: Any = one
        for step in steps(name):
            found = found[step] if isinstance(step, int) else getattr(found, step)
        assert found == value
        assert type(found) is type(value)
    assert one.tasks[0].options == {"words": 5}


@pytest.mark.parametrize("path", " ".join(REQUIRED).split())
def test_a_missing_key_is_named(tmp_path: Path, path: str) -> None:
    assert (
        refusal(tmp_path, changed(path, ABSENT)) == f"{path}: found None, allowed is a value: this key has no default"
    )


@pytest.mark.parametrize(
    "path", ["rewards", "constraints.x", "epsilon.x", "reference.x", "round.x", "judge.x", "precision.x", "tasks[0].x"]
)
def test_an_unknown_key_is_named_beside_those_there_are(tmp_path: Path, path: str) -> None:
    said = refusal(tmp_path, changed(path, 1))
    assert said.startswith(f"{path}: found 1, allowed is no such key; there are ")


@pytest.mark.parametrize(("path", "wrong"), WRONG_KINDS)
def test_a_value_of_a_wrong_kind_is_named_with_what_was_found_and_what_is_allowed(
    tmp_path: Path, path: str, wrong: object
) -> None:
    said = refusal(tmp_path, changed(path, wrong))
    # A number in a list that is out of range is named by its list.
    assert said.startswith((f"{path}: found ", f"{path.partition('[')[0]}: found "))
    assert ", allowed is " in said
    huge = type(wrong) is int and abs(wrong) > 1 << 63
    assert ("a number of" if huge else repr(wrong)) in said


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        ("id", -1, "id: found -1, allowed is 0 to 1e+09"),
        ("last_block", -1, "last_block: found -1, allowed is at least 0"),
        ("epsilon.end", 0.06, "epsilon.end: found 0.06, allowed is at most start, which is 0.05"),
        ("judge.alpha", 0.7, "judge.alpha: found 0.7, allowed is 1e-12 to 0.5"),
        ("tasks[0].weight", 0.9, "tasks.weight: found 0.9, allowed is weights that sum to 1"),
        ("tasks[0].name", "x", "tasks[0].name: found 'x', allowed is up to 40 capitals, digits and underscores"),
        ("constraints.bases[0].revision", "main", "constraints.bases[0].revision: found 'main', allowed is 40 lower"),
        ("constraints.lora", "yes", "constraints.lora: found 'yes', allowed is one of 'no', 'allowed', 'only'"),
        ("constraints.bases", [], "constraints.bases: found [], allowed is at least one base model"),
        ("reference", "owner/model", "reference: found 'owner/model', allowed is a table with repository"),
        ("tasks", {"name": "A"}, "tasks: found {'name': 'A'}, allowed is a list in [ ]"),
        ("tasks", [], "tasks: found [], allowed is at least one task"),
        ("tasks[0].options", "words", "tasks[0].options: found 'words', allowed is a table"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_table(tmp_path: Path, path: str, wrong: object, said: str) -> None:
    assert refusal(tmp_path, changed(path, wrong)).startswith(said)


@pytest.mark.parametrize(
    "content",
    [
        b"id = ",
        b"not a file of this kind",
        b"id = 1\nid = 2",
        b"id = 1979-13-45",
        b"id = " + b"[" * 3_000,
        b"id = " + b"9" * 5_000,
        b'title = "\xff\xfe"',
        "id = 1".encode("utf-16"),
        b"\x00",
        b"\x1f\x8b\x08",
    ],
    ids=["no value", "prose", "a key twice", "no date", "brackets", "digits", "latin", "utf-16", "a zero", "gzip"],
)
def test_what_is_no_toml_in_utf_8_is_one_error(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).startswith("not a TOML file: ")


def test_an_empty_file_lacks_its_first_key(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"").startswith("id: found None")


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    folder, nowhere = tmp_path / "folder.toml", tmp_path / "nowhere.toml"
    folder.mkdir()
    with pytest.raises(CatalogError, match=r"folder\.toml: cannot be read \(Is a directory\)"):
        read_competition(folder)
    with pytest.raises(CatalogError, match=r"nowhere\.toml: cannot be read \(No such file"):
        read_competition(nowhere)

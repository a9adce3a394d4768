"""What a miner may put on chain and hub, no validator dies of it, and nobody else loses a round over it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from competitions.competition import Pinned
from finetune.errors import HubUnavailable
from finetune.hub.client import parse_listing
from finetune.hub.port import HubFile, Listing
from finetune.hub.strict_json import parse_object
from tests.finetune.validating.subnet import Node, Subnet, Warehouse, tensors, write_model

LLAMA = b'{"architectures": ["LlamaForCausalLM"], "x": %s}'


def nested(depth: int, opening: bytes = b"[", middle: bytes = b"", closing: bytes = b"]") -> bytes:
    return opening * depth + middle + closing * depth


def safetensors(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def one_tensor(**changes: Any) -> bytes:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | changes
    return safetensors(json.dumps({"quality": entry}).encode(), b"\0\0\0\0")


CONFIGS = {
    "lists in lists": LLAMA % nested(900),
    "objects in objects": LLAMA % nested(900, b'{"a":', b"1", b"}"),
    "far too deep": LLAMA % nested(100_000),
    "endless digits": LLAMA % (b"9" * 10_000),
    "a huge exponent": LLAMA % b"1e999",
    "NaN": LLAMA % b"NaN",
    "half a character as architecture": rb'{"architectures": ["\ud800"]}',
    "nested architectures": b'{"architectures": [%s]}' % nested(900),
    "no UTF-8": b'{"architectures": ["\xff\xfe"]}',
    "a byte order mark": b"\xef\xbb\xbf" + LLAMA % b"1",
    "the same key twice": b'{"architectures": ["LlamaForCausalLM"], "architectures": ["Evil"]}',
    "control characters": b'{"architectures": ["\\u0000\\u001b[31m\\n"]}',
    "no object": b"[]",
    "nothing": b"",
}
WEIGHTS = {
    "nothing": b"",
    "seven bytes": b"\0" * 7,
    "an endless header": b"\xff" * 8 + b"{}",
    "no JSON": safetensors(b"\xff\xff"),
    "deep types": safetensors(b'{"a": {"dtype": %s, "shape": [1], "data_offsets": [0, 4]}}' % nested(900), b"0000"),
    "deep metadata": safetensors(b'{"__metadata__": %s}' % nested(900, b'{"a":', b"1", b"}")),
    "a name with control characters": safetensors(
        b'{"\\u001b[2J\\u0000": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"0000"
    ),
    "half a character as name": safetensors(
        b'{"\\ud800": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"0000"
    ),
    "huge sizes": one_tensor(shape=[2**61] * 8),
    "sizes beyond 64 bits": one_tensor(shape=[10**30]),
    "negative sizes": one_tensor(shape=[-1]),
    "sizes that are no numbers": one_tensor(shape=["1"]),
    "true as a size": one_tensor(shape=[True]),
    "offsets backwards": one_tensor(data_offsets=[4, 0]),
    "nothing in it": safetensors(b"{}"),
    "an unknown type": one_tensor(dtype="I64"),
    "a nested type": one_tensor(dtype=[["F32"]]),
    "more data than tensors": one_tensor() + b"0",
}
ADAPTERS = {
    "deep": b'{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q"], "x": %s}' % nested(900),
    "deep rank": b'{"peft_type": "LORA", "r": %s, "lora_alpha": 1, "target_modules": ["q"]}' % nested(900),
    "endless digits": b'{"peft_type": "LORA", "r": %s, "lora_alpha": 1, "target_modules": ["q"]}' % (b"9" * 10_000),
    "half a character": rb'{"peft_type": "\ud800", "r": 1, "lora_alpha": 1, "target_modules": ["q"]}',
    "half a character as key": rb'{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q"], "\ud800": 1}',
}
COMMITMENTS = {
    "nothing": b"",
    "zeros": b"\0" * 128,
    "no UTF-8": b"\xff:\xfe:\xfd:\xfc:\xfb",
    "colons": b":" * 128,
    "a path": b"..:..:" + b"1" * 40 + b":" + b"A" * 43 + b"=:1",
    "digits that are no digits": "ada:m:{}:{}=:²".format("1" * 40, "A" * 43).encode(),
    "a name that no hub has": b"ada:m.git:" + b"1" * 40 + b":" + b"A" * 43 + b"=:1",
    "a line break": b"ada:m:" + b"1" * 40 + b":" + b"A" * 43 + b"=:1\n",
    "control characters": b"ada\x1b[2J:m:" + b"1" * 40 + b":" + b"A" * 43 + b"=:1",
}


def survives(subnet: Subnet, node: Node, hostile: Sequence[str]) -> dict[str, Any]:
    """Plays two rounds, the second after a restart; the honest miner wins, and the hostile ones are out."""
    best = subnet.submit("honest", 1.0)
    sync = subnet.play(node)
    assert node.champion() == best
    node.kill()
    node = subnet.node(hub=node.ports.hub)
    sync = subnet.play(node)
    assert node.champion() == best
    rejections = node.record(sync)["rejections"]
    assert set(rejections) == set(hostile)
    return dict(rejections)


def commit_folders(subnet: Subnet, warehouse: Warehouse, files: dict[str, dict[str, bytes]]) -> dict[str, str]:
    """One miner for each folder; gives the keys of their submissions by name."""
    keys = {}
    for number, (name, content) in enumerate(files.items()):
        folder = write_model(warehouse.new_folder(), 0.1, salt=number + 1, files=content)
        keys[name] = subnet.commit(f"hostile-{number}", warehouse.upload(folder)).key
    return keys


def test_no_config_kills_a_validator(subnet, warehouse):
    subnet.chain.advance()
    keys = commit_folders(subnet, warehouse, {name: {"config.json": content} for name, content in CONFIGS.items()})
    rejections = survives(subnet, subnet.node(), list(keys.values()))
    assert {one["reason"] for one in rejections.values()} == {"malformed_config", "architecture_not_allowed"}


def test_no_weight_file_kills_a_validator(subnet, warehouse):
    subnet.chain.advance()
    keys = commit_folders(
        subnet, warehouse, {name: {"model.safetensors": content} for name, content in WEIGHTS.items()}
    )
    rejections = survives(subnet, subnet.node(), list(keys.values()))
    assert {one["reason"] for one in rejections.values()} == {"malformed_weights"}


def test_no_index_kills_a_validator(subnet, warehouse):
    subnet.chain.advance()
    parts: dict[str, bytes] = {}
    for number, (name, tensor) in enumerate(tensors(0.1).items(), 1):
        path = warehouse.new_folder()
        save_file({name: tensor}, path)
        parts[f"model-{number:05}-of-00002.safetensors"] = path.read_bytes()
    indices = {
        "deep": b'{"weight_map": %s}' % nested(900),
        "deep values": b'{"weight_map": {"quality": %s, "salt": 1}}' % nested(900),
        "a path": b'{"weight_map": {"quality": "/etc/passwd", "salt": "../x"}}',
        "no map": b'{"weight_map": 5}',
        "nothing": b"",
    }
    hostile = []
    for number, index in enumerate(indices.values()):
        folder = write_model(
            warehouse.new_folder(),
            0.1,
            files=parts | {"model.safetensors.index.json": index, "vocab.txt": b"%d" % number},
        )
        (folder / "model.safetensors").unlink()
        hostile.append(subnet.commit(f"hostile-{number}", warehouse.upload(folder)).key)
    rejections = survives(subnet, subnet.node(), hostile)
    assert {one["reason"] for one in rejections.values()} == {"wrong_index"}


def test_no_adapter_config_kills_a_validator(open_subnet, warehouse, competition):
    base = warehouse.model(1.9)
    pinned = Pinned(repository=base.repository, revision=base.revision, digest=base.digest)
    constraints = replace(competition.constraints, lora="allowed", bases=(pinned,))
    subnet = open_subnet(replace(competition, constraints=constraints))
    subnet.chain.advance()
    hostile = []
    for number, config in enumerate(ADAPTERS.values()):
        folder = warehouse.new_folder()
        folder.mkdir()
        (folder / "adapter_config.json").write_bytes(config)
        save_file(tensors(0.1, number + 1), folder / "adapter_model.safetensors")
        hostile.append(subnet.commit(f"hostile-{number}", warehouse.upload(folder)).key)
    rejections = survives(subnet, subnet.node(), hostile)
    assert {one["reason"] for one in rejections.values()} == {"adapter_setting_not_allowed", "malformed_config"}


def test_no_commitment_kills_a_validator(subnet):
    subnet.chain.advance()
    hostile = [subnet.commit_raw(f"hostile-{number}", data).key for number, data in enumerate(COMMITMENTS.values())]
    rejections = survives(subnet, subnet.node(), hostile)
    assert {one["reason"] for one in rejections.values()} == {"malformed_commitment", "repository_gone"}


class LyingHub:
    """The hub, but for a few repositories of which it lists files of its own invention."""

    def __init__(self, real: Any, lies: dict[str, tuple[HubFile, ...]]) -> None:
        self.real, self.lies = real, lies

    def listing(self, repository: str, revision: str | None) -> Listing:
        found: Listing = self.real.listing(repository, revision)
        if repository not in self.lies:
            return found
        return Listing(repository=repository, revision=found.revision, private=False, files=self.lies[repository])

    def download(self, listing: Listing, paths: Sequence[str], into: Path) -> None:
        self.real.download(listing, paths, into)


def test_no_listing_kills_a_validator(subnet, warehouse):
    names = ("../../x", "/etc/passwd", "a\x1b[2J\n", "\ud800", "x" * 100_000, "model.safetensors/x", "")
    listings = [(HubFile(path=name, size=1),) for name in names]
    listings += [
        (),
        tuple(HubFile(path=f"{number}.json", size=1) for number in range(10_000)),
        (HubFile(path="config.json", size=1 << 50), HubFile(path="model.safetensors", size=1 << 50)),
    ]
    subnet.chain.advance()
    lies, hostile = {}, []
    for number, files in enumerate(listings):
        model = warehouse.model(0.1, salt=100.0 + number)
        lies[model.repository] = files
        hostile.append(subnet.commit(f"hostile-{number}", model).key)
    node = subnet.node(hub=LyingHub(warehouse.hub(), lies))
    rejections = survives(subnet, node, hostile)
    assert {one["reason"] for one in rejections.values()} == {
        "file_not_allowed",
        "missing_file",
        "too_many_files",
        "file_too_large",
    }


@pytest.mark.parametrize("size", [-1, 1 << 62, 10**30, True, 1.0, None])
def test_a_hubs_answer_with_a_size_that_no_file_has_is_no_answer(size):
    answer = {"sha": "1" * 40, "private": False, "siblings": [{"rfilename": "config.json", "size": size}]}
    with pytest.raises(HubUnavailable):
        parse_listing(answer, repository="eve/m", revision=None)


@pytest.mark.parametrize(("depth", "accepted"), [(10, True), (64, True), (65, False), (100_000, False)])
def test_json_nested_deeper_than_any_honest_file_is_refused_before_anybody_walks_it(depth, accepted):
    """Python 3.12 parses thousands of levels that no Python function could follow."""
    lists = b'{"a":' + nested(depth - 1) + b"}"
    objects = nested(depth, b'{"a":', b"1", b"}")
    for data in (lists, objects):
        if accepted:
            assert parse_object(data)
        else:
            with pytest.raises(ValueError, match="nested too deeply"):
                parse_object(data)

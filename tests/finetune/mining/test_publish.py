"""Publish: nobody can commit a miner's files before the miner."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from bittensor.sp_core import Keypair
from safetensors.numpy import save_file

from competitions.competition import Competition
from competitions.files import read_competition
from competitions.submission import parse_payload
from finetune.chain.bittensor.submission import ERA_BLOCKS, LAG_BLOCKS
from finetune.chain.local import LocalChain, LocalSettings
from finetune.chain.port import BLOCK_SECONDS
from finetune.errors import (
    ChainUnavailable,
    CommitmentTooLarge,
    FinetuneError,
    HubRefused,
    HubUnavailable,
    RepositoryGone,
    SetupError,
)
from finetune.hub.client import HubClient
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.server import LocalHub
from finetune.mining.publish import LANDING_BLOCKS, Published, publish
from tests.finetune.hub.configs import SMALLEST

ADA = Keypair.create_from_uri("//ada")
TINY = Path(__file__).parents[3] / "competitions" / "rehearsal" / "tiny.toml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), {"ada": "token-of-ada"}) as running:
        yield running


@pytest.fixture
def hub(server: LocalHub) -> HubClient:
    """The hub as ada sees it."""
    return HubClient(server.endpoint, "token-of-ada")


@pytest.fixture
def stranger(server: LocalHub) -> HubClient:
    return HubClient(server.endpoint, None)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[LocalChain]:
    with LocalChain.create(tmp_path / "chain.sqlite", seed="s", settings=LocalSettings(tempo=20)) as found:
        found.register(ADA, "cold-ada")
        found.advance()
        yield found


@pytest.fixture(scope="session")
def competition() -> Competition:
    return read_competition(TINY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SMALLEST))
    (folder / "tokenizer.json").write_text("{}")
    save_file({"w": np.zeros(2, np.float32)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository of this test's own."""
    return f"ada/{crc32(request.node.name.encode())}"


@pytest.fixture
def send(folder, repository, competition, hub, chain) -> Callable[..., Published]:
    """Publishes the folder, with any argument replaced."""

    def call(**changes: Any) -> Published:
        arguments = {
            "repository": repository,
            "competition": competition,
            "hotkey": ADA,
            "hub": hub,
            "chain": chain,
            "wait_for": lambda block: chain.advance(max(1, block - chain.block())),
        } | changes
        return publish(arguments.pop("folder", folder), **arguments)

    return call


def is_public(stranger: HubClient, repository: str) -> bool:
    try:
        return not stranger.listing(repository, None).private
    except RepositoryGone:
        return False


def committed(chain: LocalChain) -> list[bytes]:
    """What stands on chain one block later."""
    return [one.data for one in chain.commitments(chain.advance())]


def test_what_is_committed_is_what_strangers_can_read_afterwards(
    send, folder, repository, competition, chain, stranger
):
    done = send()
    (commitment,) = chain.commitments(chain.block())
    assert (commitment.hotkey, commitment.block) == (ADA.ss58_address, done.block)
    assert parse_payload(commitment.data) == done.payload
    assert done.payload.repository == repository
    assert done.payload.competition == competition.id
    assert done.payload.secure_hash == secure_hash(folder_digest(folder), ADA.ss58_address)
    listing = stranger.listing(repository, done.payload.revision)
    assert not listing.private
    assert {file.path for file in listing.files} >= {path.name for path in folder.iterdir()}


def test_the_repository_is_private_until_the_commitment_is_final(send, repository, chain, stranger):
    seen = []

    def wait(block: int) -> None:
        seen.append(is_public(stranger, repository))
        while chain.block() < block:
            chain.advance()
            seen.append(is_public(stranger, repository))

    committing = chain.commit

    def watch(*call: Any) -> int:
        seen.append(is_public(stranger, repository))
        return committing(*call)

    watched = SimpleNamespace(commit=watch, block=chain.block, commitments=chain.commitments)
    send(chain=watched, wait_for=wait)
    assert len(seen) >= 3
    assert not any(seen)
    assert is_public(stranger, repository)


class Fails:
    """A port of which one method raises."""

    def __init__(self, real: Any, method: str, error: Exception) -> None:
        self._real, self._method, self._error = real, method, error

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._real, name)

        def fail(*args: Any, **options: Any) -> Any:
            raise self._error

        return fail


@pytest.mark.parametrize(
    ("port", "method", "error"),
    [
        ("hub", "create", HubRefused("a bad token")),
        ("hub", "listing", HubUnavailable("no answer")),
        ("hub", "upload", HubUnavailable("no answer")),
        ("chain", "commit", ChainUnavailable("no answer")),
        ("hub", "set_private", HubUnavailable("no answer")),
    ],
)
def test_a_failure_at_any_step_leaves_nothing_public_and_may_be_tried_again(
    send, repository, hub, chain, stranger, port, method, error
):
    real = {"hub": hub, "chain": chain}[port]
    with pytest.raises(FinetuneError, match=str(error)):
        send(**{port: Fails(real, method, error)})
    assert not is_public(stranger, repository)
    assert bool(committed(chain)) == (method == "set_private")
    send()
    assert is_public(stranger, repository)
    assert len(committed(chain)) == 1


def test_a_failure_while_waiting_leaves_nothing_public(send, repository, stranger):
    def lost(block: int) -> None:
        raise ChainUnavailable("no answer")

    with pytest.raises(ChainUnavailable):
        send(wait_for=lost)
    assert not is_public(stranger, repository)


def test_a_hotkey_without_a_uid_leaves_nothing_public(send, repository, stranger):
    with pytest.raises(FinetuneError, match="has no uid"):
        send(hotkey=Keypair.create_from_uri("//nobody"))
    assert not is_public(stranger, repository)


def test_a_public_repository_is_not_used_for_others_could_commit_its_files_first(send, repository, hub, chain):
    hub.create(repository, private=False)
    before = hub.listing(repository, None)
    with pytest.raises(SetupError, match="is public, so others could commit its new files first; name a new one"):
        send()
    assert hub.listing(repository, None) == before
    assert committed(chain) == []


@pytest.mark.parametrize(
    ("repository", "error", "text"),
    [
        ("ada/" + "m" * 37, CommitmentTooLarge, "is 1 bytes too long"),
        ("ada/my model", SetupError, "name must be letters"),
        ("ada", SetupError, "name must be letters"),
        ("ada/a:b", SetupError, "five tokens"),
    ],
)
def test_a_repository_that_cannot_be_committed_is_refused_before_anything_is_uploaded(
    send, hub, chain, repository, error, text
):
    calls = []
    watched = SimpleNamespace(create=lambda *call, **options: calls.append(call))
    with pytest.raises(error, match=text):
        send(repository=repository, hub=watched)
    assert calls == []
    assert committed(chain) == []


def test_the_longest_name_that_fits_is_taken(send):
    assert len(send(repository="ada/" + "m" * 36).payload.encode()) == 128


@pytest.mark.parametrize("kind", ["missing", "a file", "code", "a folder inside", "a link"])
def test_a_folder_that_no_gate_lets_in_is_refused_before_anything_is_uploaded(send, folder, stranger, repository, kind):
    if kind == "missing":
        folder = folder.with_name("nowhere")
    elif kind == "a file":
        folder = folder / "config.json"
    elif kind == "code":
        (folder / "modeling.py").write_text("import os")
    elif kind == "a folder inside":
        (folder / "more").mkdir()
    else:
        (folder / "vocab.txt").symlink_to("/etc/passwd")
    with pytest.raises(SetupError, match=str(folder)):
        send(folder=folder)
    with pytest.raises(RepositoryGone):
        stranger.listing(repository, None)


def test_published_again_nothing_is_committed_or_uploaded_again(send, repository, chain, hub):
    first = send()
    before = hub.listing(repository, None)
    assert send(hub=Fails(hub, "upload", HubUnavailable("asked again"))) == first
    assert hub.listing(repository, None) == before
    assert [one.block for one in chain.commitments(chain.block())] == [first.block]


def test_killed_before_the_repository_was_shown_it_is_shown_without_another_commitment(send, repository, chain, hub):
    with pytest.raises(HubUnavailable):
        send(hub=Fails(hub, "set_private", HubUnavailable("killed")))
    (commitment,) = chain.commitments(chain.block())
    done = send(chain=Fails(chain, "commit", ChainUnavailable("committed twice")))
    assert done.block == commitment.block


def test_killed_between_sending_and_landing_it_waits_for_what_was_sent(send, tmp_path, chain, stranger, repository):
    journal = tmp_path / "journal.json"

    def killed(block: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(wait_for=killed, journal=journal)
    # The commitment is under way: it lands in the next block, and nobody sees it yet.
    assert chain.commitments(chain.block()) == ()
    done = send(chain=Fails(chain, "commit", ChainUnavailable("committed twice")), journal=journal)
    assert is_public(stranger, repository)
    assert [one.block for one in chain.commitments(chain.block())] == [done.block]


def test_a_note_of_another_chains_blocks_is_no_reason_to_wait(send, tmp_path):
    journal = tmp_path / "journal.json"
    journal.write_text(json.dumps({"hotkey": ADA.ss58_address, "lands_by": 7_000_000}))
    assert send(journal=journal).block < 100


@pytest.mark.parametrize(
    "text", [b"[]", b"null", b"{", b'{"hotkey": "5x"}', b'{"hotkey": "5x", "lands_by": "x"}', b"\xff"]
)
def test_a_file_that_is_no_note_stops_it_before_anything_is_uploaded(send, tmp_path, chain, text):
    (tmp_path / "journal.json").write_bytes(text)
    with pytest.raises(SetupError, match=r"journal\.json"):
        send(journal=tmp_path / "journal.json")
    assert chain.commitments(chain.block()) == ()


def test_a_commitment_has_landed_by_the_block_that_is_noted():
    assert LANDING_BLOCKS > ERA_BLOCKS + LAG_BLOCKS + 120 / BLOCK_SECONDS  # and a dialling takes at most 120 seconds


def test_another_folder_replaces_what_stands(send, folder, chain):
    first = send()
    (folder / "tokenizer.json").write_text("{ }")
    with pytest.raises(SetupError, match="is public"):
        send()
    second = send(repository="ada/another-one")
    assert second.payload.secure_hash != first.payload.secure_hash
    assert [one.block for one in chain.commitments(chain.block())] == [second.block]

"""What an attacker has in hand: its keys, its hub token, a place for files, and what anybody can read.

It goes by the same doors as everybody: the real hub client or plain HTTP with its own token, and the chain.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib import request
from urllib.error import HTTPError

from competitions.competition import Competition
from competitions.submission import Payload
from finetune.errors import RevisionGone
from finetune.evals.tokenizer import load_tokenizer
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.files import counts
from finetune.mining.dataset.faults import BadLine
from finetune.mining.dataset.lengths import token_length
from finetune.mining.publish import Published, standing
from finetune.mining.train import Lora, Recipe, train
from finetune.rehearsal.attacks.attack import VICTIM, Act
from finetune.rehearsal.attacks.changes import SLIGHT, Change, add_noise
from finetune.rehearsal.world import World
from finetune.streams.sample import AnySample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_HTTP_SECONDS = 60.0
_NO_PROXY = request.build_opener(request.ProxyHandler({}))  # the hub is on this machine


class Attacker:
    """One attacker at work."""

    def __init__(
        self, *, name: str, hotkeys: tuple[str, ...], world: World, competition: Competition, base: Path
    ) -> None:
        """Nothing is done yet. `base` is the folder of the competition's base model."""
        self.name, self.hotkeys, self.world, self.competition, self.base = name, hotkeys, world, competition, base
        self.hub, self.chain, self.seed = world.hub(name), world.chain, world.seed
        self.repository = f"{name}/m"
        # For noise of its own: two attackers with the same noise would have the same weights.
        self.own_seed = zlib.crc32(name.encode())
        self.refused: list[str] = []
        self._folders = 0

    def new_folder(self) -> Path:
        """A path where nothing is yet."""
        self._folders += 1
        return self.world.out / "models" / f"{self.name}.{self._folders}"

    def copy(self, miner: str = VICTIM) -> Path:
        """What a miner has submitted, downloaded as a stranger would. Raises `HubError`, also while it is private."""
        hub, into = self.world.hub(), self.new_folder()
        payload = self.submitted(miner).payload
        listing = hub.listing(payload.repository, payload.revision)
        into.mkdir()
        hub.download(listing, [file.path for file in listing.files if counts(file.path)], into)
        return into

    def noisy_copy(self, miner: str = VICTIM, *, size: float = SLIGHT) -> Path:
        """What a miner has submitted, with noise of its own: its weights are nobody else's. Raises `HubError`."""
        folder = self.copy(miner)
        add_noise(folder, size=size, seed=self.own_seed)
        return folder

    def submitted(self, miner: str) -> Published:
        """What a miner's commitment says. Raises `RevisionGone` where it has none."""
        found = standing(self.chain).get(self.world.hotkey(miner).ss58_address)
        if found is None:
            raise RevisionGone(f"{miner} has committed nothing yet")
        return found

    def train(
        self, folder: Path, samples: Iterable[AnySample], *, steps: int, learning_rate: float, lora: Lora | None = None
    ) -> Path:
        """Train what is in a folder on, by those of the samples that fit it; gives the new folder."""
        out, length = self.new_folder(), self.competition.constraints.sequence_length
        tokenizer = load_tokenizer(folder)
        recipe = Recipe(
            steps=steps,
            batch_size=4,
            learning_rate=learning_rate,
            warmup_steps=2,
            sequence_length=length,
            seed=self.seed,
            lora=lora,
        )
        train(folder, out, (one for one in samples if _fits(one, tokenizer, length)), recipe)
        return out

    def submit(self, folder: Path, *, hotkey: str | None = None) -> str:
        """Show the folder's files to everybody and commit them; gives the revision."""
        revision = self.upload(folder)
        self.commit(revision, folder=folder, hotkey=hotkey)
        return revision

    def upload(self, folder: Path, *, private: bool = False) -> str:
        """Make its repository hold the folder's files, whatever they are; gives the revision."""
        self.hub.create(self.repository, private=private)
        return self.hub.upload(self.repository, folder, message="a model")

    def commit(self, revision: str, *, folder: Path, hotkey: str | None = None) -> None:
        """Commit its repository at a revision with the hash of the folder, under its first hotkey or the named one."""
        signer = self.world.hotkey(hotkey or self.hotkeys[0])
        payload = Payload(
            repository=self.repository,
            revision=revision,
            secure_hash=secure_hash(folder_digest(folder), signer.ss58_address),
            competition=self.competition.id,
        )
        self.commit_bytes(payload.encode(), hotkey=hotkey)

    def commit_bytes(self, data: bytes, *, hotkey: str | None = None) -> None:
        """Put any bytes on chain."""
        self.chain.commit(self.world.hotkey(hotkey or self.hotkeys[0]), data)

    def delete(self) -> None:
        """Delete its repository."""
        namespace, _, name = self.repository.partition("/")
        self.ask("DELETE", "/api/repos/delete", {"name": name, "organization": namespace})

    def commit_files(self, files: Mapping[str, bytes]) -> bool:
        """Send small files to its repository by plain HTTP; whether the hub took them. Its refusal is kept."""
        lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": "files"}}]
        for path, content in files.items():
            lines.append({"key": "file", "value": {"path": path, "content": base64.b64encode(content).decode()}})
        body = "\n".join(map(json.dumps, lines)).encode()
        return self.ask("POST", f"/api/models/{self.repository}/commit/main", body)

    def ask(self, method: str, path: str, body: bytes | Mapping[str, Any]) -> bool:
        """One request to the hub with its own token; whether it was met. A refusal is kept in `refused`."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.world.token(self.name)}", "content-type": "application/json"}
        question = request.Request(f"{self.world.endpoint}{path}", data=data, headers=headers, method=method)
        try:
            with _NO_PROXY.open(question, timeout=_HTTP_SECONDS):
                return True
        except HTTPError as error:
            self.refused.append(f"{error.code}: {error.headers.get('X-Error-Message', error.reason)}")
            return False


def submit_changed(change: Change, *, noisy: bool = True) -> Act:
    """The act of submitting a copy of the champion with a change; without noise, the change alone makes it another."""

    def act(attacker: Attacker) -> None:
        folder = attacker.noisy_copy() if noisy else attacker.copy()
        change(folder)
        attacker.submit(folder)

    return act


def _fits(sample: AnySample, tokenizer: "PreTrainedTokenizerBase", sequence_length: int) -> bool:
    """Whether anything can be learned of it: some questions are longer than these models read."""
    try:
        token_length(tokenizer, sample, sequence_length=sequence_length)
    except BadLine:
        return False
    return True

"""The ground a rehearsal stands on: its folder, keys, chain and hub, opened together and closed together."""

import errno
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finetune.chain.local import LocalChain
from finetune.chain.local.settings import LocalSettings
from finetune.chain.port import Signer
from finetune.errors import SetupError
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.rehearsal.cast import CREATOR, Cast

# Everything happens twenty times as fast as on the network: a round and an epoch last 20 blocks instead of 360.
SETTINGS = LocalSettings(tempo=20, weights_rate_limit=10, activity_cutoff=400, immunity_period=400)
OWNER = "owner"

_MARK = "rehearsal.json"
_NEEDED_BYTES = 1_000_000_000  # twice what a rehearsal against all attackers leaves behind


@dataclass(frozen=True, kw_only=True)
class World:
    """A running world: one chain, one hub, a folder for everything.

    `clock` holds the newest block's time, in Unix seconds, by which the hub dates what is uploaded.
    """

    out: Path
    seed: int
    base: str
    chain: LocalChain
    endpoint: str
    clock: list[float]

    def advance(self) -> int:
        """Make one block; returns its number."""
        block = self.chain.advance()
        self.clock[0] = self.chain.block_time(block)
        return block

    def hotkey(self, name: str) -> Signer:
        """The hotkey of a participant: a development key, the same in every rehearsal of this seed."""
        return _key(self.seed, name, "hot")

    def coldkey(self, name: str) -> str:
        """The address of a participant's coldkey."""
        return _key(self.seed, name, "cold").ss58_address

    def repository(self, miner: str) -> str:
        """Where a miner of this rehearsal keeps its submission."""
        return f"{miner}/{self.base}"

    def token(self, user: str) -> str:
        """A user's token for the hub."""
        return _token(self.seed, user)

    def hub(self, user: str | None = None) -> HubClient:
        """The hub as one of its users sees it, or as a stranger does."""
        return HubClient(self.endpoint, self.token(user) if user else None)


@contextmanager
def open_world(out: Path, seed: int, cast: Cast, *, port: int) -> Iterator[World]:
    """A fresh world in the folder; an earlier rehearsal's is cleared away first. Raises `SetupError`."""
    with _own_folder(out, seed):
        users = [OWNER, *([CREATOR] if cast.creator else []), *cast.everyone]
        tokens = {user: _token(seed, user) for user in users}
        owner = _key(seed, OWNER, "hot").ss58_address
        with LocalChain.create(out / "chain.sqlite", seed=str(seed), settings=SETTINGS, owner_hotkey=owner) as chain:
            clock = [chain.block_time(0)]
            with LocalHub(out / "hub", tokens, port=port, clock=lambda: clock[0]) as hub:
                yield World(out=out, seed=seed, base=cast.base, chain=chain, endpoint=hub.endpoint, clock=clock)


@contextmanager
def _own_folder(out: Path, seed: int) -> Iterator[None]:
    """The folder, empty and ours alone until the end."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        strangers = [one.name for one in out.iterdir()]
        if strangers and _MARK not in strangers:
            raise SetupError(f"{out} holds other files ({strangers[0]}); choose an empty folder with --out")
        with (out / _MARK).open("a+") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SetupError(f"another rehearsal is running in {out}; choose another folder with --out") from None
            for one in out.iterdir():
                if one.name != _MARK:
                    shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
            mark.truncate(0)
            mark.write(json.dumps({"seed": seed}))
            mark.flush()
            free = shutil.disk_usage(out).free
            if free < _NEEDED_BYTES:
                raise OSError(errno.ENOSPC, f"{free:,} bytes are free, {_NEEDED_BYTES:,} are needed")
            yield
    except OSError as error:
        raise SetupError(explain(error, out)) from error


def explain(error: OSError, out: Path) -> str:
    """One sentence about a folder that cannot be used, with what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk that holds {out} is full ({error.strerror}); make room or choose another folder with --out"
    return f"{error.filename or out} cannot be written: {error.strerror}; choose another folder with --out"


def _key(seed: int, name: str, kind: str) -> Signer:
    from bittensor.sp_core import Keypair

    key: Signer = Keypair.create_from_uri(f"//rehearsal//{seed}//{name}//{kind}")
    return key


def _token(seed: int, user: str) -> str:
    """A user's token for the local hub."""
    return "hf_" + hashlib.sha256(f"{seed} {user}".encode()).hexdigest()[:34]

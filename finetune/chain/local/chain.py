"""The local chain: one subnet of a chain in one SQLite file, which many processes may share.

It is for rehearsals and tests, and behaves as the public network does where the subnet can see it: blocks, epochs,
stakes, permits, hidden weights, Yuma Consensus, emission. It has no consensus among nodes, no fees and no balances, and
it verifies no signature: whoever can write the file is trusted, and a signer is only its address.

This file holds the calls and the blocks. The parts: `file` storage, `history` who stood at a block,
`registration`, `commitments`, `weighing`, `staking`, `epoch`, `emission`.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from finetune.chain.local import commitments, history, staking, weighing
from finetune.chain.local.epoch import run_epoch
from finetune.chain.local.file import LocalFile
from finetune.chain.local.history import NO_RESULT, Tenant
from finetune.chain.local.registration import register
from finetune.chain.local.settings import RAO_PER_ALPHA, LocalSettings
from finetune.chain.port import BLOCK_SECONDS, Chain, Commitment, Metagraph, Neuron, Signer
from finetune.errors import BlockNotFinal


class LocalChain(Chain):
    """A `Chain` in a file, with what its owner and a tester need besides: blocks by hand, stakes, and all weights.

    Every block up to the newest is final. A call made while the newest block is n is checked and written at once, as
    part of block n + 1: reads do not show it until that block comes, calls made after it already build on it, and
    nothing can stop it from landing. So `commit` returns n + 1, a block that is not final yet. Blocks come by
    `advance`, or by the clock where the settings give `block_seconds`; then whoever touches the chain first runs the
    epochs that have passed.

    Use one object in one thread; other threads and processes open the file themselves. All calls may raise
    `ChainUnavailable` (another process held the file for 30 seconds) and `SetupError` (the disk is full or broken).
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        """Open the chain in an existing file. `now` gives Unix time in seconds. Raises `SetupError`."""
        self._file = LocalFile(path)
        self._now = now
        with self._file.read() as db:
            row = db.execute("SELECT seed, settings, owner_hotkey, genesis_time FROM chain").fetchone()
        self._seed: bytes = row[0]
        self.settings = LocalSettings.from_json(row[1])
        self._owner_hotkey: str | None = row[2]
        self._genesis_time: float = row[3]

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        seed: bytes | str,
        settings: LocalSettings | None = None,
        owner_hotkey: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> "LocalChain":
        """Make a chain at block 0 in a new file, and open it.

        The seed decides all block hashes. The owner's hotkey, where there is one, is to be registered like any other;
        it is then never replaced. Raises `SetupError`, also when something is at the path already.
        """
        LocalFile.create(
            path,
            seed=seed.encode() if isinstance(seed, str) else seed,
            settings=(settings or LocalSettings()).to_json(),
            owner_hotkey=owner_hotkey,
            genesis_time=now(),
        )
        return cls(path, now=now)

    def close(self) -> None:
        """Close the file; closing again does nothing."""
        self._file.close()

    def __enter__(self) -> "LocalChain":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self) -> int:
        """The newest block; all blocks up to it are final."""
        with self._file.read() as db:
            newest = _newest(db)
            if self._due(newest) == newest:
                return newest
        with self._file.write() as db:
            return self._catch_up(db)

    def advance(self, blocks: int = 1) -> int:
        """Make blocks, run the epochs among them, and return the newest.

        Raises:
            ValueError: fewer than 1 block, or the blocks of this chain come by the clock.
        """
        if blocks < 1:
            raise ValueError(f"blocks is {blocks}; it must be 1 or more")
        if self.settings.block_seconds is not None:
            raise ValueError("the blocks of this chain come by the clock and cannot be made by hand")
        with self._file.write() as db:
            return self._extend(db, _newest(db) + blocks)

    def block_hash(self, block: int) -> bytes:
        """SHA-256 over the chain's seed and the block's number. Raises `BlockNotFinal`."""
        self._final(block)
        digest = hashlib.sha256()
        for part in (b"block of a local chain", self._seed, block.to_bytes(8, "big")):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def block_time(self, block: int) -> float:
        """When a block was made: blocks by hand count as if they had come one after the other in the usual time."""
        return self._genesis_time + self._final(block) * (self.settings.block_seconds or BLOCK_SECONDS)

    def metagraph(self, block: int | None = None) -> Metagraph:
        """The subnet at a block, the newest by default. Raises `BlockNotFinal`."""
        at = self._final(block)
        with self._file.read() as db:
            tenants = history.tenants(db, at)
            totals = staking.totals(staking.stakes(db, at))
            updates = weighing.last_updates(db, at)
            results = history.results(db, at)
            permits = history.permits(db, at, self.settings.max_validators)

        def neuron(tenant: Tenant) -> Neuron:
            result = results.get(tenant.registration, NO_RESULT)
            return Neuron(
                uid=tenant.uid,
                hotkey=tenant.hotkey,
                coldkey=tenant.coldkey,
                stake=totals.get(tenant.hotkey, 0) / RAO_PER_ALPHA,
                validator_permit=tenant.registration in permits,
                last_update=updates.get(tenant.registration, -1),
                block_at_registration=tenant.block,
                incentive=result.incentive,
                dividends=result.dividends,
                consensus=result.consensus,
                validator_trust=result.validator_trust,
            )

        return Metagraph(
            block=at,
            tempo=self.settings.tempo,
            activity_cutoff=self.settings.activity_cutoff,
            weights_rate_limit=self.settings.weights_rate_limit,
            owner_hotkey=self._owner_hotkey,
            neurons=tuple(neuron(tenant) for tenant in tenants),
        )

    def commitments(self, block: int) -> tuple[Commitment, ...]:
        """The standing commitment of every hotkey registered at the block, by uid. Raises `BlockNotFinal`."""
        at = self._final(block)
        with self._file.read() as db:
            return commitments.standing(db, at)

    def weights(self, block: int | None = None) -> dict[str, dict[str, float]]:
        """The revealed weights by validator and target hotkey, as shares of 1 for each validator.

        Weights that were set for a former tenant of a uid are left out. Raises `BlockNotFinal`.
        """
        at = self._final(block)
        with self._file.read() as db:
            hotkeys = {tenant.registration: tenant.hotkey for tenant in history.tenants(db, at)}
            rows = weighing.revealed(db, at)
        return {
            hotkeys[validator]: {hotkeys[target]: weight / sum(row.values()) for target, weight in row.items()}
            for validator, row in rows.items()
            if row
        }

    def stakes(self, block: int | None = None) -> dict[str, dict[str, float]]:
        """All stakes in alpha, by hotkey and by the coldkey that staked. Raises `BlockNotFinal`."""
        at = self._final(block)
        with self._file.read() as db:
            return {
                hotkey: {coldkey: amount / RAO_PER_ALPHA for coldkey, amount in by_coldkey.items()}
                for hotkey, by_coldkey in staking.stakes(db, at).items()
            }

    def earned(self, coldkey: str, block: int | None = None) -> float:
        """What the chain has paid the coldkey up to a block, in alpha, whatever for. Raises `BlockNotFinal`."""
        at = self._final(block)
        with self._file.read() as db:
            return staking.earned(db, at, coldkey) / RAO_PER_ALPHA

    def commit(self, hotkey: Signer, data: bytes) -> int:
        """Commit at most 128 bytes, replacing what stood; returns the block it lands in, the one after the newest.

        Raises `CommitmentTooLarge`, `NotRegistered`, and `RateLimited` beyond 3100 bytes an epoch, where a commitment
        counts as 100 at least.
        """
        with self._call() as (db, landing):
            commitments.commit(db, landing, self.settings.tempo, hotkey.ss58_address, data)
            return landing

    def set_weights(self, hotkey: Signer, weights: Mapping[str, float], *, version_key: int = 0) -> None:
        """Set this validator's weights by hotkey. They are shown and count from their reveal on.

        The version key is kept and not compared with any. Raises `NotRegistered` (the validator, or a target by name),
        `RateLimited`, `ValueError`, and `ChainError` without a validator permit or for too few hotkeys.
        """
        with self._call() as (db, landing):
            weighing.set_weights(db, landing, self.settings, hotkey.ss58_address, weights, version_key)

    def check_weights_shape(self, shares: Sequence[float]) -> str:
        """Why the subnet would refuse weights of such shares; nothing if it takes them."""
        return weighing.refusal_of(len(shares), self.settings)

    def register(self, hotkey: Signer, coldkey: str) -> int:
        """Register the hotkey under the coldkey's address and return its uid; a registered one keeps its uid.

        When all uids are held, the neuron with the lowest emission makes room. Raises `ChainError` where the hotkey
        belongs to another coldkey, or all neurons are immune.
        """
        with self._call() as (db, landing):
            return register(db, landing, self.settings, self._owner_hotkey, hotkey.ss58_address, coldkey)

    def add_stake(self, coldkey: str, hotkey: str, amount: float) -> None:
        """Stake alpha of the coldkey on a hotkey, its own or another's; it comes from nowhere, there are no balances.

        Raises `NotRegistered` for a hotkey that never had a uid, `ValueError` for an amount out of range.
        """
        with self._call() as (db, landing):
            staking.add(db, landing, coldkey, hotkey, amount)

    def remove_stake(self, coldkey: str, hotkey: str, amount: float) -> None:
        """Take alpha of the coldkey off a hotkey; it leaves the chain.

        Raises `ChainError` for more than is there, `ValueError` for an amount out of range.
        """
        with self._call() as (db, landing):
            staking.remove(db, landing, coldkey, hotkey, amount)

    @contextmanager
    def _call(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction, and the block that what is written in it lands in."""
        with self._file.write() as db:
            yield db, self._catch_up(db) + 1

    def _final(self, block: int | None) -> int:
        """The block to read at, by default the newest. Raises `BlockNotFinal`."""
        newest = self.block()
        if block is None:
            return newest
        if not 0 <= block <= newest:
            raise BlockNotFinal(f"block {block} is not final; the final blocks are 0 to {newest}")
        return block

    def _due(self, newest: int) -> int:
        """The block that the clock says is the newest. A clock set back takes no block away."""
        if self.settings.block_seconds is None:
            return newest
        return max(newest, int((self._now() - self._genesis_time) / self.settings.block_seconds))

    def _catch_up(self, db: sqlite3.Connection) -> int:
        newest = _newest(db)
        return self._extend(db, self._due(newest))

    def _extend(self, db: sqlite3.Connection, newest: int) -> int:
        """Run the epochs up to the new newest block. Only here does a block become final, alone among all processes."""
        tempo = self.settings.tempo
        for block in range((_newest(db) // tempo + 1) * tempo, newest + 1, tempo):
            run_epoch(db, block, self.settings, self._owner_hotkey)
        db.execute("UPDATE chain SET newest = ?", (newest,))
        return newest


def _newest(db: sqlite3.Connection) -> int:
    (newest,) = db.execute("SELECT newest FROM chain").fetchone()
    return int(newest)

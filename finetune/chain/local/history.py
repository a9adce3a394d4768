"""Who stood on a local chain at a block: the tenants of its uids, what the last epoch gave them, who may validate.

Every function takes the connection and a block, and sees the rows that count from that block or before. It changes
nothing and does not ask whether the block is final.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finetune.chain.local import staking
from finetune.errors import NotRegistered


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Who holds a uid: one registration. `block` is the block it landed in."""

    registration: int
    uid: int
    hotkey: str
    coldkey: str
    block: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the last epoch gave a tenant."""

    permit: bool
    incentive: float
    dividends: float
    consensus: float
    validator_trust: float


NO_RESULT = Result(permit=False, incentive=0.0, dividends=0.0, consensus=0.0, validator_trust=0.0)


def tenants(db: sqlite3.Connection, block: int) -> list[Tenant]:
    """The tenants of all uids, by uid: uids have no gaps, so a tenant's uid is its place in the list."""
    rows = db.execute(
        "SELECT id, uid, hotkey, coldkey, block FROM registrations"
        " WHERE id IN (SELECT MAX(id) FROM registrations WHERE block <= ? GROUP BY uid) ORDER BY uid",
        (block,),
    )
    return [Tenant(registration=r, uid=u, hotkey=h, coldkey=c, block=b) for r, u, h, c, b in rows]


def registrations_of(db: sqlite3.Connection, block: int, hotkeys: Sequence[str]) -> dict[str, int]:
    """The standing registration of each hotkey. Raises `NotRegistered`, with the name of one that has none."""
    standing = {tenant.hotkey: tenant.registration for tenant in tenants(db, block)}
    for hotkey in hotkeys:
        if hotkey not in standing:
            raise NotRegistered(f"{hotkey} has no uid on this subnet")
    return {hotkey: standing[hotkey] for hotkey in hotkeys}


def results(db: sqlite3.Connection, block: int) -> dict[int, Result]:
    """What the last epoch gave, by registration; empty before the first epoch that had a neuron."""
    rows = db.execute(
        "SELECT registration, permit, incentive, dividends, consensus, validator_trust FROM results"
        " WHERE block = (SELECT MAX(block) FROM results WHERE block <= ?)",
        (block,),
    )
    return {
        registration: Result(permit=bool(p), incentive=i, dividends=d, consensus=c, validator_trust=v)
        for registration, p, i, d, c, v in rows
    }


def permits(db: sqlite3.Connection, block: int, max_validators: int) -> set[int]:
    """The registrations with a validator permit, as the last epoch gave them.

    Before the first epoch they go to the highest stakes of the block itself, so that a new chain's validators need not
    wait for it.
    """
    given = results(db, block)
    if given:
        return {registration for registration, result in given.items() if result.permit}
    totals = staking.totals(staking.stakes(db, block))
    return highest_stakes(tenants(db, block), totals, max_validators)


def highest_stakes(tenants: Iterable[Tenant], totals: Mapping[str, int], max_validators: int) -> set[int]:
    """The registrations of the tenants with the highest stakes above 0; at equal stakes the older come first."""
    staked = [tenant for tenant in tenants if totals.get(tenant.hotkey, 0) > 0]
    staked.sort(key=lambda tenant: (-totals[tenant.hotkey], tenant.registration))
    return {tenant.registration for tenant in staked[:max_validators]}

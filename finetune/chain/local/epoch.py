"""One epoch of a local chain: from what stands at its block to results, bonds and payments.

It closes its block: it sees every call that landed in that block. The consensus itself is in `yuma`, the money in
`emission`.
"""

import json
import sqlite3
from collections.abc import Sequence

import numpy as np

from finetune.chain import yuma
from finetune.chain.local import history, staking, weighing
from finetune.chain.local.emission import payments
from finetune.chain.local.history import Tenant
from finetune.chain.local.settings import LocalSettings
from finetune.chain.yuma import Array


def run_epoch(db: sqlite3.Connection, block: int, settings: LocalSettings, owner_hotkey: str | None) -> None:
    """Run the epoch of a block, inside the caller's transaction.

    Validators count that have a permit from the epoch before and set weights within the activity cutoff. One that has
    never set weights is left out, where the public network counts it as active for one cutoff from its registration:
    on a small chain the stake that miners earn would otherwise outvote the validators. An epoch that ranks nobody pays
    only the owner.
    """
    tenants = history.tenants(db, block)
    if not tenants:
        return
    stakes = staking.stakes(db, block)
    totals = staking.totals(stakes)
    counted = _counted(db, block, settings)
    owner = next((tenant.uid for tenant in tenants if tenant.hotkey == owner_hotkey), None)
    result = yuma.epoch(
        _weights(db, block, tenants, counted),
        [totals.get(tenant.hotkey, 0) if tenant.registration in counted else 0 for tenant in tenants],
        _bonds(db, tenants),
        kappa=settings.kappa,
        bond_moving_average=settings.bond_moving_average,
        owner=owner,
    )
    permits = history.highest_stakes(tenants, totals, settings.max_validators)
    _record_results(db, block, tenants, permits, result)
    _record_bonds(db, tenants, permits, result.bonds)
    db.executemany(
        "INSERT INTO stake_moves (block, hotkey, coldkey, amount, cause) VALUES (?, ?, ?, ?, ?)",
        [
            (block, payment.hotkey, payment.coldkey, payment.amount, payment.cause)
            for payment in payments(
                tenants,
                result.incentive.tolist(),
                result.dividends.tolist(),
                stakes,
                blocks=settings.tempo,
                take=settings.take,
                owner_hotkey=owner_hotkey,
            )
        ],
    )


def _counted(db: sqlite3.Connection, block: int, settings: LocalSettings) -> set[int]:
    """The registrations whose weights and stake count: permitted by the epoch before, and active."""
    updates = weighing.last_updates(db, block)
    permits = history.permits(db, block, settings.max_validators)
    return {r for r in permits if r in updates and updates[r] + settings.activity_cutoff >= block}


def _weights(db: sqlite3.Connection, block: int, tenants: Sequence[Tenant], counted: set[int]) -> Array:
    """The revealed weights by uid, (n, n)."""
    uids = {tenant.registration: tenant.uid for tenant in tenants}
    matrix = np.zeros((len(tenants), len(tenants)))
    for validator, targets in weighing.revealed(db, block).items():
        if validator in counted:
            for target, weight in targets.items():
                matrix[uids[validator], uids[target]] = weight
    return matrix


def _bonds(db: sqlite3.Connection, tenants: Sequence[Tenant]) -> Array:
    """The bonds of the last epoch by uid, (n, n), those of and on former tenants left out."""
    uids = {tenant.registration: tenant.uid for tenant in tenants}
    matrix = np.zeros((len(tenants), len(tenants)))
    for validator, shares in db.execute("SELECT validator, shares FROM bonds"):
        if validator in uids:
            for miner, share in json.loads(shares).items():
                if int(miner) in uids:
                    matrix[uids[validator], uids[int(miner)]] = share
    return matrix


def _record_results(
    db: sqlite3.Connection, block: int, tenants: Sequence[Tenant], permits: set[int], result: yuma.EpochResult
) -> None:
    columns = (result.incentive, result.dividends, result.consensus, result.validator_trust)
    figures = zip(*(column.tolist() for column in columns), strict=True)
    db.executemany(
        "INSERT INTO results (block, registration, permit, incentive, dividends, consensus, validator_trust)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (block, tenant.registration, tenant.registration in permits, *row)
            for tenant, row in zip(tenants, figures, strict=True)
        ],
    )


def _record_bonds(db: sqlite3.Connection, tenants: Sequence[Tenant], permits: set[int], bonds: Array) -> None:
    """Keep the bonds of those that stay validators; who loses the permit loses its bonds, as on the chain."""
    db.execute("DELETE FROM bonds")
    for validator, row in zip(tenants, bonds.tolist(), strict=True):
        shares = {miner.registration: share for miner, share in zip(tenants, row, strict=True) if share > 0}
        if shares and validator.registration in permits:
            kept = (validator.registration, json.dumps(shares))
            db.execute("INSERT INTO bonds (validator, shares) VALUES (?, ?)", kept)

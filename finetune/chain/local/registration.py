"""Registration on a local chain: which uid a hotkey gets, and whose place it takes when all are held."""

import sqlite3

from finetune.chain.local import history
from finetune.chain.local.history import NO_RESULT
from finetune.chain.local.settings import LocalSettings
from finetune.errors import ChainError


def register(
    db: sqlite3.Connection, block: int, settings: LocalSettings, owner_hotkey: str | None, hotkey: str, coldkey: str
) -> int:
    """Register the hotkey from `block` on, inside the caller's transaction, and return its uid.

    A hotkey belongs for ever to the coldkey that first registered it; a coldkey may have many hotkeys.

    Raises:
        ChainError: the hotkey belongs to another coldkey, or all uids are held and none can be taken.
    """
    first = db.execute("SELECT coldkey FROM registrations WHERE hotkey = ? ORDER BY id LIMIT 1", (hotkey,)).fetchone()
    if first is not None and first[0] != coldkey:
        raise ChainError(f"the hotkey {hotkey} belongs to the coldkey {first[0]}; {coldkey} cannot register it")
    tenants = history.tenants(db, block)
    for tenant in tenants:
        if tenant.hotkey == hotkey:
            return tenant.uid
    uid = len(tenants)
    if uid >= settings.max_uids:
        uid = _replaceable(db, block, settings, owner_hotkey)
    db.execute(
        "INSERT INTO registrations (block, uid, hotkey, coldkey) VALUES (?, ?, ?, ?)", (block, uid, hotkey, coldkey)
    )
    return uid


def _replaceable(db: sqlite3.Connection, block: int, settings: LocalSettings, owner_hotkey: str | None) -> int:
    """The uid to take: lowest emission in the last epoch, then oldest registration; never the owner's, none immune.

    The rule is the chain's (`get_neuron_to_prune` in its `registration.rs`). Emission is incentive plus dividends, for
    by incentive alone every validator would go before the worst miner.
    """
    others = [tenant for tenant in history.tenants(db, block) if tenant.hotkey != owner_hotkey]
    free = [tenant for tenant in others if tenant.block + settings.immunity_period <= block]
    if not free:
        until = min((tenant.block for tenant in others), default=block) + settings.immunity_period
        reason = f"none can be taken before block {until}" if others else "none but the owner's is there to be taken"
        raise ChainError(f"all {settings.max_uids} uids are held and {reason}")
    results = history.results(db, block)

    def worth(tenant: history.Tenant) -> tuple[float, int]:
        result = results.get(tenant.registration, NO_RESULT)
        return result.incentive + result.dividends, tenant.registration

    return min(free, key=worth).uid

"""Stakes on a local chain: a ledger of moves in rao, and the sums of it that stood at a block.

There are no balances: what is staked comes from nowhere, and what is taken off is gone.
"""

import sqlite3

from finetune.chain.local.settings import RAO_PER_ALPHA
from finetune.errors import ChainError, NotRegistered

MAX_ALPHA = 21_000_000  # all the alpha that a subnet of the public network will ever have
Stakes = dict[str, dict[str, int]]  # rao by hotkey and by the coldkey that staked it


def stakes(db: sqlite3.Connection, block: int) -> Stakes:
    """All stakes above 0, those on hotkeys without a uid included."""
    found: Stakes = {}
    for hotkey, coldkey, amount in db.execute(
        "SELECT hotkey, coldkey, SUM(amount) AS total FROM stake_moves WHERE block <= ?"
        " GROUP BY hotkey, coldkey HAVING total > 0",
        (block,),
    ):
        found.setdefault(hotkey, {})[coldkey] = amount
    return found


def totals(stakes: Stakes) -> dict[str, int]:
    """The stake of each hotkey in rao, own and delegated."""
    return {hotkey: sum(by_coldkey.values()) for hotkey, by_coldkey in stakes.items()}


def earned(db: sqlite3.Connection, block: int, coldkey: str) -> int:
    """What the chain itself has paid the coldkey up to the block, in rao."""
    (amount,) = db.execute(
        "SELECT COALESCE(SUM(amount), 0) FROM stake_moves WHERE block <= ? AND coldkey = ? AND cause != 'stake'",
        (block, coldkey),
    ).fetchone()
    return int(amount)


def add(db: sqlite3.Connection, block: int, coldkey: str, hotkey: str, amount: float) -> None:
    """Stake alpha on a hotkey from `block` on, inside the caller's transaction.

    Raises `NotRegistered` for a hotkey that never had a uid, `ValueError` for an amount out of range.
    """
    rao = _rao(amount)
    if db.execute("SELECT 1 FROM registrations WHERE hotkey = ?", (hotkey,)).fetchone() is None:
        raise NotRegistered(f"{hotkey} was never registered, so nothing can be staked on it")
    _move(db, block, coldkey, hotkey, rao)


def remove(db: sqlite3.Connection, block: int, coldkey: str, hotkey: str, amount: float) -> None:
    """Take alpha off a hotkey from `block` on, inside the caller's transaction.

    Raises `ChainError` for more than is there, `ValueError` for an amount out of range.
    """
    rao = _rao(amount)
    there = stakes(db, block).get(hotkey, {}).get(coldkey, 0)
    if rao > there:
        raise ChainError(f"{coldkey} has {there / RAO_PER_ALPHA} alpha on {hotkey}, less than {amount}")
    _move(db, block, coldkey, hotkey, -rao)


def _rao(amount: float) -> int:
    if not 1 / RAO_PER_ALPHA <= amount <= MAX_ALPHA:
        raise ValueError(f"amount is {amount}; it must be a number of alpha from 0.000000001 to {MAX_ALPHA}")
    return round(amount * RAO_PER_ALPHA)


def _move(db: sqlite3.Connection, block: int, coldkey: str, hotkey: str, rao: int) -> None:
    row = (block, hotkey, coldkey, rao)
    db.execute("INSERT INTO stake_moves (block, hotkey, coldkey, amount, cause) VALUES (?, ?, ?, ?, 'stake')", row)

"""A report beside the chain: the hash of the sync block, and everything else that the round saw of the subnet."""

from collections.abc import Iterator
from dataclasses import fields

from competitions.schedule import Catalog
from finetune.auditing.check import Check, check, differs
from finetune.auditing.told import discovery_of
from finetune.board.record import Record
from finetune.chain.port import Chain
from finetune.errors import ChainError
from finetune.validating.discover import Discovery, discover

HASH = "the seed is the hash of the sync block"
VIEW = "commitments, uids and consensus are those of the sync block"


def on_chain(record: Record, chain: Chain | None) -> tuple[Check, Check]:
    """Ask the chain again, if there is one. A node that keeps no old state answers the first question only."""
    if chain is None:
        told = "name a chain with --subtensor.network"
        return Check(name=HASH, skipped=told), Check(name=VIEW, skipped=told)
    try:
        seed = chain.block_hash(record.sync).hex()
    except ChainError as error:
        return Check(name=HASH, skipped=str(error)), Check(name=VIEW, skipped=str(error))
    hashed = check(HASH, [differs("seed", record.seed, seed)])
    try:
        seen = discover(chain, Catalog(record.competitions), record.sync)
    except ChainError as error:
        return hashed, Check(name=VIEW, skipped=str(error))
    return hashed, check(VIEW, _faults(discovery_of(record), seen))


def _faults(told: Discovery, seen: Discovery) -> Iterator[str | None]:
    for one in fields(Discovery):
        if one.name != "seed":
            yield differs(one.name, getattr(told, one.name), getattr(seen, one.name))

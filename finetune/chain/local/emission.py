"""Emission on a local chain: who is paid what for one epoch. Pure arithmetic in whole rao."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from finetune.chain.local.history import Tenant
from finetune.chain.local.settings import RAO_PER_ALPHA
from finetune.chain.local.staking import Stakes

EMISSION_PER_BLOCK = RAO_PER_ALPHA  # 1 alpha, as on a new subnet of the public network
# The public network's split: 18% to the owner, the rest in halves. Source: run_coinbase.rs, explained at
# https://docs.learnbittensor.org/navigating-subtensor/emissions-coinbase
MINERS_PERCENT = 41
VALIDATORS_PERCENT = 41
OWNER_PERCENT = 18


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Rao added to what a coldkey has staked on a hotkey, and what for."""

    hotkey: str
    coldkey: str
    amount: int
    cause: str


def payments(
    tenants: Sequence[Tenant],
    incentive: Sequence[float],
    dividends: Sequence[float],
    stakes: Stakes,
    *,
    blocks: int,
    take: float,
    owner_hotkey: str | None,
) -> list[Payment]:
    """What an epoch of so many blocks pays; incentive and dividends are by uid, stakes in rao.

    A miner's part goes to its coldkey, staked on its hotkey. Of a validator's part its coldkey has the take, and all
    coldkeys with stake on the hotkey share the rest in proportion. The owner's share goes to the owner's coldkey. What
    is left is burnt: the incentive of the owner's hotkey, the share of an owner without a uid, fractions of a rao.

    Worked example: 360 blocks emit 360 alpha, the validators' part is 147.6. One with dividends 0.5 and a take of 18%
    gets 73.8: 13.284 as its take, and 60.516 shared; a delegator with a quarter of its stake earns 15.129.
    """
    emitted = blocks * EMISSION_PER_BLOCK
    paid: list[Payment] = []
    for tenant in tenants:
        if tenant.hotkey == owner_hotkey:
            paid.append(_to_tenant(tenant, emitted * OWNER_PERCENT // 100, "owner"))
        else:
            mined = int(emitted * MINERS_PERCENT // 100 * incentive[tenant.uid])
            paid.append(_to_tenant(tenant, mined, "incentive"))
        validated = int(emitted * VALIDATORS_PERCENT // 100 * dividends[tenant.uid])
        paid.extend(_shared(tenant, validated, stakes.get(tenant.hotkey, {}), take))
    return [payment for payment in paid if payment.amount > 0]


def _shared(tenant: Tenant, amount: int, staked: dict[str, int], take: float) -> Iterator[Payment]:
    total = sum(staked.values())
    # Bonds outlive the stake they were made with; where none is left, nobody is there to share with.
    taken = int(amount * take) if total else amount
    yield _to_tenant(tenant, taken, "take")
    for coldkey, stake in staked.items():
        share = (amount - taken) * stake // total
        yield Payment(hotkey=tenant.hotkey, coldkey=coldkey, amount=share, cause="dividends")


def _to_tenant(tenant: Tenant, amount: int, cause: str) -> Payment:
    return Payment(hotkey=tenant.hotkey, coldkey=tenant.coldkey, amount=amount, cause=cause)

"""The chain's figures: stakes, weights, incentive per epoch, dividends, and what every coldkey earned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finetune.board.figures import alpha, counted, share, whole
from finetune.board.names import Names
from finetune.chain.port import Metagraph, Neuron

SHOWN_COLUMNS = 24  # hotkeys in the table of weights
SHOWN_EPOCHS = 1_000  # epochs in the chart and its table
SHOWN_PARTS = 7  # hotkeys with a colour of their own in the chart


@dataclass(frozen=True, kw_only=True)
class WeightsRow:
    """One validator's weights as shares of 1, in the order of the columns; all zero where it has set none.

    `stake_share` is its part of all validators' stake, `last_update` the block of its weights, -1 for never.
    """

    hotkey: str
    name: str
    stake: float
    stake_share: float
    validator_trust: float
    dividends: float
    last_update: int
    weights: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class WeightsColumn:
    """A hotkey that somebody gives weight to, or that earned in the last epoch."""

    hotkey: str
    name: str
    incentive: float
    consensus: float


@dataclass(frozen=True, kw_only=True)
class WeightsTable:
    """Validators by stake, hotkeys by incentive; `left_out` counts hotkeys without a column of their own."""

    columns: tuple[WeightsColumn, ...]
    rows: tuple[WeightsRow, ...]
    left_out: int


@dataclass(frozen=True, kw_only=True)
class IncentiveHistory:
    """Shares of the incentive by epoch, for the `hotkeys` with most over all epochs, and one for all others.

    `names` has one more entry than `hotkeys` where there are others, as `rest` says.
    """

    names: tuple[str, ...]
    hotkeys: tuple[str, ...]
    rest: bool
    epochs: tuple[tuple[int, tuple[float, ...]], ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class Earning:
    """What a coldkey earned in alpha, in all; `roles` are what it does on the subnet."""

    coldkey: str
    name: str
    roles: str
    amount: float
    part: float


@dataclass(frozen=True, kw_only=True)
class Earnings:
    """What everybody earned, most first."""

    rows: tuple[Earning, ...]
    total: float
    summary: str


def weights_table(metagraph: Metagraph, weights: Mapping[str, Mapping[str, float]], names: Names) -> WeightsTable:
    """Weights by validator. A permit alone makes no row: whoever has a little stake has one."""
    validators = [one for one in metagraph.neurons if _validates(one) or weights.get(one.hotkey)]
    validators.sort(key=lambda one: (-one.stake, one.hotkey))
    given = {hotkey for row in weights.values() for hotkey, weight in row.items() if weight > 0}
    earning = {one.hotkey for one in metagraph.neurons if one.incentive > 0}
    everybody = sorted(given | earning, key=lambda one: (-_incentive(metagraph, one), one))
    shown = everybody[:SHOWN_COLUMNS]
    stakes = sum(one.stake for one in validators)
    return WeightsTable(
        columns=tuple(_column(metagraph, hotkey, names) for hotkey in shown),
        rows=tuple(_row(one, weights.get(one.hotkey, {}), shown, stakes, names) for one in validators),
        left_out=len(everybody) - len(shown),
    )


def _row(neuron: Neuron, weights: Mapping[str, float], shown: Sequence[str], stakes: float, names: Names) -> WeightsRow:
    total = sum(weights.values())
    return WeightsRow(
        hotkey=neuron.hotkey,
        name=names.of(neuron.hotkey),
        stake=neuron.stake,
        stake_share=neuron.stake / stakes if stakes else 0.0,
        validator_trust=neuron.validator_trust,
        dividends=neuron.dividends,
        last_update=neuron.last_update,
        weights=tuple(weights.get(hotkey, 0.0) / total if total else 0.0 for hotkey in shown),
    )


def _column(metagraph: Metagraph, hotkey: str, names: Names) -> WeightsColumn:
    neuron = metagraph.by_hotkey.get(hotkey)
    consensus = neuron.consensus if neuron else 0.0
    return WeightsColumn(
        hotkey=hotkey, name=names.of(hotkey), incentive=_incentive(metagraph, hotkey), consensus=consensus
    )


def _incentive(metagraph: Metagraph, hotkey: str) -> float:
    neuron = metagraph.by_hotkey.get(hotkey)
    return neuron.incentive if neuron else 0.0


def incentive_history(history: Sequence[tuple[int, Mapping[str, float]]], names: Names) -> IncentiveHistory:
    """The incentive of the last epochs, each epoch's shares made to sum to 1; epochs that paid nobody stay empty."""
    epochs = sorted(history, key=lambda one: one[0])[-SHOWN_EPOCHS:]
    totals: dict[str, float] = {}
    for _, shares in epochs:
        for hotkey, amount in shares.items():
            totals[hotkey] = totals.get(hotkey, 0.0) + amount
    earning = sorted((hotkey for hotkey in totals if totals[hotkey] > 0), key=lambda one: (-totals[one], one))
    shown = tuple(earning[:SHOWN_PARTS])
    called = tuple(names.of(hotkey) for hotkey in shown)
    others = len(earning) - len(shown)
    if others:
        called += (counted(others, "other"),)
    rows = tuple((block, _parts(shares, shown, bool(others))) for block, shares in epochs)
    return IncentiveHistory(
        names=called, hotkeys=shown, rest=bool(others), epochs=rows, summary=_incentive_summary(called, rows)
    )


def _parts(shares: Mapping[str, float], shown: Sequence[str], rest: bool) -> tuple[float, ...]:
    total = sum(shares.values())
    parts = [shares.get(hotkey, 0.0) / total if total > 0 else 0.0 for hotkey in shown]
    if rest:
        parts.append(max(1.0 - sum(parts), 0.0) if total > 0 else 0.0)
    return tuple(parts)


def _incentive_summary(names: Sequence[str], epochs: Sequence[tuple[int, Sequence[float]]]) -> str:
    if not epochs:
        return "No epoch has ended yet."
    block, parts = epochs[-1]
    earners = [f"{name} {share(part)}" for name, part in zip(names, parts, strict=True) if part > 0]
    last = ", ".join(earners) if earners else "nobody earned incentive"
    return f"{counted(len(epochs), 'epoch')}, the last at block {whole(block)}: {last}."


def earnings(metagraph: Metagraph, earned: Mapping[str, float], names: Names) -> Earnings:
    """What every coldkey earned, delegators among them."""
    total = sum(earned.values())
    roles = _roles(metagraph)
    rows = tuple(
        Earning(
            coldkey=coldkey,
            name=names.of(coldkey),
            roles=roles.get(coldkey, "delegator"),
            amount=amount,
            part=amount / total if total else 0.0,
        )
        for coldkey, amount in sorted(earned.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    summary = f"{alpha(total)} alpha in all, shared by {counted(len(rows), 'coldkey')}." if rows else "Nothing yet."
    return Earnings(rows=rows, total=total, summary=summary)


def _validates(neuron: Neuron) -> bool:
    return neuron.last_update >= 0 or neuron.dividends > 0


def _roles(metagraph: Metagraph) -> dict[str, str]:
    """What each coldkey with a hotkey does: owner, validator, miner."""
    found: dict[str, set[str]] = {}
    for one in metagraph.neurons:
        role = "validator" if _validates(one) else "miner"
        found.setdefault(one.coldkey, set()).add("owner" if one.hotkey == metagraph.owner_hotkey else role)
    return {coldkey: ", ".join(sorted(each)) for coldkey, each in found.items()}

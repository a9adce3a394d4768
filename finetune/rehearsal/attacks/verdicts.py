"""What became of every attack, as the validators, the chain and the hub decided it. It decides nothing itself."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.board.gates import GATES
from finetune.chain.port import Metagraph
from finetune.rehearsal.attacks.attack import Attack, ValidatorAttack

# The stage at which a rejection falls, by its reason; every other reason is a gate's, on files or their listing.
STAGES: Mapping[str, tuple[str, ...]] = {
    "discover": GATES["commitment"],
    "admit": GATES["age"],
    "download": GATES["repository"],
    "copy": GATES["weights of its own"],
    "opening": GATES["loading"],
    "scoring": GATES["scoring"],
}
_STAGE_OF = {reason: stage for stage, reasons in STAGES.items() for reason in reasons}
_GATE, _DUEL, _QUEUE, _HUB = "gate", "duel", "queue", "hub"
HONEST_WIN = "honest_win"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How an attack ended. `stopped_by` is a stage or a rule, "nobody" where it earned.

    `reason` is the rejection's reason code, or how the duel ended. `earned` is the part of all incentive over the whole
    rehearsal, `samples_spent` counts the samples in the reports of all honest validators: those of a
    model that failed while it was scored are not kept there. `submissions`
    counts the ends of all its submissions, and `refused` is what the hub itself said no to.
    """

    name: str
    says: str
    stopped_by: str
    reason: str
    earned: float
    samples_spent: int
    submissions: Mapping[str, int]
    refused: tuple[str, ...] = ()

    @property
    def failure(self) -> str:
        """Why this is not as it must be; empty where it is."""
        if self.earned > 0 and self.reason != HONEST_WIN:
            return f"the attack {self.name} earned {self.earned:.2%} of all incentive"
        return ""


@dataclass(frozen=True, kw_only=True)
class Dividends:
    """What a validator's stake has brought it since it joined, beside an honest one's: dividends per stake.

    Both are sums over epochs of shares of all dividends by shares of all stake; 1 is what everybody would get alike.
    """

    name: str
    says: str
    dividends_per_stake: float
    honest_dividends_per_stake: float


def verdict(
    attack: Attack,
    hotkeys: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    epochs: Sequence[Metagraph],
    refused: Iterable[str],
) -> Verdict:
    """Read an attack's end off the honest validators' records, in the order of their rounds.

    `hotkeys` are addresses by name, `epochs` the subnet after each epoch.
    """
    own = {hotkeys[name] for name in attack.hotkeys}
    ends: dict[str, tuple[str, str]] = {}
    spent = 0
    for record in records:
        for key in sorted(_keys(record)):
            if key.partition("@")[0] in own:
                spent += _spent(record, key)
                if (end := _end(record, key)) is not None:
                    ends[key] = end
    total = sum(one.incentive for epoch in epochs for one in epoch.neurons)
    earned = sum(one.incentive for epoch in epochs for one in epoch.neurons if one.hotkey in own) / (total or 1)
    # Of several the last one decides among equals.
    counts = Counter(reversed(list(ends.values())))
    stopped_by, reason = counts.most_common(1)[0][0] if counts else (_HUB, "never_committed")
    if earned:
        stopped_by = "nobody"
        reason = HONEST_WIN if attack.trains and _truly_better(records, own) else reason
    return Verdict(
        name=attack.name,
        says=attack.says,
        stopped_by=stopped_by,
        reason=reason,
        earned=earned,
        samples_spent=spent,
        submissions={f"{stage}: {why}": count for (stage, why), count in sorted(counts.items())},
        refused=tuple(refused),
    )


def dividends(rogue: ValidatorAttack, hotkey: str, honest: str, epochs: Sequence[Metagraph]) -> Dividends:
    """A validator's dividends per stake beside an honest one's, by their hotkeys, over the given epochs."""
    return Dividends(
        name=rogue.name,
        says=rogue.says,
        dividends_per_stake=_per_stake(hotkey, epochs),
        honest_dividends_per_stake=_per_stake(honest, epochs),
    )


def _per_stake(hotkey: str, epochs: Sequence[Metagraph]) -> float:
    """Shares of dividends by shares of stake, over the epochs that paid any."""
    earned = held = 0.0
    for epoch in epochs:
        paid = sum(one.dividends for one in epoch.neurons)
        staked = sum(one.stake for one in epoch.neurons)
        if paid:
            earned += epoch.by_hotkey[hotkey].dividends / paid
            held += epoch.by_hotkey[hotkey].stake / staked
    return earned / held if held else 0.0


def _keys(record: Mapping[str, Any]) -> set[str]:
    """Every submission that a record says something of."""
    return {*record["rejections"], *record["losses"], *record["queue"]}


def _spent(record: Mapping[str, Any], key: str) -> int:
    """The samples that a record has scored of a submission, up to its end or its rejection."""
    scored = record["losses"].get(key)
    return len(scored["samples"]) if scored else 0


def _truly_better(records: Sequence[Mapping[str, Any]], own: Collection[str]) -> bool:
    """Whether each of these hotkeys that took the seat was better than who held it by more than epsilon.

    That is seen from the losses alone, whatever the judge made of them: the means of all samples up to that round on
    which both were scored.
    """
    for number, record in enumerate(records, start=1):
        before, after = record["champion"]["before"], record["champion"]["after"]
        if after == before or after.partition("@")[0] not in own:
            continue
        ours, theirs = 0.0, 0.0
        for earlier in (one["losses"] for one in records[:number]):
            if before in earlier and after in earlier:
                pairs = list(zip(earlier[after]["samples"], earlier[before]["samples"], strict=False))
                ours += sum(one for one, _ in pairs)
                theirs += sum(other for _, other in pairs)
        if not ours < (1 - record["epsilon"]) * theirs:
            return False
    return True


def _end(record: Mapping[str, Any], key: str) -> tuple[str, str] | None:
    """What a round made of a submission: a stage and a reason, or nothing where an earlier round has decided."""
    rejection = record["rejections"].get(key)
    if rejection is not None:
        return _STAGE_OF.get(rejection["reason"], _GATE), rejection["reason"]
    scored = record["losses"].get(key)
    if scored is None:
        return (_QUEUE, "no_place") if key in record["queue"] else None
    if scored["stopped"]:
        return _DUEL, scored["stopped"]
    if record["champion"]["after"] == key:
        return "nobody", "seated"
    duel = record["duels"].get(key)
    if duel is None or duel["wins"] <= duel["losses"]:
        return _DUEL, "not_ahead"
    if duel["challenger_mean"] >= duel["champion_mean"]:
        return _DUEL, "worse_on_average"
    return _DUEL, "not_the_earliest" if record["dethroner"] else "too_little_evidence"

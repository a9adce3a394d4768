"""Why the page can be believed: who signed what, whether validators agree, the control figures, the recount."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from competitions.season import Entrant
from finetune.board.figures import bits, counted, listed, whole
from finetune.board.names import Names
from finetune.board.record import Account
from finetune.board.rounds import Round, outcome
from finetune.board.standings import recount


@dataclass(frozen=True, kw_only=True)
class Signer:
    """One validator's reports: how many with a signature that fits, its newest round, and its agreement.

    `alike` counts those of its reports that give the seat to whom the board says, of `told` that the board tells of.
    """

    hotkey: str
    name: str
    reports: int
    newest: int
    told: int
    alike: int


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One validator on one competition's newest round. `says` is empty where it sent no report of it.

    `difference` is the largest difference, in bits, between a mean loss of its own and the told one.
    """

    validator: str
    says: str
    agrees: bool
    difference: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """All validators on one competition's newest round, those who reported it first."""

    sync: int
    opinions: tuple[Opinion, ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class ControlRow:
    """What the reference scored on the control samples on one validator's machine, beside what is known."""

    validator: str
    sync: int
    losses: tuple[float, ...]
    largest: float


@dataclass(frozen=True, kw_only=True)
class Control:
    """The control figures of one competition's newest round."""

    known: tuple[float, ...]
    tolerance: float
    rows: tuple[ControlRow, ...]


@dataclass(frozen=True, kw_only=True)
class Recount:
    """The newest round's duels counted again from the raw losses in the reports."""

    duels: int
    differing: int


def signers(accounts: Iterable[Account], rounds: Iterable[Round], names: Names) -> tuple[Signer, ...]:
    """Everybody whose reports are used, most reports first."""
    counts: Counter[str] = Counter()
    told: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    for one in rounds:
        for account in one.accounts:
            told[account.validator] += 1
            alike[account.validator] += outcome(account.record) == outcome(one.record)
    newest: dict[str, int] = {}
    for account in accounts:
        counts[account.validator] += 1
        newest[account.validator] = max(newest.get(account.validator, -1), account.record.sync)
    return tuple(
        Signer(
            hotkey=hotkey,
            name=names.of(hotkey),
            reports=count,
            newest=newest[hotkey],
            told=told[hotkey],
            alike=alike[hotkey],
        )
        for hotkey, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def agreement(rounds: Sequence[Round], validators: Iterable[str], names: Names) -> Agreement | None:
    """Do all validators tell the newest round of one competition alike? None before the first round."""
    if not rounds:
        return None
    newest = rounds[-1]
    own = {account.validator: account for account in newest.accounts}
    opinions = [_opinion(account, newest.told, names) for account in newest.accounts]
    silent = [one for one in validators if one not in own]
    opinions += [Opinion(validator=names.of(one), says="", agrees=False, difference=0.0) for one in silent]
    agreeing = sum(one.agrees for one in opinions)
    reporting = len(own)
    summary = (
        f"{agreeing} of {counted(reporting, 'validator')} that reported round {whole(newest.sync)} "
        f"{'agrees' if agreeing == 1 else 'agree'}"
    )
    summary += f"; {counted(len(silent), 'validator has', 'validators have')} not reported it." if silent else "."
    return Agreement(sync=newest.sync, opinions=tuple(opinions), summary=summary)


def _opinion(account: Account, told: Account, names: Names) -> Opinion:
    ours, theirs = account.record, told.record
    champion = names.entrant(ours.champion.after)
    difference = _largest_difference(account, told)
    faults = [
        words
        for words, differs in (
            ("another competition", ours.competition.id != theirs.competition.id),
            (f"seats {champion}", outcome(ours)[1] != outcome(theirs)[1]),
            ("another catalog", ours.catalog != theirs.catalog),
            ("another seed", ours.seed != theirs.seed),
            ("other samples", ours.samples != theirs.samples),
            ("other weights", ours.weights != theirs.weights),
            (f"losses off by {bits(difference)}", difference > theirs.competition.reference.control_tolerance),
        )
        if differs
    ]
    return Opinion(
        validator=names.of(account.validator),
        says=listed(faults) if faults else f"seats {champion}",
        agrees=not faults,
        difference=difference,
    )


def _largest_difference(account: Account, told: Account) -> float:
    """Between the mean losses of the entrants that both scored, over the samples both have."""
    found = [0.0]
    for key, scored in account.losses.items():
        theirs = told.losses.get(key)
        shared = min(scored.samples.size, theirs.samples.size) if theirs else 0
        if theirs and shared:
            found.append(abs(float((scored.samples[:shared] - theirs.samples[:shared]).mean())))
    return max(found)


def control(rounds: Sequence[Round], names: Names) -> Control | None:
    """The newest round's control figures; None before the first round."""
    if not rounds:
        return None
    reference = rounds[-1].competition.reference
    rows = []
    for account in rounds[-1].accounts:
        losses = account.record.control
        pairs = zip(losses, account.record.competition.reference.control_losses, strict=False)
        largest = max((abs(ours - known) for ours, known in pairs), default=0.0)
        name = names.of(account.validator)
        rows.append(ControlRow(validator=name, sync=account.record.sync, losses=losses, largest=largest))
    return Control(known=reference.control_losses, tolerance=reference.control_tolerance, rows=tuple(rows))


def recounted(rounds: Sequence[Round]) -> Recount | None:
    """Count the newest round's duels again, against the champion it was judged under; None before the first round."""
    if not rounds:
        return None
    record = rounds[-1].record
    own = record.seats.before[str(record.competition.id)].champion
    found = recount(Entrant(block=own.block, key=record.champion.before), rounds)
    differing = sum(
        key not in found or (found[key].wins, found[key].losses) != (duel.wins, duel.losses)
        for key, duel in record.duels.items()
    )
    return Recount(duels=len(record.duels), differing=differing)

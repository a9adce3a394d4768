"""An inquiry: what reports, and the chain where there is one, tell of one hotkey or uid, in plain sentences.

What the board says on a submission's page is said here in the same words.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from competitions.rejection import Rejection
from competitions.submission import parse_payload
from finetune.board.build import subnet, view_of
from finetune.board.entrant_view import EntrantView
from finetune.board.explanation import FOR_GOOD
from finetune.board.figures import listed, whole
from finetune.board.folders import ReportFolders
from finetune.board.gates import GateResult, gate_results, gates_words
from finetune.board.outlook import next_round
from finetune.board.prospects import catalog_of
from finetune.board.record import Account, Record
from finetune.board.rejections import RejectionRow
from finetune.board.sifting import sift
from finetune.board.standings import sentence_of
from finetune.board.view import View
from finetune.chain.port import Chain, Commitment
from finetune.errors import SetupError

_UNREADABLE = "No round can read it; only another commitment makes a submission."
_READ_AGAIN = "It is looked at again in every round."


@dataclass(frozen=True, kw_only=True)
class Found:
    """One commitment: what is said of it. `entrant` is its page's view, None for one that is no submission."""

    key: str
    competition: int | None
    status: str
    sentences: tuple[str, ...]
    gates: tuple[GateResult, ...]
    entrant: EntrantView | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What there is to say of one hotkey. `notes` are about the hotkey itself, such as that it has no commitment."""

    hotkey: str
    uid: int | None
    newest: int
    found: tuple[Found, ...]
    notes: tuple[str, ...] = field(default=())


def inquire(folders: ReportFolders, chain: Chain | None, who: str, *, competition: int | None = None) -> Answer:
    """Answer for a uid or a hotkey, about one competition or all; the folders have been read.

    Raises `SetupError` where no report can be used, or nobody knows them, and `ChainUnavailable`.
    """
    metagraph = subnet(folders, chain)
    view = view_of(folders, metagraph, from_chain=chain is not None)
    told = sorted(sift(folders.readings, metagraph)[0], key=lambda one: one.record.sync)
    if not told:
        why = "; ".join(f"{one.claims}: {one.why}" for one in view.left_out[:3])
        raise SetupError(f"no report can be used ({why})" if why else "there is no report (*.json) in these folders")
    settled = max((one.rounds[0].sync for one in view.competitions if one.rounds), default=told[-1].record.sync)
    told = [one for one in told if one.record.sync <= settled]  # the rounds that the board tells
    newest = told[-1]
    hotkey = _hotkey(view, told, who)
    uid = next((one.uid for one in view.people if one.hotkey == hotkey), None)
    submissions = [
        Found(
            key=one.standing.key,
            competition=one.competition,
            status=one.standing.status,
            sentences=one.sentences,
            gates=one.gates,
            entrant=one,
        )
        for each in view.competitions
        for one in each.entrants
        if one.hotkey == hotkey and competition in (None, one.competition)
    ]
    shown = {one.key for one in submissions}
    others = [
        _no_submission(one) for one in view.rejections if one.key not in shown and one.key.startswith(f"{hotkey}@")
    ]
    found = (
        *submissions,
        *(one for one in others if competition in (None, one.competition) or one.competition is None),
    )
    commitment = _standing(chain, hotkey)
    return Answer(
        hotkey=hotkey,
        uid=uid,
        newest=newest.record.sync,
        found=found,
        notes=tuple(_notes(hotkey, uid, told, found, competition, commitment)),
    )


def _hotkey(view: View, told: Iterable[Account], who: str) -> str:
    """The hotkey that is meant. Raises `SetupError` for one that neither chain nor reports know."""
    who = who.strip()
    if who.isascii() and who.isdecimal():
        for one in view.people:
            if str(one.uid) == who.lstrip("0") or (one.uid == 0 and not who.lstrip("0")):
                return one.hotkey
        raise SetupError(f"uid {who:.20} is not registered; the newest report or chain has {len(view.people)} uids")
    known = {one.hotkey for one in view.people}
    for account in told:
        known |= account.record.uids.keys() | {one.hotkey for one in account.record.submissions}
    if who not in known:
        raise SetupError(f"{who!r:.80} is no hotkey that these reports know, nor a uid; give a uid or a whole address")
    return who


def _standing(chain: Chain | None, hotkey: str) -> Commitment | None:
    """What the hotkey has on chain now, where there is a chain to ask."""
    if chain is None:
        return None
    return next((one for one in chain.commitments(chain.block()) if one.hotkey == hotkey), None)


def _no_submission(row: RejectionRow) -> Found:
    """A commitment that never became a submission, or whose competition is not shown."""
    rejection = Rejection(
        reason=row.reason.replace(" ", "_"),
        text=row.text,
        fault=row.fault,
        retry=row.retry,
    )
    gates = gate_results(rejection, seen=False)
    what = f"to competition {row.competition}" if row.competition else "a text that is no submission here"
    ending = _READ_AGAIN if row.retry else FOR_GOOD if row.competition else _UNREADABLE
    return Found(
        key=row.key,
        competition=int(row.competition) if row.competition else None,
        status="waiting" if row.retry else "out",
        sentences=(
            f"{row.name} committed {what} at block {row.block}.",
            sentence_of(row.text),
            gates_words(gates),
            ending,
        ),
        gates=gates,
    )


def _notes(
    hotkey: str,
    uid: int | None,
    told: list[Account],
    found: tuple[Found, ...],
    competition: int | None,
    commitment: Commitment | None,
) -> list[str]:
    """What is to be said of the hotkey itself."""
    newest = told[-1].record
    block = whole(newest.sync)
    notes = []
    if uid is None:
        notes.append(
            f"It has no uid now: it left the subnet, or another took its place. The newest report is of {block}."
        )
    shown = {one.key for one in found}
    earlier = {
        one.key: one.block
        for each in told
        for one in each.record.submissions
        if one.hotkey == hotkey and one.key not in shown and competition in (None, one.payload.competition)
    }
    standing = {one.key for one in newest.submissions}
    gone = sorted(block for key, block in earlier.items() if key not in standing)
    if gone:
        ending = ": committing again, or leaving, ends a submission" if uid is not None else ""
        notes.append(f"What it committed at block {listed([whole(one) for one in gone])} stands no more{ending}.")
    if uid is not None and not found and commitment is None:
        where = f" to competition {competition}" if competition is not None else ""
        notes.append(
            f"It is registered as uid {uid} and had no commitment{where} at block {block}, the newest report's."
        )
    if commitment is not None and f"{hotkey}@{commitment.block}" not in shown | standing | newest.rejections.keys():
        notes.append(_newer(newest, commitment))
        if found:
            notes.append("It takes the place of what is told above.")
    return notes


def _newer(record: Record, commitment: Commitment) -> str:
    """A commitment on chain that no report has seen yet; `record` is the newest."""
    at = f"On chain it has committed at block {whole(commitment.block)}"
    if commitment.block <= record.sync:
        return f"{at}, which the newest report, of block {whole(record.sync)}, does not tell."
    at += f", after the newest report, of block {whole(record.sync)}"
    payload = parse_payload(commitment.data)
    if isinstance(payload, Rejection):
        return f"{at}: {payload.text}."
    catalog = catalog_of(record)
    rules = next((one for one in record.competitions if one.id == payload.competition), None)
    if catalog is None or rules is None:
        return f"{at}: it names competition {payload.competition}, which the newest report does not know."
    entry = commitment.block + rules.round.eval_delay
    first = next_round(catalog, rules.id, max(entry, record.sync + 1) - 1)
    if first is None:
        return f"{at}: its competition ends before it may enter a round, from block {whole(entry)} on."
    return (
        f"{at}: it may enter from block {whole(entry)} on, so the first round that may score it is at {whole(first)}."
    )

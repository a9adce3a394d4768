"""Who takes no part, and why: the rejections of every competition's newest round."""

from collections.abc import Sequence
from dataclasses import dataclass

from competitions.rejection import Fault
from finetune.board.names import Names
from finetune.board.rounds import Round


@dataclass(frozen=True, kw_only=True)
class RejectionRow:
    """A submission that takes no part, and why. `competition` is empty where the commitment cannot be read."""

    key: str
    name: str
    block: str
    competition: str
    reason: str
    text: str
    fault: Fault
    retry: bool


def rejection_rows(rounds: Sequence[Round], names: Names) -> tuple[RejectionRow, ...]:
    """Who is out as of the newest round of every competition, by commit block; who came back or left is not."""
    newest = {one.competition.id: one for one in rounds}
    found = {}
    for one in sorted(newest.values(), key=lambda one: one.sync):
        named = {each.key: str(each.payload.competition) for each in one.record.submissions}
        last = one == rounds[-1]
        for key, rejection in one.record.rejections.items():
            if key in named or last:
                found[key] = (named.get(key, ""), rejection)
    rows = []
    for key, (competition, rejection) in found.items():
        hotkey, _, block = key.rpartition("@")
        row = RejectionRow(
            key=key,
            name=names.of(hotkey),
            block=block[:12],
            competition=competition,
            reason=rejection.reason[:60].replace("_", " "),
            text=names.spoken(rejection.text)[:300],
            fault=rejection.fault,
            retry=rejection.retry,
        )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: (row.competition, len(row.block), row.block, row.name)))

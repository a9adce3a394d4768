"""A small subnet under attack, as reports tell it: names with markup, marks that turn text round, and no end."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from competitions.competition import Task
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.submission import Payload, Submission
from finetune.board.view import View
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey, names_of, view_of

SCRIPT, IMAGE = "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"
TURNED = "\u202egnihton rof\u2066\u200f nrae I\u0000"
NAMES = {
    "ada": SCRIPT,
    "bo": TURNED,
    "chen": "W" * 400,
    "dan": "javascript:alert(3)//",
    "eve": "\"'><svg onload=alert(4)>",
    "gus": IMAGE,
    "north": IMAGE,
    "owner": SCRIPT,
}
BLOCK = 615


class LongNamed(Miner):
    """Its repository takes all 38 characters that a commitment leaves for a name, without a place to break."""

    @property
    def submission(self) -> Submission:
        found = super().submission
        payload = Payload(
            repository=f"W/{'m' * 37}",
            revision=found.payload.revision,
            secure_hash=found.payload.secure_hash,
            competition=found.payload.competition,
        )
        return replace(found, payload=payload)


def hostile_view(folder: Path) -> tuple[View, Mapping[tuple[str, int], Path]]:
    """Thirty rounds of two competitions, and the reports as files in the folder, by validator and round."""
    twin = Rejection(reason="same_weights", text=f"the same weights as {IMAGE} {TURNED}")
    endless = Rejection(reason=SCRIPT, text="x" * 4_000, fault="network", retry=True)
    miners = [
        Miner(name="ada", loss=2.0),
        Miner(name="bo", loss=1.5, block=70),
        LongNamed(name="chen", loss=1.52, block=200),
        Miner(name="dan", loss=1.5, block=90, rejection=twin),
        Miner(name="eve", loss=1.4, block=95, rejection=endless),
        *(Miner(name=f"miner {number}", loss=2.2 + number / 100, block=2) for number in range(30)),
        Miner(name="gus", loss=1.8, competition=2, left=330),
        Miner(name="hal", loss=2.1, block=2, competition=2),
    ]
    tasks = (
        Task(name="WORD_SORTING", method="reference", stream="word_sorting", weight=0.6),
        Task(name="DYCK_LANGUAGE", method="reference", stream="dyck_language", weight=0.4),
    )
    first = replace(competition(1, title=f"Sorting {SCRIPT}{IMAGE}", reward=0.7), tasks=tasks)
    catalog = Catalog((first, competition(2, title="English text", reward=0.3)))
    malformed = {f"{hotkey('mal')}@55": Rejection(reason="malformed_commitment", text=SCRIPT + TURNED)}
    play = Play(catalog, miners, malformed=malformed)
    reports = play.reports(30)
    folder.mkdir(parents=True)
    files = {}
    for one in reports:
        key = str(one["hotkey"]), int(one["record"]["sync"])
        files[key] = folder / f"{key[1]:09d}-{key[0]}.json"
        files[key].write_text(json.dumps(one))
    labels = names_of(play, ["delegator"]) | {hotkey(name): label for name, label in NAMES.items()}
    junk = {"hotkey": SCRIPT, "signature": TURNED, "record": {"sync": SCRIPT}}
    return view_of(play, [*reports, junk], block=BLOCK, names=labels), files

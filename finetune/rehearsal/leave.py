"""What a rehearsal leaves behind for people and programs: `result.json` and `board.html`."""

import json
from pathlib import Path

from competitions.schedule import load_catalog
from finetune.board.page import render
from finetune.board.view import make_view
from finetune.files import write_atomically
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.result import Result


def leave(rehearsal: Rehearsal, result: Result) -> Path:
    """Write both files; returns the board's path. Raises `SetupError`."""
    out, chain = rehearsal.world.out, rehearsal.world.chain
    write_atomically(out / "result.json", json.dumps(result.as_table(), indent=2, sort_keys=True).encode())
    view = make_view(
        reports=[json.loads(path.read_text("utf-8")) for path in sorted((out / "reports").rglob("*.json"))],
        catalog=load_catalog(out / "catalog"),
        metagraph=chain.metagraph(),
        weights=chain.weights(),
        earned=result.earned,
        names=result.names,
        incentive_history=[
            (epoch.block, {one.hotkey: one.incentive for one in epoch.neurons}) for epoch in rehearsal.epochs
        ],
    )
    board = out / "board.html"
    write_atomically(board, render(view).encode())
    return board

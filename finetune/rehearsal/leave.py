"""What a rehearsal leaves behind for people and programs: the site of its board, and `result.json`."""

import json
from pathlib import Path

from competitions.schedule import load_catalog
from finetune.board.folders import ReportFolders
from finetune.board.site import write_site
from finetune.board.view import make_view
from finetune.files import write_atomically
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.result import Result


def leave(rehearsal: Rehearsal, result: Result) -> Path:
    """Write both; returns the first page of the board. Raises `SetupError`."""
    out, chain = rehearsal.world.out, rehearsal.world.chain
    write_atomically(out / "result.json", json.dumps(result.as_table(), indent=2, sort_keys=True).encode())
    metagraph, catalog, folders = chain.metagraph(), load_catalog(out / "catalog"), ReportFolders([out])
    folders.read()
    view = make_view(
        readings=folders.readings,
        competitions=catalog.at(metagraph.block),
        fingerprint=catalog.fingerprint,
        metagraph=metagraph,
        weights=chain.weights(),
        earned=result.earned,
        names=result.names,
        incentive_history=[
            (epoch.block, {one.hotkey: one.incentive for one in epoch.neurons}) for epoch in rehearsal.epochs
        ],
    )
    # The hub of a rehearsal is gone when it ends: there is nothing to link to.
    return write_site(out / "site", view, reports=folders.files, hub="")

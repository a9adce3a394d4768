"""The validators' gates on a folder before it is published: a miner hears at home what would be rejected.

It runs the gates that need no loading. What only loading shows (tokenizer, causality, memory) is left to the round.
"""

from pathlib import Path

from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.submission import Payload
from finetune.hub.digest import folder_digest
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.port import HubFile, Listing


def check_submission(folder: Path, draft: Payload, hotkey: str, competition: Competition) -> Rejection | None:
    """Why validators would turn the folder away if the draft were committed for it by this hotkey, or nothing."""
    files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in sorted(folder.iterdir()))
    listing = Listing(repository=draft.repository, revision=draft.revision, private=False, files=files)
    return check_listing(listing, competition.constraints) or check_folder(
        folder,
        digest=folder_digest(folder),
        committed=draft.secure_hash,
        hotkey=hotkey,
        constraints=competition.constraints,
    )

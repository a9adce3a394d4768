"""What others have committed, beside a folder that is to be published: copies, and the nearest of them. It asks nobody.

Nobody downloads all models for that. Whoever committed these very files is found by the hash on chain, since a hash is
bound to its hotkey and can be made again; weights alone are compared with the models that are at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from competitions.competition import Competition
from competitions.copies import same_weights
from competitions.lineage import Lineage, lineage
from competitions.rejection import Rejection
from competitions.season import Entrant
from competitions.submission import Submission
from finetune.hub.digest import folder_digest, secure_hash, tensor_digest
from finetune.hub.gates import find_base
from finetune.hub.sketch import Sketch, compare, sketch


@dataclass(frozen=True, kw_only=True)
class Others:
    """Everybody else's submissions to a competition, and the folders of those at hand, by entrant.

    `block` is the newest block: what is committed now stands after all of them.
    """

    submissions: tuple[Submission, ...]
    folders: Mapping[Entrant, Path]
    block: int


def check_own(folder: Path, others: Others) -> Rejection | None:
    """Whether the weights are nobody else's. Expects sound weight files."""
    digest, tensors = folder_digest(folder), tensor_digest(folder)
    ours = Entrant(block=others.block + 1, key=str(folder))
    digests = {ours.key: tensors} | {one.key: tensor_digest(path) for one, path in others.folders.items()}
    entrants = {one.key: one for one in (ours, *others.folders)}
    for one in others.submissions:
        if one.payload.secure_hash == secure_hash(digest, one.hotkey):
            digests[one.key] = tensors
            entrants[one.key] = Entrant(block=one.block, key=one.key)
    return same_weights(digests, entrants).get(ours.key)


def nearest(folder: Path, others: Others, competition: Competition) -> Lineage | None:
    """Which of the models at hand the weights are nearest to. Expects folders that passed the gates on files."""
    ours = _sketch(folder, competition)
    likenesses = {one: compare(ours, _sketch(path, competition)) for one, path in others.folders.items()}
    return lineage({one: like for one, like in likenesses.items() if like is not None})


def _sketch(folder: Path, competition: Competition) -> Sketch:
    base = find_base(folder, competition.constraints)
    return sketch(folder, base=None if base is None or isinstance(base, Rejection) else base.digest)

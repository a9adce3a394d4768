"""What a validator alone needs before its first round: a catalog that can be played, a permit, weights that are taken.

Like the checks in `finetune/startup.py`, these change nothing, and give a sentence for every fault.
"""

from pathlib import Path

from competitions.competition import Competition
from competitions.files import CatalogError
from competitions.schedule import Catalog, load_catalog
from finetune.chain.port import Chain, Signer
from finetune.errors import SetupError
from finetune.hub.architectures import ARCHITECTURES
from finetune.startup import check_registration
from finetune.streams.registry import check_stream

# At first, and whenever one hotkey leads everywhere or every share is burnt, all weight lies on one hotkey.
NARROWEST = (1.0,)


def check_catalog(folder: Path, block: int) -> tuple[Catalog | None, list[str]]:
    """The catalog in a folder, and what keeps its competitions from being played from `block` on."""
    try:
        catalog = load_catalog(folder)
    except CatalogError as error:
        return None, [str(error)]
    faults = []
    for one in catalog.competitions:
        if one.last_block is not None and one.last_block < block:
            continue
        if not one.pinned:
            faults.append(f"competition {one.id} is not pinned; run scripts/pin_competition.py on its file")
        faults += check_competition(one)
    return catalog, faults


def check_competition(competition: Competition) -> list[str]:
    """What in a competition is not known here: architectures that cannot be loaded, streams that do not open."""
    known = ", ".join(sorted(ARCHITECTURES))
    faults = [
        f"competition {competition.id}: {name} cannot be loaded; there are {known}"
        for name in competition.constraints.architectures
        if name not in ARCHITECTURES
    ]
    for task in competition.tasks:
        try:
            check_stream(task.stream, task.options)
        except SetupError as error:
            faults.append(f"competition {competition.id}, task {task.name}: {error}")
    return faults


def check_permit(chain: Chain, hotkey: Signer) -> list[str]:
    """Whether the hotkey has a uid and may set weights. Raises `ChainError`."""
    neuron = chain.metagraph().by_hotkey.get(hotkey.ss58_address)
    if neuron is None:
        return check_registration(chain, hotkey)
    if not neuron.validator_permit:
        return [f"hotkey {hotkey.ss58_address} (uid {neuron.uid}) has no validator permit yet; it needs more stake"]
    return []


def check_weights_shape(chain: Chain) -> list[str]:
    """Whether the subnet takes weights of any shape that ours may have. Raises `ChainError`."""
    return [refusal] if (refusal := chain.check_weights_shape(NARROWEST)) else []

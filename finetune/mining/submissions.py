"""What a miner asks of the chain and the hub about submissions: who leads, who earns, and their files."""

from dataclasses import replace
from pathlib import Path

from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.submission import Payload, Submission
from finetune.chain.port import Chain
from finetune.errors import SetupError
from finetune.evals.port import Folders
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.pinned import fetch_pinned
from finetune.hub.port import Hub
from finetune.mining.check import base_of
from finetune.mining.others import Others
from finetune.mining.preflight import Rival
from finetune.mining.publish import Published, standing


def leading(chain: Chain, competition: Competition) -> str | None:
    """The hotkey that validators favour most among a competition's submissions, if any. Raises `ChainError`."""
    entered = {key for key, one in standing(chain).items() if one.payload.competition == competition.id}
    neurons = [one for one in chain.metagraph().neurons if one.hotkey in entered and one.consensus > 0]
    return max(neurons, key=lambda one: (one.consensus, -one.uid)).hotkey if neurons else None


def of_uid(chain: Chain, uid: int) -> str:
    """The hotkey at a uid. Raises `SetupError` where there is none, and `ChainError`."""
    for neuron in chain.metagraph().neurons:
        if neuron.uid == uid:
            return neuron.hotkey
    raise SetupError(f"the subnet has no uid {uid}")


def earns(chain: Chain, hotkey: str) -> bool:
    """Whether a submission of this hotkey earns now, which another commitment would give up. Raises `ChainError`."""
    neuron = chain.metagraph().by_hotkey.get(hotkey)
    return neuron is not None and neuron.incentive > 0 and hotkey in standing(chain)


def stands(chain: Chain, hotkey: str, draft: Payload) -> bool:
    """Whether this hotkey has committed what is drafted, at whatever revision. Raises `ChainError`."""
    found = standing(chain).get(hotkey)
    return found is not None and found.payload == replace(draft, revision=found.payload.revision)


def fetch(hotkey: str, competition: Competition, chain: Chain, hub: Hub, cache: ModelCache) -> CachedModel:
    """The files that a hotkey submitted, through the validators' gates.

    Raises `SetupError` where it has none to this competition or a gate rejects them, `ChainError`, `HubError`.
    """
    found: Published | None = standing(chain).get(hotkey)
    if found is None or found.payload.competition != competition.id:
        raise SetupError(f"hotkey {hotkey} has no submission to competition {competition.id} on chain")
    listing = hub.listing(found.payload.repository, found.payload.revision)
    rejection = check_listing(listing, competition.constraints)
    if rejection is None:
        model = cache.fetch(hub, listing, keep=())
        rejection = check_folder(
            model.folder,
            digest=model.digest,
            committed=found.payload.secure_hash,
            hotkey=hotkey,
            constraints=competition.constraints,
        )
        if rejection is None:
            return model
    raise SetupError(f"{found.payload.repository} would be rejected: {rejection.text}")


def with_base(model: Path, competition: Competition, hub: Hub, cache: ModelCache) -> Folders:
    """A sound folder with the pinned models that it is scored with: its base, and the reference's tokenizer.

    Raises `HubError`, and `SetupError` for a base that is none of the competition's.
    """
    base = base_of(model, competition)
    fixed = competition.constraints.tokenizer == "reference"
    return Folders(
        model=model,
        base=fetch_pinned(base, hub, cache).folder if base else None,
        tokenizer=fetch_pinned(competition.reference, hub, cache).folder if fixed else None,
    )


def to_beat(
    competition: Competition, chain: Chain, hub: Hub, cache: ModelCache, *, own: str | None = None
) -> tuple[Rival, Others]:
    """Who leads by the chain's word, or the reference where nobody does, downloaded; and everybody's submissions.

    The submission of the hotkey `own` is left out of the others. Raises `ChainError`, `HubError`, and `SetupError`.
    """
    block, leader = chain.block(), leading(chain, competition)
    if leader is None:
        entrant, folder = reference_of(competition), fetch_pinned(competition.reference, hub, cache).folder
        folders = Folders(model=folder, tokenizer=folder if competition.constraints.tokenizer == "reference" else None)
    else:
        found = standing(chain)[leader]
        entrant = Entrant(block=found.block, key=f"{leader}@{found.block}")
        folder = fetch(leader, competition, chain, hub, cache).folder
        folders = with_base(folder, competition, hub, cache)
    others = Others(
        submissions=tuple(one for one in entered(chain, competition) if one.hotkey != own),
        folders={} if leader is not None and leader == own else {entrant: folder},
        block=block,
    )
    return Rival(folders=folders, age_blocks=max(0, block - entrant.block), name=entrant.key), others


def entered(chain: Chain, competition: Competition) -> tuple[Submission, ...]:
    """The submissions to a competition that stand on chain. Raises `ChainError`."""
    neurons = chain.metagraph().by_hotkey
    return tuple(
        Submission(hotkey=hotkey, coldkey=neurons[hotkey].coldkey, block=one.block, payload=one.payload)
        for hotkey, one in standing(chain).items()
        if hotkey in neurons and one.payload.competition == competition.id
    )

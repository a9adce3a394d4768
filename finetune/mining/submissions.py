"""What a miner asks of the chain and the hub about submissions: who leads, who earns, and their files."""

from dataclasses import replace

from competitions.competition import Competition
from competitions.submission import Payload
from finetune.chain.port import Chain
from finetune.errors import SetupError
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.port import Hub
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

"""A model that a competition pins, from the cache or the hub, and no other in its place."""

from collections.abc import Collection

from competitions.competition import Pinned
from finetune.errors import BadDownload
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.port import Hub


def fetch_pinned(pinned: Pinned, hub: Hub, cache: ModelCache, keep: Collection[str] = ()) -> CachedModel:
    """The model of that digest; `keep` are digests that its download may not push out of the cache.

    Raises `BadDownload` where the hub holds another one under that name, `HubError`, `SetupError`.
    """
    if pinned.digest and (kept := cache.get(pinned.digest)) is not None:
        return kept
    found = cache.fetch(hub, hub.listing(pinned.repository, pinned.revision or None), keep=keep)
    if found.digest != pinned.digest:
        raise BadDownload(
            f"{pinned.repository} at {pinned.revision or 'its newest revision'} hashes to {found.digest}; the "
            f"competition pins {pinned.digest or 'nothing yet'}"
        )
    return found

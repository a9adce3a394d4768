"""One model of a round: fetched, passed through the gates that need its files, and remembered. It keeps no queue."""

from collections.abc import Collection

from competitions.competition import Competition, Pinned
from competitions.copies import same_weights
from competitions.rejection import Rejection
from competitions.season import REFERENCE, Entrant, reference_of
from competitions.submission import Submission
from finetune.errors import BadDownload, HubError, HubUnavailable
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.config_gate import rebuilt_config
from finetune.hub.config_rebuild import Rebuilt
from finetune.hub.files import ADAPTER_CONFIG, CONFIG, weight_files
from finetune.hub.gates import check_folder, check_listing, check_settings, find_base
from finetune.hub.pinned import fetch_pinned
from finetune.hub.port import Hub, Listing
from finetune.hub.safetensors_header import read_header
from finetune.hub.sketch import sketch
from finetune.validating.discover import Discovery
from finetune.validating.lineage import reference_key
from finetune.validating.roster import Contender
from finetune.validating.state import KnownModel, State


class Verifier:
    """Fetches and verifies models of one competition; `keep` grows by each that is fetched."""

    def __init__(
        self, hub: Hub, cache: ModelCache, state: State, competition: Competition, keep: Collection[str]
    ) -> None:
        """Nothing is fetched yet. `keep` are digests of models that no download may push out of the cache."""
        self._hub, self._cache, self._state, self._competition = hub, cache, state, competition
        self.keep = set(keep)

    def reference(self) -> Contender:
        """The reference, pinned by its digest. Raises `HubError`."""
        pinned = self._competition.reference
        model = self._pinned(pinned)
        self._remember(reference_key(self._competition), model)
        return Contender(entrant=reference_of(self._competition), digest=pinned.digest)

    def verified(self, submission: Submission, listing: Listing) -> Contender | Rejection:
        """Download, and pass the gates that need the files. Raises `HubError`."""
        constraints = self._competition.constraints
        rejection = check_listing(listing, constraints)
        if rejection is None and submission.key not in self._state.models():
            rejection = self._settings(listing)
        if rejection is not None:
            return rejection
        found = self._fetch(listing)
        rejection = check_folder(
            found.folder,
            digest=found.digest,
            committed=submission.payload.secure_hash,
            hotkey=submission.hotkey,
            constraints=constraints,
        )
        if rejection is not None:
            return rejection
        base = find_base(found.folder, constraints)
        if isinstance(base, Rejection):
            return base
        self._remember(submission.key, found, base)
        return self.contender(Entrant(block=submission.block, key=submission.key), found.digest)

    def contender(self, entrant: Entrant, digest: str) -> Contender:
        """The contender of a known model, with its base fetched where it is an adapter.

        Raises `HubUnavailable`, also where the base is gone: that is not the miner's fault.
        """
        base = self._state.models()[entrant.key].base
        for pinned in self._competition.constraints.bases:
            if pinned.digest == base:
                try:
                    self._pinned(pinned)
                except HubError as error:
                    raise HubUnavailable(f"the base {pinned.repository} cannot be had: {error}") from error
        return Contender(entrant=entrant, digest=digest, base=base, dropped=self._dropped(digest))

    def check_own(self, entrant: Entrant, discovery: Discovery) -> Rejection | None:
        """Whether the weights are the submission's own: nobody committed the same tensors earlier."""
        known = self._state.models()
        digests = {key: model.tensor_digest for key, model in known.items() if key in discovery.standing}
        digests[REFERENCE] = known[reference_key(self._competition)].tensor_digest
        entrants = {one.key: one for one in discovery.entrants(self._competition.id)}
        entrants[REFERENCE] = reference_of(self._competition)
        return same_weights(digests, entrants).get(entrant.key)

    def _pinned(self, pinned: Pinned) -> CachedModel:
        """A pinned model, from the cache where it is there. Raises `HubError`."""
        found = fetch_pinned(pinned, self._hub, self._cache, keep=self.keep)
        self.keep.add(found.digest)
        return found

    def _fetch(self, listing: Listing) -> CachedModel:
        """A model in the cache, safe there until the round is over. Raises `HubError`."""
        found = self._cache.fetch(self._hub, listing, keep=self.keep)
        self.keep.add(found.digest)
        return found

    def _settings(self, listing: Listing) -> Rejection | None:
        """The gates on architecture and base, by one small file, before gigabytes follow. Raises `HubError`."""
        names = [file.path for file in listing.files if file.path in (CONFIG, ADAPTER_CONFIG)]
        with self._cache.only(self._hub, listing, names) as folder:
            if rejection := check_settings(folder, self._competition.constraints):
                return rejection
            base = find_base(folder, self._competition.constraints)
            return base if isinstance(base, Rejection) else None

    def _remember(self, key: str, found: CachedModel, base: Pinned | None = None) -> None:
        """Note what a model's files are, once. Raises `BadDownload` for weights that passed no gate.

        Where the competition's file changes, so may the files of its reference and the base of an adapter.
        """
        known, stands_on = self._state.models().get(key), base.digest if base else None
        same = known is not None and (known.digest, known.base) == (found.digest, stands_on)
        if same and self._state.has_sketch(key):
            return
        try:
            drawn = sketch(found.folder, base=stands_on)
            model = KnownModel(
                digest=found.digest,
                tensor_digest=self._cache.tensor_digest(found),
                parameters=sum(one.parameters for file in weight_files(found.folder) for one in read_header(file)),
                base=stands_on,
            )
        except ValueError as error:
            raise BadDownload(f"the weights of {key} cannot be read: {error}") from error
        self._state.save_sketch(key, drawn)
        self._state.save_model(key, model)

    def _dropped(self, digest: str) -> tuple[str, ...]:
        """The keys of a full model's config.json that its rebuilding leaves out."""
        model = self._cache.get(digest)
        if model is None or not (model.folder / CONFIG).exists():
            return ()
        rebuilt = rebuilt_config(model.folder / CONFIG, self._competition.constraints.architectures)
        return rebuilt.dropped if isinstance(rebuilt, Rebuilt) else ()

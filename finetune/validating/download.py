"""Stage 3, download: the queue -> the round's models, each a verified folder in the cache, or a rejection."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from competitions.competition import Competition, Pinned
from competitions.lineage import Lineage
from competitions.rejection import Rejection
from competitions.season import REFERENCE, Entrant, reference_of
from competitions.submission import Submission
from finetune.errors import (
    BadDownload,
    HubError,
    HubRefused,
    HubUnavailable,
    RepositoryGone,
    RevisionGone,
    SetupError,
)
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.config_gate import rebuilt_config
from finetune.hub.config_rebuild import Rebuilt
from finetune.hub.files import ADAPTER_CONFIG, CONFIG, TEXT_LIMITS, weight_files
from finetune.hub.gates import check_folder, check_listing, check_settings
from finetune.hub.port import Hub, Listing
from finetune.hub.safetensors_header import read_header
from finetune.hub.sketch import sketch
from finetune.hub.strict_json import read_object
from finetune.validating.admit import Admission, same_weights
from finetune.validating.discover import Discovery
from finetune.validating.lineage import lineages, reference_key
from finetune.validating.state import KnownModel, State


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A model that this round scores: its digest in the cache, and its base's digest where it is an adapter.

    `dropped` are the keys of its config.json that no model is loaded with.
    """

    entrant: Entrant
    digest: str
    base: str | None = None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Whom the round scores. `champion` is None where the champion's files cannot be had: then nobody is scored.

    `reachable` says whether strangers can read the champion's repository, None where the hub did not tell;
    `absent` are the challengers that the hub did not give, who simply miss the round; `rejections` say whose fault
    that is. `lineages` tell of every submission that was ever here, by key, which earlier one it is nearest to.
    """

    reference: Contender
    champion: Contender | None
    challengers: tuple[Contender, ...]
    reachable: bool | None
    absent: tuple[str, ...]
    rejections: Mapping[str, Rejection] = field(default_factory=dict)
    lineages: Mapping[str, Lineage] = field(default_factory=dict)

    def scored(self) -> tuple[Contender, ...]:
        """All models that the round scores."""
        return (self.reference, *([self.champion] if self.champion else []), *self.challengers)


class Downloader:
    """Fetches and verifies the models of one competition."""

    def __init__(
        self, hub: Hub, cache: ModelCache, state: State, competition: Competition, keep: Collection[str]
    ) -> None:
        """Nothing is fetched yet. `keep` are digests of models that no download may push out of the cache."""
        self.hub, self.cache, self.state, self.competition = hub, cache, state, competition
        self.keep = set(keep)

    def roster(
        self, discovery: Discovery, admission: Admission, champion: Entrant, say: Callable[[str], None]
    ) -> Roster:
        """The round's models: reference, champion, and the first of the queue that are there and pass every gate.

        `say` takes progress, and what this machine or the network is at fault for. Raises `HubError` where the
        reference cannot be had.
        """
        reference = self._reference()
        holder: Contender | None
        if champion.is_reference:
            holder, reachable = reference, None
        else:
            submission = next(one for one in discovery.submissions if one.key == champion.key)
            holder, reachable = self._champion(champion, submission, say)
        challengers, rejections = self._challengers(discovery, admission, say) if holder else ((), {})
        return Roster(
            reference=reference,
            champion=holder,
            challengers=challengers,
            reachable=reachable,
            absent=tuple(key for key, rejection in rejections.items() if rejection.retry),
            rejections=rejections,
            lineages=lineages(self.state, discovery, self.competition),
        )

    def _challengers(
        self, discovery: Discovery, admission: Admission, say: Callable[[str], None]
    ) -> tuple[tuple[Contender, ...], dict[str, Rejection]]:
        """The first of the queue that pass every gate, and why those before them do not play, by key.

        One that turns out to be near an earlier submission goes to its lower place and may be reached again. As many
        as have a place may do so in a round: each is a download more.
        """
        submissions, rounds = {one.key: one for one in discovery.submissions}, self.competition.round
        challengers: list[Contender] = []
        rejections: dict[str, Rejection] = {}
        lowered = {one.entrant.key for one in admission.candidates if one.lowered}
        most = len(lowered) + rounds.challengers
        line = list(admission.queue)
        while line and len(challengers) < rounds.challengers:
            entrant = line.pop(0)
            say(f"fetch {entrant.key}")
            kept = frozenset(self.keep)
            found = self._challenger(entrant, submissions[entrant.key], discovery, say)
            if isinstance(found, Rejection):
                rejections[entrant.key] = found
            elif entrant.key not in lowered and len(lowered) < most and self._is_near(entrant, discovery):
                lowered.add(entrant.key)
                self.keep -= {found.digest} - kept
                admission, left = admission.lower(entrant.key, rounds.batches), {entrant, *line}
                line = [one for one in admission.queue if one in left]
            else:
                challengers.append(found)
        return tuple(challengers), rejections

    def _is_near(self, entrant: Entrant, discovery: Discovery) -> bool:
        """Whether the model is near an earlier submission that was here."""
        found = lineages(self.state, discovery, self.competition, only=(entrant.key,))
        return any(one.is_near for one in found.values())

    def _reference(self) -> Contender:
        """The reference, pinned by its digest."""
        pinned = self.competition.reference
        model = self._pinned(pinned)
        self._remember(reference_key(self.competition), model)
        return Contender(entrant=reference_of(self.competition), digest=pinned.digest)

    def _pinned(self, pinned: Pinned) -> CachedModel:
        """A pinned model, from the cache where it is there. Raises `HubError`."""
        if (kept := self.cache.get(pinned.digest)) is not None:
            return kept
        found = self._fetch(self.hub.listing(pinned.repository, pinned.revision))
        if found.digest != pinned.digest:
            raise BadDownload(
                f"{pinned.repository} at {pinned.revision} hashes to {found.digest}; competition "
                f"{self.competition.id} pins {pinned.digest}"
            )
        return found

    def _fetch(self, listing: Listing) -> CachedModel:
        """A model in the cache, safe there until the round is over. Raises `HubError`."""
        found = self.cache.fetch(self.hub, listing, keep=self.keep)
        self.keep.add(found.digest)
        return found

    def _champion(
        self, champion: Entrant, submission: Submission, say: Callable[[str], None]
    ) -> tuple[Contender | None, bool | None]:
        """The champion's model, and whether strangers can read its repository now."""
        reachable: bool | None = True
        listing: Listing | None = None
        try:
            listing = self.hub.listing(submission.payload.repository, submission.payload.revision)
            reachable = not listing.private
        except (RepositoryGone, RevisionGone):
            reachable = False
        except HubError as error:
            say(f"whether the champion {champion.key} can still be read is not known: {error}")
            reachable = None
        known = self.state.models().get(champion.key)
        try:
            if known is not None and self.cache.get(known.digest) is not None:
                return self._contender(champion, known.digest), reachable
            if listing is None or not reachable:
                return None, reachable
            found = self._verified(submission, listing)
        except (RepositoryGone, RevisionGone):
            return None, False
        except HubError as error:
            say(f"the champion {champion.key} cannot be had: {error}")
            return None, reachable
        return (found, reachable) if isinstance(found, Contender) else (None, False)

    def _challenger(
        self, entrant: Entrant, submission: Submission, discovery: Discovery, say: Callable[[str], None]
    ) -> Contender | Rejection:
        """A challenger's model, or why it does not play; what no retry will change is remembered."""
        payload = submission.payload
        try:
            listing = self.hub.listing(payload.repository, payload.revision)
            found = self._verified(submission, listing)
        except (RepositoryGone, RevisionGone) as error:
            return Rejection(reason="repository_gone", text=str(error), retry=True)
        except (HubError, SetupError) as error:
            say(f"{entrant.key} misses the round, and it is not the miner's fault: {error}")
            return _missed(error)
        if isinstance(found, Contender):
            found = self._own(entrant, discovery) or found
        if isinstance(found, Rejection) and not found.retry:
            self.state.save_rejection(entrant.key, found)
        return found

    def _verified(self, submission: Submission, listing: Listing) -> Contender | Rejection:
        """Download, and pass the gates that need the files. Raises `HubError`."""
        constraints = self.competition.constraints
        rejection = check_listing(listing, constraints)
        if rejection is None and submission.key not in self.state.models():
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
        base = self._base(found.folder)
        if isinstance(base, Rejection):
            return base
        self._remember(submission.key, found, base)
        return self._contender(Entrant(block=submission.block, key=submission.key), found.digest)

    def _settings(self, listing: Listing) -> Rejection | None:
        """The gates on architecture and base, by one small file, before gigabytes follow. Raises `HubError`."""
        names = [file.path for file in listing.files if file.path in (CONFIG, ADAPTER_CONFIG)]
        with self.cache.only(self.hub, listing, names) as folder:
            if rejection := check_settings(folder, self.competition.constraints):
                return rejection
            base = self._base(folder)
            return base if isinstance(base, Rejection) else None

    def _own(self, entrant: Entrant, discovery: Discovery) -> Rejection | None:
        """Whether the weights are the submission's own: nobody committed the same tensors earlier."""
        known = self.state.models()
        models = {key: model for key, model in known.items() if key in discovery.standing}
        models[REFERENCE] = known[reference_key(self.competition)]
        entrants = {one.key: one for one in discovery.entrants(self.competition.id)}
        entrants[REFERENCE] = reference_of(self.competition)
        return same_weights(models, entrants).get(entrant.key)

    def _base(self, folder: Path) -> Pinned | Rejection | None:
        """The pinned base that an adapter stands on, none for a full model.

        Where a competition allows several, the adapter's own word chooses among them; it never names anything else.
        """
        if not (folder / ADAPTER_CONFIG).exists():
            return None
        bases = {base.repository: base for base in self.competition.constraints.bases}
        if len(bases) == 1:
            return next(iter(bases.values()))
        named = read_object(folder / ADAPTER_CONFIG, TEXT_LIMITS[ADAPTER_CONFIG]).get("base_model_name_or_path")
        if isinstance(named, str) and named in bases:
            return bases[named]
        return Rejection(
            reason="unknown_base",
            text=f"base_model_name_or_path is {named!r:.120}; allowed are {', '.join(bases)}",
        )

    def _remember(self, key: str, found: CachedModel, base: Pinned | None = None) -> None:
        """Note what a submission's files are, once. Raises `BadDownload` for weights that passed no gate."""
        if key in self.state.models() and self.state.has_sketch(key):
            return
        try:
            drawn = sketch(found.folder, base=base.digest if base else None)
            model = KnownModel(
                digest=found.digest,
                tensor_digest=self.cache.tensor_digest(found),
                parameters=sum(one.parameters for file in weight_files(found.folder) for one in read_header(file)),
                base=base.digest if base else None,
            )
        except ValueError as error:
            raise BadDownload(f"the weights of {key} cannot be read: {error}") from error
        self.state.save_sketch(key, drawn)
        self.state.save_model(key, model)

    def _contender(self, entrant: Entrant, digest: str) -> Contender:
        """The contender of a known model, with its base fetched where it is an adapter.

        Raises `HubUnavailable`, also where the base is gone: that is not the miner's fault.
        """
        base = self.state.models()[entrant.key].base
        for pinned in self.competition.constraints.bases:
            if pinned.digest == base:
                try:
                    self._pinned(pinned)
                except HubError as error:
                    raise HubUnavailable(f"the base {pinned.repository} cannot be had: {error}") from error
        return Contender(entrant=entrant, digest=digest, base=base, dropped=self._dropped(digest))

    def _dropped(self, digest: str) -> tuple[str, ...]:
        """The keys of a full model's config.json that its rebuilding leaves out."""
        model = self.cache.get(digest)
        if model is None or not (model.folder / CONFIG).exists():
            return ()
        rebuilt = rebuilt_config(model.folder / CONFIG, self.competition.constraints.architectures)
        return rebuilt.dropped if isinstance(rebuilt, Rebuilt) else ()


def _missed(error: HubError | SetupError) -> Rejection:
    """Why a challenger misses a round that it would have played but for this machine or the network.

    The error itself is for the operator alone: it may name folders, and what our token lacks.
    """
    if isinstance(error, SetupError):
        text = "the validator has no room for the model, or cannot write it to its disk"
        return Rejection(reason="no_room", text=text, fault="validator", retry=True)
    if isinstance(error, HubRefused):
        text = "the hub refuses this validator's requests or its token"
        return Rejection(reason="hub_refused", text=text, fault="validator", retry=True)
    text = "the hub did not answer, or broke off, or sent other bytes than it lists"
    return Rejection(reason="hub_unavailable", text=text, fault="network", retry=True)

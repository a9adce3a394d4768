"""Stage 3, download: the queue -> the round's models, each a verified folder in the cache, or a rejection."""

from collections.abc import Callable, Collection
from contextlib import suppress

from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.season import Entrant
from competitions.submission import Submission
from finetune.errors import HubError, HubRefused, RepositoryGone, RevisionGone, SetupError
from finetune.hub.cache import ModelCache
from finetune.hub.port import Hub, Listing
from finetune.validating.admit import Admission
from finetune.validating.discover import Discovery
from finetune.validating.lineage import lineages
from finetune.validating.roster import Contender, Roster
from finetune.validating.state import State
from finetune.validating.verify import Verifier

__all__ = ["Contender", "Downloader", "Roster"]


class Downloader:
    """Finds the models of one competition that a round scores."""

    def __init__(
        self, hub: Hub, cache: ModelCache, state: State, competition: Competition, keep: Collection[str]
    ) -> None:
        """Nothing is fetched yet. `keep` are digests of models that no download may push out of the cache."""
        self._hub, self._cache, self._state, self._competition = hub, cache, state, competition
        self._models = Verifier(hub, cache, state, competition, keep)

    def roster(
        self, discovery: Discovery, admission: Admission, champion: Entrant, say: Callable[[str], None]
    ) -> Roster:
        """The round's models: reference, champion, and the first of the queue that are there and pass every gate.

        `say` takes progress, and what this machine or the network is at fault for. Raises `HubError` where the
        reference cannot be had.
        """
        reference = self._models.reference()
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
            lineages=lineages(self._state, discovery, self._competition),
        )

    def _challengers(
        self, discovery: Discovery, admission: Admission, say: Callable[[str], None]
    ) -> tuple[tuple[Contender, ...], dict[str, Rejection]]:
        """The first of the queue that pass every gate, and why those before them do not play, by key.

        One that turns out to be near an earlier submission goes to its lower place and may be reached again. As many
        as have a place may do so in a round: each is a download more.
        """
        submissions, rounds = {one.key: one for one in discovery.submissions}, self._competition.round
        challengers: list[Contender] = []
        rejections: dict[str, Rejection] = {}
        lowered = {one.entrant.key for one in admission.candidates if one.lowered}
        most = len(lowered) + rounds.challengers
        line = list(admission.queue)
        while line and len(challengers) < rounds.challengers:
            entrant = line.pop(0)
            say(f"fetch {entrant.key}")
            kept = frozenset(self._models.keep)
            found = self._challenger(entrant, submissions[entrant.key], discovery, say)
            if isinstance(found, Rejection):
                rejections[entrant.key] = found
                if found.retry and found.fault == "miner" and (here := self._hidden(entrant)):
                    challengers.append(here)
            elif entrant.key not in lowered and len(lowered) < most and self._is_near(entrant, discovery):
                lowered.add(entrant.key)
                self._models.keep -= {found.digest} - kept
                admission, left = admission.lower(entrant.key, rounds.sync_blocks), {entrant, *line}
                line = [one for one in admission.queue if one in left]
            else:
                challengers.append(found)
        return tuple(challengers), rejections

    def _hidden(self, entrant: Entrant) -> Contender | None:
        """The model of a challenger whose repository is gone or private, if it is here.

        It is scored and cannot take the seat. Whoever missed the round could play those rounds alone that it wins: the
        sync block's hash tells everybody the samples before they are scored.
        """
        found = None
        with suppress(HubError):
            found = self._cached(entrant)
        if found is not None:
            self._models.keep.add(found.digest)
        return found

    def _is_near(self, entrant: Entrant, discovery: Discovery) -> bool:
        """Whether the model is near an earlier submission that was here."""
        found = lineages(self._state, discovery, self._competition, only=(entrant.key,))
        return any(one.is_near for one in found.values())

    def _champion(
        self, champion: Entrant, submission: Submission, say: Callable[[str], None]
    ) -> tuple[Contender | None, bool | None]:
        """The champion's model, and whether strangers can read its repository now."""
        reachable: bool | None = True
        listing: Listing | None = None
        try:
            listing = self._hub.listing(submission.payload.repository, submission.payload.revision)
            reachable = not listing.private
        except (RepositoryGone, RevisionGone):
            reachable = False
        except HubError as error:
            say(f"whether the champion {champion.key} can still be read is not known: {error}")
            reachable = None
        try:
            if listing is None or not reachable:
                return self._cached(champion), reachable
            # The gates are asked again, for the competition's file may have changed since.
            found = self._models.verified(submission, listing)
        except (RepositoryGone, RevisionGone):
            return None, False
        except HubError as error:
            say(f"the champion {champion.key} cannot be had: {error}")
            return None, reachable
        if isinstance(found, Rejection):
            say(f"the champion {champion.key} cannot be had: {found.text}")
            return None, False
        return found, reachable

    def _cached(self, entrant: Entrant) -> Contender | None:
        """The entrant's model where it is here still, verified once, on a base that is still allowed.

        Raises `HubUnavailable`.
        """
        known = self._state.models().get(entrant.key)
        bases = {None, *(one.digest for one in self._competition.constraints.bases)}
        if known is None or known.base not in bases or self._cache.get(known.digest) is None:
            return None
        return self._models.contender(entrant, known.digest)

    def _challenger(
        self, entrant: Entrant, submission: Submission, discovery: Discovery, say: Callable[[str], None]
    ) -> Contender | Rejection:
        """A challenger's model, or why it does not play; what no retry will change is remembered."""
        payload = submission.payload
        try:
            listing = self._hub.listing(payload.repository, payload.revision)
            found = self._models.verified(submission, listing)
        except (RepositoryGone, RevisionGone) as error:
            return Rejection(reason="repository_gone", text=str(error), retry=True)
        except (HubError, SetupError) as error:
            say(f"{entrant.key} misses the round, and it is not the miner's fault: {error}")
            return _missed(error)
        if isinstance(found, Contender):
            found = self._models.check_own(entrant, discovery) or found
        if isinstance(found, Rejection) and not found.retry:
            self._state.save_rejection(entrant.key, found)
        return found


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

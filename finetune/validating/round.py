"""One round of one competition: the stages in order, each committed before the next begins.

It can be left at any point and played again: stages that were committed are read back, models that were fetched lie
in the cache, entrants that were scored are not scored again, and samples are drawn again from the seed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from competitions.batches import Losses, batch_losses
from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import Entrant, Season, season_start
from competitions.seat import Seat
from finetune.chain.port import Chain, Signer
from finetune.errors import BadDownload, ModelRejected, ScoringError
from finetune.evals.counting import score_all
from finetune.evals.followed import FollowedScorer
from finetune.evals.port import Folders, Scorer
from finetune.hub.cache import ModelCache
from finetune.hub.port import Hub
from finetune.signing import sign
from finetune.streams.control import control_samples
from finetune.streams.drawing import Drawn, TaskSample, draw_samples
from finetune.streams.registry import OpenStream
from finetune.validating.admit import Admission, admit
from finetune.validating.control import check_control
from finetune.validating.discover import Discovery, discover
from finetune.validating.download import Contender, Downloader, Roster
from finetune.validating.earlier import Earlier, look_back
from finetune.validating.judge import Judgement, judge
from finetune.validating.lineage import lineages, reference_key
from finetune.validating.machine import Machine, this_machine
from finetune.validating.pace import Pace, Pacer
from finetune.validating.past import Past, past_round, past_samples
from finetune.validating.publish import Publisher, set_weights, tell
from finetune.validating.report import make_record
from finetune.validating.score import Scoring, score_challenger
from finetune.validating.seating import Seating, keep_seats, seating
from finetune.validating.state import State
from finetune.validating.watching import Doing, Watch, unwatched
from finetune.validating.weigh import Weights, weigh


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What a validator is wired to. `say` takes log lines, `watch` every moment of a round; `clock` gives seconds."""

    hotkey: Signer
    catalog: Catalog
    chain: Chain
    hub: Hub
    cache: ModelCache
    state: State
    open_stream: OpenStream
    scorer: Scorer
    publishers: tuple[Publisher, ...]
    say: Callable[[str], None]
    clock: Callable[[], float]
    machine: Machine = field(default_factory=this_machine)
    watch: Watch = unwatched


class Round:
    """The round of a sync block."""

    def __init__(self, ports: Ports, sync: int, competition: Competition) -> None:
        """Nothing is played yet."""
        self.ports, self.sync, self.competition = ports, sync, competition
        self.state = ports.state
        self.seconds: dict[str, float] = {}
        self.pacer = Pacer(ports.clock)
        self.scorer = FollowedScorer(scorer=ports.scorer, scored=self._scored)
        self._turn: tuple[str, tuple[str, ...]] = ("", ())  # the key of who is scored, and of those after it

    def play(self) -> None:
        """Play the round to its end. Raises `FinetuneError` where a stage fails; nothing of that stage is kept."""
        ports, sync, competition = self.ports, self.sync, self.competition
        discovery = self._discover()
        seats = self._seat(discovery)
        champion = seats.seat(competition).champion
        earlier = self._look_back(discovery, champion)
        self._watch("admit")
        admission = self._admit(discovery, champion)
        roster = self._download(discovery, seats, admission, champion)
        drawn = self._sample(discovery)
        scoring = self._score(roster, drawn.samples)
        self._watch("judge")
        judgement = self._judge(discovery, seats, admission, roster, scoring)
        self._watch("weigh")
        weights = self.state.stage(sync, "weigh", Weights, lambda: weigh(ports.catalog, discovery, judgement))
        self._watch("report")
        losses = self.state.losses(competition.id, sync)
        record = make_record(
            catalog=ports.catalog,
            competition=competition,
            discovery=discovery,
            seats=seats,
            earlier=earlier,
            admission=admission,
            roster=roster,
            models=self.state.models(),
            drawn=drawn,
            scoring=scoring,
            losses=losses,
            rejections=self.state.rejections(),
            judgement=judgement,
            weights=weights,
            machine=ports.machine,
            isolation=ports.scorer.isolation,
            seconds=self.seconds,
            paces={key: self._pace(key) for key in losses},
            past={key: found for key in losses if (found := self._staged_past(key))},
        )
        self._watch("publish")
        for fault in tell(ports.publishers, sign(record, ports.hotkey)):
            ports.say(fault)
        self._say(f"judged; {judgement.seats[str(competition.id)].champion.key} holds the seat of {competition.title}")
        self.state.end_round(sync, keep=lambda: self._keep(champion, judgement, weights))
        refused = set_weights(ports.chain, ports.hotkey, weights.by_hotkey, self.state)
        if refused:
            ports.say(f"the chain has not taken the weights yet: {refused}")
        self._tidy(discovery, roster, judgement)

    def _discover(self) -> Discovery:
        with self._timed("discover"):
            ports = self.ports
            return self.state.stage(
                self.sync, "discover", Discovery, lambda: discover(ports.chain, ports.catalog, self.sync)
            )

    def _seat(self, discovery: Discovery) -> Seating:
        return self.state.stage(self.sync, "seats", Seating, lambda: seating(self.state, self.ports.catalog, discovery))

    def _look_back(self, discovery: Discovery, champion: Entrant) -> Earlier:
        def compute() -> Earlier:
            return look_back(self.state, self.ports.catalog, discovery, self.competition, champion)

        return self.state.stage(self.sync, "earlier", Earlier, compute)

    def _admit(self, discovery: Discovery, champion: Entrant) -> Admission:
        def compute() -> Admission:
            self._look_again(discovery)
            stops = self.state.stops(self.competition.id, champion.key)
            near = [key for key, found in lineages(self.state, discovery, self.competition).items() if found.is_near]
            return admit(discovery, self.competition, champion, self._season(), stops, self.state.rejections(), near)

        return self.state.stage(self.sync, "admit", Admission, compute)

    def _look_again(self, discovery: Discovery) -> None:
        """Forget who was out for good by the rules of a file that this competition's has taken over from."""
        kept = self.state.seat(self.competition.id)
        if kept is not None and 0 <= kept[1] < self.competition.first_block:
            self.state.forget_rejections(one.key for one in discovery.entrants(self.competition.id))

    def _download(self, discovery: Discovery, seats: Seating, admission: Admission, champion: Entrant) -> Roster:
        def compute() -> Roster:
            ports, keep = self.ports, self._lasting(seats.seats)
            downloader = Downloader(ports.hub, ports.cache, self.state, self.competition, keep)
            return downloader.roster(discovery, admission, champion, self._say)

        with self._timed("download"):
            return self.state.stage(self.sync, "download", Roster, compute)

    def _sample(self, discovery: Discovery) -> Drawn:
        with self._timed("sample"):
            window = discovery.window(self.competition)
            return draw_samples(self.competition, bytes.fromhex(discovery.seed), self.ports.open_stream, window)

    def _score(self, roster: Roster, samples: tuple[TaskSample, ...]) -> Scoring:
        """Score the reference, the champion, then the challengers; each entrant's losses are kept as it ends."""
        with self._timed("score"):
            scoring = self.state.stage(self.sync, "score", Scoring, lambda: self._score_holders(roster, samples))
            if roster.champion is None or scoring.champion is not None:
                return scoring
            champion = self._score_whole(roster.champion, roster, samples)
            done = {*self.state.losses(self.competition.id, self.sync), *self.state.rejections()}
            for contender in roster.challengers:
                if contender.entrant.key not in done:
                    self._score_challenger(contender, roster, champion, samples)
            return scoring

    def _score_holders(self, roster: Roster, samples: tuple[TaskSample, ...]) -> Scoring:
        """The control, the reference and the champion. A champion that fails on a sound machine fails by itself."""
        control = self._control(roster)
        if roster.champion is None:
            return Scoring(control=control)
        self._score_whole(roster.reference, roster, samples)
        try:
            self._score_whole(roster.champion, roster, samples)
        except ScoringError as error:
            self._control(roster)
            return Scoring(control=control, champion=replace(_rejection(error), retry=True))
        return Scoring(control=control)

    def _control(self, roster: Roster) -> tuple[float, ...]:
        """The reference on the samples of which its losses are known. Raises `ControlFailed`."""
        count = len(self.competition.reference.control_losses)
        samples = control_samples(self.competition, count, self.ports.open_stream)
        self._turn = "control", tuple(dict.fromkeys(one.entrant.key for one in roster.scored()))
        found = score_all(self.scorer, self._folders(roster.reference), samples, self.competition)
        check_control(found.tolist(), self.competition)
        return tuple(found.tolist())

    def _score_whole(self, contender: Contender, roster: Roster, samples: tuple[TaskSample, ...]) -> Losses:
        """The losses per batch of an entrant that is scored to the end, kept or computed."""
        key, size = contender.entrant.key, self.competition.round.batch_size
        kept = self.state.losses(self.competition.id, self.sync).get(key)
        if kept is not None:
            return batch_losses(kept[0], size)
        self._begin(key, roster)
        sync, past = self._past(contender.entrant)
        found = score_all(self.scorer, self._folders(contender), (*samples, *past), self.competition)
        self._pace(key)
        self._keep_past(key, sync, found[len(samples) :])
        self.state.save_losses(self.competition.id, self.sync, key, found[: len(samples)], "")
        return batch_losses(found[: len(samples)], size)

    def _score_challenger(
        self, contender: Contender, roster: Roster, losses: Losses, samples: tuple[TaskSample, ...]
    ) -> None:
        """Score one challenger until the rules stop it; a model that cannot be scored on a sound machine is out."""
        assert roster.champion is not None
        entrant, champion = contender.entrant, roster.champion.entrant
        self._begin(entrant.key, roster)
        sync, past = self._past(entrant)
        try:
            found, stopped, known = score_challenger(
                self.scorer,
                self._folders(contender),
                samples,
                self.competition,
                champion=losses,
                epsilon=self._epsilon(champion),
                before=self._season().duel(champion, entrant, self.competition, self.sync),
                past=past,
            )
        except ScoringError as error:
            self._control(roster)
            self.state.save_rejection(entrant.key, _rejection(error))
            return
        self._pace(entrant.key)
        self._keep_past(entrant.key, sync, known)
        self.state.save_losses(self.competition.id, self.sync, entrant.key, found, stopped or "")

    def _judge(
        self, discovery: Discovery, seats: Seating, admission: Admission, roster: Roster, scoring: Scoring
    ) -> Judgement:
        # A champion that nobody can score would keep its seat for ever, like one that nobody can read.
        reachable = roster.reachable if scoring.champion is None else False
        out = {*admission.rejections, *roster.rejections, *roster.absent, *self.state.rejections()}
        entrants = [one for one in discovery.entrants(self.competition.id) if one.key not in out]
        return self.state.stage(
            self.sync,
            "judge",
            Judgement,
            lambda: judge(discovery, self.competition, seats, self._season(), entrants, reachable),
        )

    def _keep(self, champion: Entrant, judgement: Judgement, weights: Weights) -> None:
        """Keep the seats, stops and weights that follow from the round: all of them, or none where it becomes void."""
        keep_seats(self.state, self.ports.catalog, self.sync, judgement.seats)
        for key, (_, stopped) in self.state.losses(self.competition.id, self.sync).items():
            if stopped == "behind":
                self.state.keep_stop(self.competition.id, champion.key, key, judgement.epsilon)
        if weights.by_hotkey:
            self.state.want_weights(weights.by_hotkey)

    def _tidy(self, discovery: Discovery, roster: Roster, judgement: Judgement) -> None:
        """Let go of losses of past seasons, of sketches of what stands no more, and of models that no rule needs soon.

        Models go only where they are over the cache's quota.
        """
        self.state.forget(self.competition.id, season_start(self.competition, self.sync))
        self.state.forget_sketches({*discovery.standing, *map(reference_key, self.ports.catalog.at(self.sync))})
        self.ports.cache.evict(self._lasting(judgement.seats) | {one.digest for one in roster.challengers})

    def _lasting(self, seats: Mapping[str, Seat]) -> set[str]:
        """The digests of models that stay: every competition's reference, bases, champion and the champion before."""
        models = self.state.models()
        lasting: set[str] = set()
        for competition in self.ports.catalog.at(self.sync):
            seat = seats[str(competition.id)]
            lasting |= {one.digest for one in (competition.reference, *competition.constraints.bases)}
            lasting |= {models[one.key].digest for one in (seat.champion, *seat.before[-1:]) if one.key in models}
        return lasting

    def _season(self) -> Season:
        start = season_start(self.competition, self.sync)
        return self.state.season(self.competition.id, start, self.competition.round.batch_size)

    def _epsilon(self, champion: Entrant) -> float:
        return self.competition.epsilon.at(self.sync - champion.block)

    def _pace(self, key: str) -> Pace:
        """How fast an entrant was scored: the entrant that was scored last, unless its pace is kept already."""
        return self.state.stage(self.sync, f"pace of {key}", Pace, lambda: self.pacer.pace)

    def _past(self, entrant: Entrant) -> tuple[int, tuple[TaskSample, ...]]:
        """The round that was over when the entrant was committed, and samples of it; none where there was none."""
        sync = past_round(self.ports.catalog, self.competition, entrant)
        if sync is None:
            return 0, ()
        return sync, past_samples(self.competition, sync, self.ports.chain, self.ports.open_stream)

    def _staged_past(self, key: str) -> Past | None:
        return self.state.staged(self.sync, f"past of {key}", Past)

    def _keep_past(self, key: str, sync: int, losses: Losses) -> None:
        if len(losses):
            self.state.stage(self.sync, f"past of {key}", Past, lambda: Past(sync=sync, samples=tuple(losses.tolist())))

    def _begin(self, key: str, roster: Roster) -> None:
        """Tell who is scored now, and who after it."""
        order = list(dict.fromkeys(one.entrant.key for one in roster.scored()))
        done = {*self.state.losses(self.competition.id, self.sync), *self.state.rejections()}
        self._turn = key, tuple(one for one in order[order.index(key) + 1 :] if one not in done)
        self._say(f"score {key}")

    def _watch(self, stage: str, done: int = 0, total: int = 0) -> None:
        key, waiting = self._turn if total else ("", ())
        moment = Doing(
            sync=self.sync,
            title=self.competition.title,
            stage=stage,
            key=key,
            done=done,
            total=total,
            waiting=waiting,
        )
        self.ports.watch(moment)

    def _scored(self, done: int, total: int) -> None:
        self.pacer.scored(done, total)
        self._watch("score", done, total)

    def _say(self, text: str) -> None:
        self.ports.say(f"round {self.sync}: {text}")

    def _folders(self, contender: Contender) -> Folders:
        """Where a contender's files lie. Raises `BadDownload`."""
        fixed = self.competition.constraints.tokenizer == "reference"
        return Folders(
            model=self._folder(contender.digest),
            base=self._folder(contender.base) if contender.base else None,
            tokenizer=self._folder(self.competition.reference.digest) if fixed else None,
        )

    def _folder(self, digest: str) -> Path:
        model = self.ports.cache.get(digest)
        if model is None:
            raise BadDownload(f"the model {digest} was changed or deleted in the cache while the round was played")
        return model.folder

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        self._watch(stage)
        began = self.ports.clock()
        yield
        self.seconds[stage] = self.ports.clock() - began


def _rejection(error: ScoringError) -> Rejection:
    """Why a model could not be scored on a machine that is sound."""
    if isinstance(error, ModelRejected):
        return error.rejection
    return Rejection(reason="cannot_be_scored", text=str(error))

"""A validator's life: when to play which round, what to do when a stage fails, and how to stop. Stages are in `round`.

A round that was begun is finished before the next, whatever killed it. One that fails for want of network is tried
again at the next step until the next sync block; then it is void and changes nothing. Meanwhile the last good weights
are sent again in time, so that no outage of hub, data or machine makes the validator inactive on chain.
"""

from dataclasses import dataclass, replace
from threading import Event
from typing import Literal

from competitions.competition import Competition
from finetune.errors import FinetuneError
from finetune.validating.control import ControlFailed
from finetune.validating.publish import resend
from finetune.validating.round import Ports, Round

# How often it is looked at whether weights are to be sent again: public nodes allow one request a second, and a look
# takes eight.
RESEND_BLOCKS = 10


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step did: played a round (judged or void), waits to try it again, or had nothing to do."""

    outcome: Literal["judged", "void", "waiting", "idle"]
    sync: int | None = None
    why: str = ""


class Validator:
    """One validator of one subnet."""

    def __init__(self, ports: Ports) -> None:
        """Nothing is asked of the network yet."""
        self.ports, self.state = ports, ports.state
        self._newest = 0  # block, when it was last asked for
        self._resent = -RESEND_BLOCKS  # block, when it was last looked at whether weights are to be sent again

    def run(self, stop: Event, *, pause: float = 12.0) -> None:
        """Step until told to stop, waiting `pause` seconds after each; a block takes 12 s."""
        while not stop.is_set():
            step = self.step()
            if step.why:
                self.ports.say(step.why)
            stop.wait(pause)

    def step(self) -> Step:
        """Play the round that is due, if one is. No fault of chain, hub, stream, disk or model leaves this method."""
        try:
            step = self._step()
        except FinetuneError as error:
            return Step(outcome="waiting", why=str(error))
        if step.outcome == "judged":  # and has sent its own weights; whether they were taken, the next step sees
            self._resent = self._newest - RESEND_BLOCKS
            return step
        if self._newest < self._resent + RESEND_BLOCKS:
            return step
        self._resent = self._newest
        unsent = resend(self.ports.chain, self.ports.hotkey, self.state, self._newest)
        return replace(step, why="; ".join(filter(None, (step.why, unsent))))

    def _step(self) -> Step:
        """The round's part of a step. Raises `FinetuneError` where not even the end of a round can be noted."""
        block = self._newest = self.ports.chain.block()
        due = self._due(block)
        if due is None:
            return Step(outcome="idle")
        sync, competition = due
        if competition is None:
            return self._void(sync, "the catalog has changed since it was begun")
        try:
            Round(self.ports, sync, competition).play()
        except ControlFailed as error:
            return self._void(sync, error)
        except FinetuneError as error:
            if self.state.open_round() is None:  # what came after its end, such as making room, can wait
                return Step(outcome="judged", sync=sync, why=str(error))
            if block < sync + competition.round.sync_blocks:
                return Step(outcome="waiting", sync=sync, why=f"round {sync} waits: {error}")
            return self._void(sync, error)
        return Step(outcome="judged", sync=sync)

    def _due(self, block: int) -> tuple[int, Competition | None] | None:
        """The round to play now: one begun and not ended, else the newest if it was not played yet.

        Without a competition where one was begun that the catalog no longer gives this round to.
        """
        catalog = self.ports.catalog
        begun = self.state.open_round()
        if begun is not None:
            sync, number = begun
            running = catalog.at(sync)
            return sync, catalog.turn(sync) if running and catalog.turn(sync).id == number else None
        newest = catalog.sync_block(block)
        if newest is None or newest <= self.state.last_round():
            return None
        competition = catalog.turn(newest)
        self.state.begin_round(newest, competition.id)
        return newest, competition

    def _void(self, sync: int, why: object) -> Step:
        self.state.end_round(sync, why_void=str(why))
        return Step(outcome="void", sync=sync, why=f"round {sync} is void and changes nothing: {why}")

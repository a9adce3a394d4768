"""A verdict is read off what validators reported and the chain paid."""

from dataclasses import replace
from typing import Any

import pytest

from finetune.chain.port import Metagraph, Neuron
from finetune.rehearsal.attacks.attack import Attack, ValidatorAttack
from finetune.rehearsal.attacks.verdicts import dividends, verdict
from finetune.validating.loop import Validator

ATTACK = Attack(name="evil", says="Does evil.", acts={2: lambda attacker: None})
ROGUE = ValidatorAttack(name="rogue", says="Lies.", stake=1.0, join=lambda attacker, ports: Validator(ports))
HOTKEYS = {"evil": "5E", "evil-1": "5E1", "evil-2": "5E2", "evil-3": "5E3"}
KEY = "5E@21"


def record(**changes: Any) -> dict[str, Any]:
    empty = {"rejections": {}, "losses": {}, "queue": [], "duels": {}, "dethroner": None}
    empty |= {"champion": {"before": "5B@3", "after": "5B@3"}, "epsilon": 0.05}
    return empty | changes


def rejected(reason: str, key: str = KEY) -> dict[str, Any]:
    return record(rejections={key: {"reason": reason}})


def played(wins: int, losses: int, *, mean: float = 1.0, stopped: str = "", **changes: Any) -> dict[str, Any]:
    duel = {"wins": wins, "losses": losses, "challenger_mean": mean, "champion_mean": 2.0}
    return record(losses={KEY: {"samples": [1.0] * 22, "stopped": stopped}}, duels={KEY: duel}, **changes)


def neuron(uid: int, hotkey: str, incentive: float = 0.0, dividends: float = 0.0, stake: float = 0.0) -> Neuron:
    return Neuron(
        uid=uid,
        hotkey=hotkey,
        coldkey="5C",
        stake=stake,
        validator_permit=True,
        last_update=0,
        block_at_registration=0,
        incentive=incentive,
        dividends=dividends,
        consensus=0.0,
        validator_trust=0.0,
    )


def epoch(*neurons: Neuron) -> Metagraph:
    return Metagraph(block=20, tempo=20, activity_cutoff=400, weights_rate_limit=10, owner_hotkey=None, neurons=neurons)


@pytest.mark.parametrize(
    ("records", "stopped_by", "reason", "spent"),
    [
        ([], "hub", "never_committed", 0),
        ([rejected("same_weights")], "copy", "same_weights", 0),
        ([rejected("file_not_allowed")], "gate", "file_not_allowed", 0),
        ([rejected("degenerate_output")], "scoring", "degenerate_output", 0),
        ([rejected("private_repository"), played(0, 11, stopped="behind")], "duel", "behind", 22),
        ([played(0, 11, stopped="behind"), record()], "duel", "behind", 22),
        ([record(queue=[KEY])], "queue", "no_place", 0),
        ([played(3, 5)], "duel", "not_ahead", 22),
        ([played(33, 5, mean=2.5)], "duel", "worse_on_average", 22),
        ([played(8, 5), played(8, 5)], "duel", "too_little_evidence", 44),
        ([played(33, 5, dethroner=KEY)], "duel", "not_the_earliest", 22),
    ],
)
def test_the_last_word_of_the_validators_counts(records, stopped_by: str, reason: str, spent: int) -> None:
    found = verdict(ATTACK, HOTKEYS, records, [], ())
    assert (found.stopped_by, found.reason, found.samples_spent) == (stopped_by, reason, spent)
    assert found.failure == ""


def test_of_many_submissions_the_usual_end_counts_and_all_are_kept() -> None:
    records = [rejected("same_weights", f"5E{number}@2") for number in (1, 2)]
    records.append(record(losses={"5E3@2": {"samples": [1.0], "stopped": "behind"}}))
    found = verdict(replace(ATTACK, keys=3), HOTKEYS, records, [], ())
    assert (found.stopped_by, found.reason) == ("copy", "same_weights")
    assert found.submissions == {"copy: same_weights": 2, "duel: behind": 1}


def test_an_attack_that_earned_is_a_failure_unless_its_training_made_it_better() -> None:
    epochs = [epoch(neuron(0, "5E", incentive=0.5), neuron(1, "5B", incentive=0.5)), epoch(neuron(1, "5B", 1.0))]
    seated = seat_taken(by=[0.9, 1.0], of=[1.1, 1.0])
    found = verdict(ATTACK, HOTKEYS, [seated], epochs, ())
    assert (found.stopped_by, found.reason, found.earned) == ("nobody", "seated", 0.25)
    assert found.failure == "the attack evil earned 25.00% of all incentive"
    trained = verdict(replace(ATTACK, trains=True), HOTKEYS, [seated], epochs, ())
    assert (trained.reason, trained.failure) == ("honest_win", "")


@pytest.mark.parametrize("losses", [[1.0, 1.0], [1.05, 0.95], [0.95, 0.97, 9.0]])
def test_training_that_made_it_no_better_than_epsilon_asks_for_is_no_excuse(losses: list[float]) -> None:
    """Of samples, only those that both were scored on count."""
    records = [seat_taken(by=losses, of=[1.0, 1.0]), record(champion={"before": KEY, "after": KEY})]
    found = verdict(replace(ATTACK, trains=True), HOTKEYS, records, [epoch(neuron(0, "5E", incentive=1.0))], ())
    assert found.reason == "seated"
    assert found.failure == "the attack evil earned 100.00% of all incentive"


def seat_taken(*, by: list[float], of: list[float]) -> dict[str, Any]:
    """A round after which the attacker has the seat, with its own losses and those of who held it."""
    losses = {KEY: {"samples": by, "stopped": ""}, "5B@3": {"samples": of, "stopped": ""}}
    return record(champion={"before": "5B@3", "after": KEY}, losses=losses, dethroner=KEY)


def test_dividends_are_shares_by_shares_of_stake_over_the_epochs_that_paid() -> None:
    epochs = [
        epoch(neuron(0, "5V", stake=100), neuron(1, "5H", stake=300)),
        epoch(neuron(0, "5V", dividends=0.1, stake=100), neuron(1, "5H", dividends=0.9, stake=300)),
    ]
    found = dividends(ROGUE, "5V", "5H", epochs)
    assert found.dividends_per_stake == pytest.approx(0.4)
    assert found.honest_dividends_per_stake == pytest.approx(1.2)

"""The arithmetic of every decision, done again from one report alone. No chain, no hub, no model.

What earlier rounds have left is taken as told: `season` checks that.
"""

from finetune.auditing import round_end, round_start
from finetune.auditing.check import Check, check
from finetune.board.record import Account


def arithmetic(account: Account) -> tuple[Check, ...]:
    """Every check of one report of the second format, in the order of the round's stages."""
    record = account.record
    found = [
        check(
            "the competitions hash to the catalog's fingerprint, and it is this one's turn",
            round_start.rules(record),
        )
    ]
    if found[0].faults:  # nothing after it would mean anything
        return tuple(found)
    return (
        *found,
        check(
            "the seats as the round begins follow from those kept and the chain's word",
            round_start.seats_before(record),
        ),
        check("who plays, rests and waits follows from the rules, in this order", round_start.queue(record)),
        check("the commitments stand for the models' digests", round_start.commitments(account)),
        check("the samples' digests are as many as the round has, and hash to one", round_start.samples(record)),
        check("the reference's control losses are the known ones within tolerance", round_start.control(record)),
        check("everybody was scored as long as the rules say", round_end.losses(account)),
        check("duels and evidence follow from the losses", round_end.duels(account)),
        check("the seats after the round follow from the duels", round_end.seats_after(account)),
        check("the weights follow from the seats", round_end.weights(record)),
        check("the leakage meter took the rounds and samples that it must", round_end.past(account)),
        check("what is told of gates, seat and savings follows from the rest", round_end.told(account)),
    )

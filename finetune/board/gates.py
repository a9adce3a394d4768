"""The gates of a submission in their order, and how far it has come, told by the reason that it is out for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from competitions.rejection import Fault, Rejection
from finetune.board.figures import listed

# In the order in which a round asks them. A reason that no other has is a fault of the files.
_FILES = "files"
GATES: Mapping[str, tuple[str, ...]] = {
    "commitment": ("malformed_commitment", "unknown_competition"),
    "age": ("too_recent",),
    "repository": ("repository_gone", "private_repository", "hub_unavailable", "hub_refused", "no_room"),
    _FILES: (),
    "weights of its own": ("same_weights",),
    "loading": (
        *("not_finite", "implausible_weights", "missing_tensor", "extra_tensor", "wrong_shape"),
        *("vocabulary_does_not_fit", "lossy_tokenizer", "sees_the_future"),
    ),
    "scoring": ("degenerate_output", "too_slow", "out_of_memory", "crashed", "cannot_be_scored"),
}
_GATE_OF = {reason: gate for gate, reasons in GATES.items() for reason in reasons}
_UNSEEN = 2  # the gates that are asked of everybody in every round; the others when its turn comes
_LONGEST = 60  # characters of a reason, which may be anything


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """One gate. Where it failed, `reason` is the code of the rejection, `fault` whose it is, `text` its sentence."""

    gate: str
    result: Literal["passed", "failed", "not reached"]
    reason: str = ""
    fault: Fault | None = None
    text: str = ""


def gate_results(rejection: Rejection | None, seen: bool) -> tuple[GateResult, ...]:
    """How far a submission has come; `seen` says whether its model was ever looked at and scored."""
    names = list(GATES)
    if rejection is None:
        through = len(names) if seen else _UNSEEN
        return tuple(
            GateResult(gate=name, result="passed" if number < through else "not reached")
            for number, name in enumerate(names)
        )
    at = names.index(_GATE_OF.get(rejection.reason, _FILES))
    failed = GateResult(
        gate=names[at],
        result="failed",
        reason=rejection.reason[:_LONGEST],
        fault=rejection.fault,
        text=rejection.text[:300],
    )
    before = (GateResult(gate=name, result="passed") for name in names[:at])
    after = (GateResult(gate=name, result="not reached") for name in names[at + 1 :])
    return *before, failed, *after


def gates_words(results: tuple[GateResult, ...]) -> str:
    """The gates in one sentence."""
    by_result = {kind: [one.gate for one in results if one.result == kind] for kind in ("passed", "not reached")}
    passed, unreached = by_result["passed"], by_result["not reached"]
    failed = next((one for one in results if one.result == "failed"), None)
    if failed is None:
        if not unreached:
            return f"It has passed every gate: {listed(passed)}."
        return f"Gates passed: {listed(passed)}. {_upper(listed(unreached))} are looked at when its turn comes."
    whose = "the miner's fault" if failed.fault == "miner" else f"not the miner's fault: {failed.fault}"
    parts = [f"passed {listed(passed)}"] if passed else []
    parts.append(f"failed at {failed.gate} ({failed.reason}, {whose})")
    if unreached:
        parts.append(f"not reached: {listed(unreached)}")
    return f"Gates: {'; '.join(parts)}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Loss methods by name. A new method is one new file and one line here; how it makes a loss is its own business."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from finetune.errors import SetupError
from finetune.evals.generate import BATCH
from finetune.evals.ifeval import ifeval
from finetune.evals.multiple_choice import multiple_choice
from finetune.evals.preference import preference
from finetune.evals.reference_loss import reference_loss
from finetune.streams.sample import ChoiceSample, InstructionSample, PreferenceSample, Sample


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to make losses of samples.

    `losses(model, tokenizer, samples, *, sequence_length)` yields one float a sample, in order; any float, NaN too,
    since the rules bound it (`competitions.batches.sample_loss`). It raises `ScoringError`. `scores` is the kind of
    sample that it takes, `batch` how many it is given at once: more than one where that saves time.
    """

    losses: Callable[..., Iterator[float]]
    scores: type
    batch: int = 1


METHODS: Mapping[str, Method] = {
    "reference": Method(losses=reference_loss, scores=Sample),
    # A reference without messages before it: the same bits per byte.
    "text": Method(losses=reference_loss, scores=Sample),
    "multiple_choice": Method(losses=multiple_choice, scores=ChoiceSample),
    "preference": Method(losses=preference, scores=PreferenceSample),
    "ifeval": Method(losses=ifeval, scores=InstructionSample, batch=BATCH),
}


def find_method(name: str) -> Method:
    """The method called `name`. Raises `SetupError` for an unknown one."""
    if name not in METHODS:
        raise SetupError(f"no method is called {name!r}; there are {', '.join(sorted(METHODS))}")
    return METHODS[name]

"""Loss methods by name. A new method is one new file and one line here; how it makes a loss is its own business."""

from collections.abc import Callable, Mapping

from finetune.errors import SetupError
from finetune.evals.reference_loss import reference_loss

# Each is called as loss(model, tokenizer, sample, *, sequence_length); it may give any float, NaN too, since the rules
# bound it (`competitions.batches.sample_loss`), and raises `ScoringError`.
# Text is a reference without messages before it: the same bits per byte.
METHODS: Mapping[str, Callable[..., float]] = {"reference": reference_loss, "text": reference_loss}


def find_method(name: str) -> Callable[..., float]:
    """The method called `name`. Raises `SetupError` for an unknown one."""
    if name not in METHODS:
        raise SetupError(f"no method is called {name!r}; there are {', '.join(sorted(METHODS))}")
    return METHODS[name]

"""Loss methods by name. A new method is one new file and one line here; how it makes a loss is its own business."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finetune.errors import SetupError
from finetune.evals.reference_loss import WORST, reference_loss


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to make a loss of a model and a sample: lower is better, from 0 to `worst`.

    `loss(model, tokenizer, sample, *, sequence_length)` may give any float, NaN too, and raises `ScoringError`.
    """

    worst: float
    loss: Callable[..., float]

    def clip(self, loss: float) -> float:
        """`loss` within 0 and `worst`; what is not a finite number is the worst."""
        return min(max(loss, 0.0), self.worst) if math.isfinite(loss) else self.worst


# Text is a reference without messages before it: the same bits per byte.
METHODS: Mapping[str, Method] = {
    "reference": Method(worst=WORST, loss=reference_loss),
    "text": Method(worst=WORST, loss=reference_loss),
}


def find_method(name: str) -> Method:
    """The method called `name`. Raises `SetupError` for an unknown one."""
    if name not in METHODS:
        raise SetupError(f"no method is called {name!r}; there are {', '.join(sorted(METHODS))}")
    return METHODS[name]

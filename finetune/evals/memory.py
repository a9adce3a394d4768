"""What to do when memory runs out: let go of what is cached, and try the same in smaller steps. It knows no model."""

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

# What torch says on a CPU, where the error has no class of its own.
_CPU_WORDS = ("can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, on any device."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _CPU_WORDS)


def smaller_steps(compute: Callable[[S], T], steps: Sequence[S]) -> T:
    """`compute` of the first step that fits into memory. Raises what the last one raises if none does."""
    import torch

    for step in steps[:-1]:
        try:
            return compute(step)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler, which holds the failed frames and with them their tensors.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return compute(steps[-1])

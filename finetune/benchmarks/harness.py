"""The same figures by lm-eval, the harness that most published scores come from. It is optional: the extra `bench`."""

import logging
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

from finetune.evals.quiet import quiet
from finetune.evals.runtime import Loaded
from finetune.evals.tokens import Tokens


def installed() -> str | None:
    """The version of lm-eval, or None without it."""
    try:
        return version("lm-eval")
    except PackageNotFoundError:
        return None


def remarks() -> tuple[str, ...]:
    """What a reader must be told: nothing where lm-eval is installed."""
    if installed():
        return ()
    return ("Without lm-eval. To install it: .venv/bin/pip install -c constraints.txt -e '.[bench]'",)


def harness_losses(loaded: Loaded, batch: int) -> Callable[[Sequence[Tokens]], list[float]]:
    """A function from tokenised samples to nats, `batch` of them in one forward pass, by lm-eval's own model class.

    It is given ids, not text, so that it scores what we score.
    """
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    with quiet():
        from lm_eval.models.huggingface import HFLM

        harness = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=batch)

    def nats(tokens: Sequence[Tokens]) -> list[float]:
        # The first of each triple is a key under which lm-eval may cache an answer; it keeps no cache here.
        wanted = [((str(number), ""), one.prompt, one.scored) for number, one in enumerate(tokens)]
        return [-found for found, _ in harness._loglikelihood_tokens(wanted, disable_tqdm=True)]

    return nats

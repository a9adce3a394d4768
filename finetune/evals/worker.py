"""The worker: the process in which strangers' files are read and scored. `isolated` starts it and talks to it.

It reads a job from its standard input, opens the model, gives one loss for every line that asks for one, and waits for
the next job. It ends at the end of its input, and after any failure: nothing of a failed model is left for the next.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any, BinaryIO

from finetune.evals.wire import NEXT, READY, Job, error_message, line, read_job


def main() -> None:
    """Serve jobs until the input ends. `argv`: device, bytes of memory that may be added (0: without a limit)."""
    device, memory = sys.argv[1], int(sys.argv[2])
    # Whatever a library prints goes to standard error, never between two answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    # Some packages ask for the name of a temporary folder when they are imported, and fail where none can be written.
    tempfile.tempdir = "/"
    serve(sys.stdin.buffer, answers, device=device, memory=memory)


def serve(questions: BinaryIO, answers: BinaryIO, *, device: str, memory: int) -> None:
    """Answer the jobs that come in. Imports first, so that the limit bounds what the models take alone."""
    import torch
    from transformers import LlamaForCausalLM  # noqa: F401 - all that every architecture needs comes with it

    from finetune.evals.engine import Engine

    def say(message: dict[str, Any]) -> None:
        answers.write(line(message))

    if memory:
        if device == "cpu":
            _limit_address_space(memory)
        elif device == "cuda":
            # A little below all: a failed allocation is one model's rejection, a failed driver the whole machine's.
            torch.cuda.set_per_process_memory_fraction(0.95)
    engine = Engine(device, phase=lambda what: say({"phase": what}))
    say(READY)
    for question in questions:
        try:
            _play(engine, read_job(json.loads(question)), questions, say)
        except Exception as error:  # noqa: BLE001 - whatever it is, the validator is told and this worker ends
            say(error_message(error))
            return
        say(READY)


def _play(engine: Any, job: Job, questions: BinaryIO, say: Callable[[dict[str, Any]], None]) -> None:
    """One job: a loss for every line that asks for the next, until a line that does not."""
    from finetune.evals.runtime import losses

    loaded = engine.open(job.folders, dtype=job.dtype, sequence_length=job.sequence_length)
    found = losses(loaded, job.items, sequence_length=job.sequence_length)
    say({"phase": "scoring"})
    for question in questions:
        if json.loads(question) != NEXT:
            break
        say({"loss": next(found)})
    engine.close()


def _limit_address_space(memory: int) -> None:
    """Let this process add at most `memory` bytes to what it has mapped by now."""
    import resource

    try:
        with open("/proc/self/statm") as statm:  # noqa: PTH123 - a file of the kernel
            mapped = int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        # Without /proc (macOS) address space is no measure of memory; the caller watches what it can.
        return
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))


if __name__ == "__main__":
    main()

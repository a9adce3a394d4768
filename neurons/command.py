"""How a miner's command ends: what went wrong as text on standard error, and an exit code."""

import sys
from collections.abc import Callable


def ended(run: Callable[[], None]) -> int:
    """Run it: 0, 2 where something is wrong that a person can read, 130 where it was interrupted."""
    from finetune.errors import FinetuneError

    try:
        run()
    except FinetuneError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; run the same command again and it goes on from here", file=sys.stderr)
        return 130
    return 0

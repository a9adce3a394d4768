"""Publishes a model folder by hand: uploads it in private, commits its hash, waits for that, then makes it public.

It is the miner's own code and journal, without the miner's other flags. Stopped anywhere and run again with the same
folder, it neither uploads nor commits twice.
"""

import os
from collections.abc import Mapping, Sequence

from neurons.command import ended
from neurons.publishing import publish_folder
from neurons.settings import MINER, environment, parse
from scripts.command import finish

_NOT_HERE = ("list_competitions", "load_best", "load_uid", "update_repo_visibility", "recipe", "data")
UPLOAD = tuple(one for one in MINER if one.name not in _NOT_HERE)


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Publish the folder; returns 0, or 2 with the reason on standard error."""
    summary = str(__doc__).splitlines()[0]
    options = parse(UPLOAD, summary, arguments, environment() if variables is None else variables)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    return ended(lambda: publish_folder(options))


if __name__ == "__main__":
    finish(main)

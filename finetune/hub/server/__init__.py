"""A small hub for this machine: the part of the Hugging Face protocol that its own client speaks, on 127.0.0.1.

Models and datasets, for rehearsals and tests. `LocalHub` runs it in a thread, `python -m finetune.hub.server` by hand.
"""

from finetune.hub.server.local_hub import LocalHub

__all__ = ["LocalHub"]

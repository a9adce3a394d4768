"""From a block hash to the seed of every single draw, the same for every validator. It knows no stream."""

import hashlib

# What the reference's known losses are measured on: a seed that never changes and is no block's hash.
CONTROL_SEED = hashlib.sha256(b"finetune control samples").digest()


def draw_seed(seed: bytes, competition: int, task: str, draw: int) -> bytes:
    """The 32-byte seed of draw `draw` of a task: SHA-256 over (seed, competition, task, draw), each length-delimited.

    The lengths keep (1, "2X") and (12, "X") apart: every part is written as 8 bytes of length and its bytes.
    """
    digest = hashlib.sha256()
    for part in (seed, str(competition).encode(), task.encode(), str(draw).encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()

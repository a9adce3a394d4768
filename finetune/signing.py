"""Signed tables: a record, the hotkey that signs it, and the signature over the record's canonical bytes.

Validators' reports and manifests of datasets are both this. It knows neither, and no file.
"""

import json
from collections.abc import Mapping
from typing import Any

from finetune.chain.port import Signer


def canonical(record: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys, no spaces, no NaN."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sign(record: Mapping[str, Any], hotkey: Signer) -> dict[str, Any]:
    """The record with its signer and the signature over its canonical bytes, in hex."""
    return {"record": dict(record), "hotkey": hotkey.ss58_address, "signature": hotkey.sign(canonical(record)).hex()}


def signed_by(signed: Mapping[str, Any]) -> str | None:
    """The hotkey whose signature the table carries, or None where the signature does not fit. Takes any table."""
    try:
        hotkey, signature, data = str(signed["hotkey"]), signed["signature"], canonical(signed["record"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return hotkey if signature_fits(hotkey, data, signature) else None


def signature_fits(hotkey: str, data: bytes, signature: object) -> bool:
    """Whether `signature` is the hotkey's over `data`, in hex."""
    from bittensor.sp_core import Keypair

    try:
        # A broken address, hex or length raises instead of answering.
        return isinstance(signature, str) and bool(Keypair(ss58_address=hotkey).verify(data, bytes.fromhex(signature)))
    except (TypeError, ValueError):
        return False


def is_address(value: object) -> bool:
    """Whether `value` is the ss58 address of a key."""
    from bittensor.sp_core import Keypair

    try:
        return isinstance(value, str) and Keypair(ss58_address=value).ss58_address == value
    except (TypeError, ValueError):
        return False

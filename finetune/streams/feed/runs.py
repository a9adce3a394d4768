"""Which runs of a project count: those of publishers with enough stake, who prove it by a signature. It reads no rows.

A run's config names its `hotkey` and `netuid`, and may hold a `signature`: hex, with or without 0x, of the hotkey's
sr25519 signature over the UTF-8 bytes of the run's id (the last part of its URL, which wandb calls its name).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finetune.hub.strict_json import parse_object
from finetune.signing import signature_fits
from finetune.streams.feed.times import unix_seconds

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, kw_only=True)
class FeedRun:
    """A run that counts, and who publishes it."""

    id: str
    hotkey: str


@dataclass(frozen=True, kw_only=True)
class Publishers:
    """Who may publish: hotkeys with at least `min_stake` on the subnet. `stakes` are by hotkey."""

    netuid: int
    min_stake: float
    stakes: Mapping[str, float]
    signed: Literal["required", "if_present"]


def judge_run(node: Any, publishers: Publishers, start: float) -> FeedRun | str:
    """The run that wandb describes in `node`, or in one word why it does not count.

    A run that wandb has not heard of since `start`, in Unix seconds, is "silent".
    """
    try:
        run, config = node["name"], parse_object(node["config"].encode())
        hotkey, netuid, signature = (_value(config, key) for key in ("hotkey", "netuid", "signature"))
    except (TypeError, KeyError, AttributeError, ValueError):
        return "bad_run"
    if not isinstance(run, str) or not _ID.fullmatch(run) or not isinstance(hotkey, str):
        return "bad_run"
    if type(netuid) is not int or netuid != publishers.netuid:
        return "other_netuid"
    # Not "less than": a stake that is no number is not enough either.
    if not publishers.stakes.get(hotkey, 0.0) >= publishers.min_stake:
        return "low_stake"
    if signature is None and publishers.signed == "required":
        return "unsigned"
    if signature is not None:
        plain = signature.removeprefix("0x") if isinstance(signature, str) else signature
        if not signature_fits(hotkey, run.encode(), plain):
            return "bad_signature"
    heard = unix_seconds(node.get("heartbeatAt"))
    if heard is not None and heard < start:
        return "silent"
    return FeedRun(id=run, hotkey=hotkey)


def _value(config: Mapping[str, Any], key: str) -> object:
    """The value of a key: a config holds each inside a table of its own."""
    return config[key]["value"] if key in config else None

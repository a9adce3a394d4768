"""Runs against an endpoint: plans of a few sections, and sessions with everything a test leaves alone filled in."""

import json
from pathlib import Path
from typing import Any

from finetune.generating.asking import Plan
from finetune.generating.budget import Prices
from finetune.generating.endpoint import Endpoint
from finetune.generating.kinds import KINDS
from finetune.generating.session import Limits, Session, run_session
from tests.finetune.generating.made import section
from tests.finetune.generating.server import FakeEndpoint

NOW = 1_795_240_800.0  # 2026-11-21 06:00 UTC


def make_plan(count: int = 6, **changes: Any) -> Plan:
    given = {"kind": KINDS["questions"], "model": "m", "seed": 0, "per_section": 1, "attempts": 2, "max_tokens": 100}
    return Plan(**given | {"sections": tuple(section(i) for i in range(count))} | changes)


def make_limits(**changes: Any) -> Limits:
    given = {"workers": 3, "timeout": 10.0, "prices": Prices(), "max_requests": None, "max_cost": None}
    return Limits(**given | changes)


def session(endpoint: FakeEndpoint, out: Path, plan: Plan | None = None, **changes: Any) -> Session:
    """One session of a run in `out`; `said` in the changes takes its lines."""
    limits = {name: changes.pop(name) for name in ("workers", "prices", "max_requests", "max_cost") if name in changes}
    said = changes.pop("said", [])
    given = {"earlier": [], "facts": {}, "hotkey": None, "say": said.append, "now": lambda: NOW}
    key = changes.pop("key", "")
    return run_session(
        plan or make_plan(), Endpoint(base=endpoint.base, key=key), make_limits(**limits), out=out, **given | changes
    )


def rows_in(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]

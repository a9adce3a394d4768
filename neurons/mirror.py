"""Starts the processes that bring a validator's rounds to wandb and to a dataset, where its operator wants that."""

import os
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack


def start_mirror(options: Namespace, hotkey: str, held: ExitStack, say: Callable[[str], None]) -> None:
    """Start it, to be ended with `held`, or say in one sentence why not. No fault of it stops a validator."""
    from finetune.mirror.child import Mirror, mirroring

    if options.wandb_off or options.offline:
        say("wandb is off")
        return
    if not options.wandb_api_key:
        say("wandb is off, for WANDB_API_KEY is not set; rounds go on without it")
        return
    mirror = Mirror(
        reports=options.model_dir / "reports",
        folder=options.model_dir / "mirror",
        hotkey=hotkey,
        netuid=options.netuid,
        project=options.wandb_project,
        entity=options.wandb_entity,
        api_key=options.wandb_api_key,
        base_url=options.wandb_base_url,
    )
    try:
        held.enter_context(mirroring(mirror, os.environ))
    except OSError as error:
        say(f"wandb is off, for its process cannot be started: {error.strerror}; rounds go on without it")


def start_archive(options: Namespace, hotkey: str, held: ExitStack, say: Callable[[str], None]) -> None:
    """Start the process that brings reports to a dataset, where the operator names one. No fault stops a validator."""
    from finetune.mirror.child import HubMirror, mirroring

    if not options.reports_repo_id or options.offline:
        return
    mirror = HubMirror(
        reports=options.model_dir / "reports",
        folder=options.model_dir / "archive",
        hotkey=hotkey,
        repository=options.reports_repo_id,
        endpoint=options.hf_endpoint,
        token=options.hf_token,
    )
    try:
        held.enter_context(mirroring(mirror, os.environ))
    except OSError as error:
        why = f"their process cannot be started: {error.strerror}"
        say(f"reports are not published, for {why}; rounds go on without it")

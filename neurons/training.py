"""Trains for a competition and publishes what comes out: the miner's whole way in one command.

The recipes are in `finetune/mining/recipes`, the way from a base to a model in `finetune/mining/node.py`, the way from
there to a commitment in `publishing.py`.
"""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from neurons.publishing import open_desk, publish_draft, say, sound_draft

if TYPE_CHECKING:
    import argparse

    from competitions.competition import Competition
    from finetune.mining.node import Trainer
    from finetune.mining.recipes.recipe import Recipe
    from neurons.publishing import Desk

# Samples that are practised where there is no file of data: what a first model needs, and minutes to draw and learn.
_PRACTICE = 2_000


def train_and_publish(options: "argparse.Namespace") -> None:
    """Fetch base and data, train by `--recipe`, try the model, publish it. What was done before is not done again.

    The data is `--data`, else the competition's training file, else samples of its own streams under seeds that no
    round draws. Raises as `publish_folder`, and `SetupError` for a recipe, a base or data that do not fit.
    """
    from finetune.hub.client import HubClient
    from finetune.mining.node import Node, train_model

    with ExitStack() as held:
        desk = open_desk(options, held)
        competition = desk.competition
        recipe = _recipe(options, competition)
        node = Node(
            hotkey=desk.hotkey,
            hub=desk.hub,
            datasets=HubClient(options.hf_endpoint, options.hf_token, kind="dataset"),
            chain=desk.chain,
            folder=options.model_dir / "training",
            wait_for=lambda _: None,  # nothing is committed by `train_model`
            say=say,
            quota_bytes=options.quota_gb * 10**9,
        )
        _, model = train_model(
            node,
            competition,
            trainer=_trainer(desk, recipe, held),
            data=[options.data] if options.data else None if competition.training else [],
            label=f"{recipe.trains}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]}",
        )
        publish_draft(desk, model, sound_draft(options, model, competition, desk.hotkey))


def _recipe(options: "argparse.Namespace", competition: "Competition") -> "Recipe":
    """The recipe of the flags, or one for what the competition takes. Raises `SetupError`."""
    from finetune.mining.recipes.files import read_recipe, recipe_names

    limits = competition.constraints
    name = options.recipe or ("full" if limits.lora == "no" else "lora")
    # A file of the miner's own says itself how long its samples are.
    return read_recipe(name, [f"sequence_length={limits.sequence_length}"] if name in recipe_names() else [])


def _trainer(desk: "Desk", recipe: "Recipe", held: ExitStack) -> "Trainer":
    options, competition = desk.options, desk.competition

    def run(base: Path, data: Sequence[Path], out: Path) -> None:
        from finetune.evals.tokenizer import load_tokenizer
        from finetune.mining.recipes.data import Given, gather
        from finetune.mining.recipes.held_out import unit
        from finetune.mining.recipes.lines import Lines
        from finetune.mining.recipes.rules import check_rules
        from finetune.mining.recipes.training import train_recipe
        from neurons.checking import open_streams

        check_rules(recipe, base, competition)
        open_stream, window = open_streams(options, competition, desk.chain, held, say)
        found = gather(
            Given(files=data, every_turn=True, practice=0 if data else _PRACTICE),
            load_tokenizer(base),
            sequence_length=recipe.sequence_length,
            seed=recipe.seed,
            competition=competition,
            open_stream=open_stream,
            window=window,
        )
        sides = found.sides
        for note in (*found.notes, f"{len(sides.train):,} samples to learn, {len(sides.held_out):,} held out"):
            say(note)
        lines = Lines(unit(sides.held_out), say)
        trained = train_recipe(
            base,
            out,
            sides.train,
            sides.held_out,
            recipe,
            device="cpu" if options.device == "cpu" else "auto",
            scored_in=competition.precision.dtype,
            on_progress=lines,
        )
        if trained is not None:
            lines.end(trained, out)

    return run

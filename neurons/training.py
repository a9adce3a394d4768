"""Trains for a competition and publishes what comes out: the miner's whole way in one command.

The recipes are in `finetune/mining/recipes`, the way from a base to a model in `finetune/mining/node.py`, the way from
there to a commitment in `publishing.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from neurons.publishing import check_seat, open_desk, publish_draft, refuse_public, say, sound_draft

if TYPE_CHECKING:
    import argparse

    from competitions.competition import Competition
    from finetune.mining.node import Trainer
    from finetune.mining.recipes.data import Data
    from finetune.mining.recipes.recipe import Recipe
    from finetune.streams.sources import Window
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
    from finetune.startup import refuse

    with ExitStack() as held:
        desk = open_desk(options, held, lambda competition: _look(options, competition))
        competition = desk.competition
        recipe = _recipe(options, competition, seed=_seed(desk.hotkey.ss58_address))
        node = Node(
            hotkey=desk.hotkey,
            hub=desk.hub,
            datasets=HubClient(options.hf_endpoint, options.hf_token, kind="dataset"),
            chain=desk.chain,
            folder=options.model_dir,
            wait_for=lambda _: None,  # nothing is committed by `train_model`
            say=say,
            quota_bytes=options.quota_gb * 10**9,
        )
        _, model = train_model(
            node,
            competition,
            trainer=_trainer(desk, recipe),
            data=[options.data] if options.data else None if competition.training else [],
            label=f"trained-{recipe.trains}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]}",
        )
        draft = sound_draft(options, model, competition, desk.hotkey)
        refuse(check_seat(options, desk.chain, desk.hotkey.ss58_address, draft), "miner")
        publish_draft(desk, model, draft)


def _look(options: "argparse.Namespace", competition: "Competition") -> list[str]:
    """What would end the training later, after a base was fetched, a sentence each."""
    from finetune.mining.dataset.reading import read_dataset
    from finetune.mining.node import choose_base
    from finetune.mining.recipes.learner import check_four_bit
    from finetune.mining.recipes.rules import check_recipe
    from finetune.startup import noting

    faults: list[str] = []
    if not (base := choose_base(competition)).digest:
        faults.append(f"competition {competition.id} does not pin its base {base.repository} yet, so no round is")
    if options.data:
        with noting(faults):
            read_dataset([options.data], every_turn=True)
    with noting(faults):
        recipe = _recipe(options, competition)
        check_recipe(recipe, competition)
        if recipe.learns == "pairs" and not options.data and not competition.training:
            faults.append("this recipe learns from preference pairs, and streams give none; bring some with --data")
        if recipe.four_bit:
            check_four_bit()
    return faults


def _seed(address: str) -> int:
    """A seed of the hotkey's own: miners who change nothing else would train the same weights, and one alone counts."""
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big")


def _recipe(options: "argparse.Namespace", competition: "Competition", seed: int = 0) -> "Recipe":
    """The recipe of the flags, or one for what the competition takes. Raises `SetupError`."""
    from finetune.mining.recipes.files import read_recipe, recipe_names

    limits = competition.constraints
    name = options.recipe or ("full" if limits.lora == "no" else "lora")
    # A file of the miner's own says itself how long its samples are, and by which seed it learns.
    own = [f"sequence_length={limits.sequence_length}", f"seed={seed}"]
    return read_recipe(name, own if name in recipe_names() else [])


def _trainer(desk: "Desk", recipe: "Recipe") -> "Trainer":
    def run(base: Path, data: Sequence[Path], out: Path) -> None:
        from finetune.mining.recipes.held_out import unit
        from finetune.mining.recipes.lines import Lines
        from finetune.mining.recipes.rules import check_rules
        from finetune.mining.recipes.training import train_recipe

        # Even where the hotkey itself has committed what is public there, a new model needs a new one.
        refuse_public(desk.hub, desk.options.hf_repo_id)
        check_rules(recipe, base, desk.competition)
        found = _gathered(desk, recipe, base, data, out)
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
            device="cpu" if desk.options.device == "cpu" else "auto",
            scored_in=desk.competition.precision.dtype,
            on_progress=lines,
        )
        if trained is not None:
            lines.end(trained, out)

    return run


def _gathered(desk: "Desk", recipe: "Recipe", base: Path, data: Sequence[Path], out: Path) -> "Data":
    """What is learned and what is measured. Raises `FinetuneError`."""
    from finetune.evals.tokenizer import load_tokenizer
    from finetune.mining.recipes.data import Given, gather
    from neurons.checking import open_streams

    with ExitStack() as held:
        # What streams read is needed, and their sources open, for as long as samples are drawn.
        open_stream, newest = open_streams(desk.options, desk.competition, None if data else desk.chain, held, say)
        return gather(
            Given(files=data, every_turn=True, practice=0 if data else _PRACTICE),
            load_tokenizer(base),
            sequence_length=recipe.sequence_length,
            seed=recipe.seed,
            competition=desk.competition,
            open_stream=open_stream,
            window=_kept(newest, out.with_name(f"{out.name}.window.json")),
        )


def _kept(newest: "Window", file: Path) -> "Window":
    """The time that this training draws from: the newest when it began. Later, other samples would be another one.

    Raises `SetupError`.
    """
    from dataclasses import asdict

    from finetune.errors import SetupError
    from finetune.files import write_atomically
    from finetune.streams.sources import Window

    if not file.exists():
        write_atomically(file, json.dumps(asdict(newest)).encode())
    try:
        return Window(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SetupError(f"{file} cannot be read: {error}; delete it to draw new samples") from error

"""The settings of both processes: a flag each, an environment variable each, and one table. It reads nothing else.

A flag counts before the environment, the environment before the file `.env` in the working folder.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. `flag` is None for a secret, which a command line would show to everybody on the machine."""

    name: str
    variable: str
    help: str
    flag: str | None = None
    default: Any = None
    kind: type = str


COMMON = (
    Setting(
        name="wallet_name", flag="--wallet.name", variable="WALLET_NAME", default="default", help="the wallet's name"
    ),
    Setting(
        name="wallet_hotkey", flag="--wallet.hotkey", variable="WALLET_HOTKEY", default="default", help="its hotkey"
    ),
    Setting(
        name="wallet_path",
        flag="--wallet.path",
        variable="WALLET_PATH",
        default="~/.bittensor/wallets",
        help="where wallets lie",
    ),
    Setting(
        name="network",
        flag="--subtensor.network",
        variable="SUBTENSOR_NETWORK",
        default="finney",
        help="finney, test, ws://..., or local:PATH for a chain file",
    ),
    Setting(name="netuid", flag="--netuid", variable="NETUID", default=37, kind=int, help="the subnet"),
    Setting(
        name="catalog",
        flag="--catalog",
        variable="CATALOG",
        default=Path("competitions/catalog"),
        kind=Path,
        help="folder of competition files",
    ),
    Setting(
        name="offline",
        flag="--offline",
        variable="OFFLINE",
        default=False,
        kind=bool,
        help="do everything, send nothing",
    ),
    Setting(name="device", flag="--device", variable="DEVICE", default="cpu", help="cpu, cuda or mps"),
    Setting(
        name="model_dir",
        flag="--model_dir",
        variable="MODEL_DIR",
        default=Path("runs/models"),
        kind=Path,
        help="where models, state and reports are kept",
    ),
    Setting(name="quota_gb", flag="--quota_gb", variable="QUOTA_GB", default=200, kind=int, help="space for models"),
    Setting(name="hf_endpoint", variable="HF_ENDPOINT", help="another hub than huggingface.co"),
    Setting(name="hf_token", variable="HF_TOKEN", help="token of Hugging Face"),
)
UNSAFE = Setting(
    name="unsafe_no_isolation",
    flag="--unsafe_no_isolation",
    variable="UNSAFE_NO_ISOLATION",
    default=False,
    kind=bool,
    help="score strangers' models without walls where none can be had",
)
MINER = (
    *COMMON,
    Setting(
        name="competition_id",
        flag="--competition_id",
        variable="COMPETITION_ID",
        default=-1,
        kind=int,
        help="the competition to take part in",
    ),
    Setting(
        name="list_competitions",
        flag="--list_competitions",
        variable="LIST_COMPETITIONS",
        default=False,
        kind=bool,
        help="show the competitions and end",
    ),
    Setting(
        name="load_best",
        flag="--load_best",
        variable="LOAD_BEST",
        default=False,
        kind=bool,
        help="fetch the leading model, to start from, and end",
    ),
    Setting(name="load_uid", flag="--load_uid", variable="LOAD_UID", kind=int, help="fetch the model of a uid and end"),
    Setting(
        name="load_model_dir",
        flag="--load_model_dir",
        variable="LOAD_MODEL_DIR",
        kind=Path,
        help="the folder to publish; without one, a model is trained first",
    ),
    Setting(
        name="recipe",
        flag="--recipe",
        variable="RECIPE",
        help="how to train: full, partial, lora, qlora, dpo, or a file",
    ),
    Setting(
        name="data",
        flag="--data",
        variable="DATA",
        kind=Path,
        help="JSON Lines to learn; without any, the competition's training file or samples of its streams",
    ),
    Setting(
        name="hf_repo_id",
        flag="--hf_repo_id",
        variable="HF_REPO_ID",
        help="namespace/name of the repository to publish to",
    ),
    Setting(
        name="update_repo_visibility",
        flag="--update_repo_visibility",
        variable="UPDATE_REPO_VISIBILITY",
        default=False,
        kind=bool,
        help="make the committed repository public and end",
    ),
    Setting(
        name="give_up_seat",
        flag="--give_up_seat",
        variable="GIVE_UP_SEAT",
        default=False,
        kind=bool,
        help="commit although this hotkey earns",
    ),
    Setting(
        name="force",
        flag="--force",
        variable="FORCE_PUBLISH",
        default=False,
        kind=bool,
        help="publish a model without asking the validators' gates first",
    ),
)
VALIDATOR = (
    *COMMON,
    UNSAFE,
    Setting(
        name="wandb_project",
        flag="--wandb_project",
        variable="WANDB_PROJECT",
        default="finetuning",
        help="where rounds are shown on wandb",
    ),
    Setting(
        name="wandb_entity",
        flag="--wandb_entity",
        variable="WANDB_ENTITY",
        help="whose project that is, if not the key's own",
    ),
    Setting(
        name="wandb_off", flag="--wandb.off", variable="WANDB_OFF", default=False, kind=bool, help="show nothing there"
    ),
    Setting(name="wandb_api_key", variable="WANDB_API_KEY", help="key of wandb"),
    Setting(
        name="reports_repo_id",
        flag="--reports_repo_id",
        variable="REPORTS_REPO_ID",
        help="namespace/name of a dataset to publish reports to",
    ),
    Setting(name="wandb_base_url", variable="WANDB_BASE_URL", help="another server than wandb.ai's"),
)

_YES, _NO = ("1", "true", "yes", "y", "on"), ("0", "false", "no", "n", "off")


def parse(
    settings: Sequence[Setting], description: str, arguments: Sequence[str] | None, environment: Mapping[str, str]
) -> argparse.Namespace:
    """The value of every setting. Ends the process with a sentence for one that cannot be read, as argparse does."""
    return make_parser(settings, description, environment).parse_args(arguments)


def make_parser(
    settings: Sequence[Setting], description: str, environment: Mapping[str, str]
) -> argparse.ArgumentParser:
    """A parser of these settings, for whoever adds flags of its own. Ends the process as `parse` does."""
    parser = argparse.ArgumentParser(description=description, epilog=_secrets(settings))
    known = _dotenv() | dict(environment)
    for one in settings:
        given = known.get(one.variable, "")
        if one.flag is None:
            parser.set_defaults(**{one.name: given or one.default})
            continue
        text = f"{one.help} (${one.variable}" + (f"; {one.default})" if one.default not in (None, False) else ")")
        if one.kind is bool:
            if given.lower() not in (*_YES, *_NO, ""):
                parser.error(f"{one.variable} is {given!r}; allowed are {', '.join((*_YES, *_NO))}")
            default = given.lower() in _YES if given else one.default
            parser.add_argument(one.flag, dest=one.name, action="store_true", default=default, help=text)
        else:
            # argparse reads a text that stands as a default as it reads one that is given.
            parser.add_argument(one.flag, dest=one.name, type=one.kind, default=given or one.default, help=text)
    return parser


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


def _dotenv() -> dict[str, str]:
    """What the file `.env` in the working folder says."""
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(Path(".env")).items() if value is not None}


def _secrets(settings: Sequence[Setting]) -> str:
    named = [f"{one.variable} ({one.help})" for one in settings if one.flag is None]
    return "From the environment or .env alone: " + ", ".join(named) + "."

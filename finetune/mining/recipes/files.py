"""Recipe files: TOML in, `Recipe` out, with values of the command line in their places, or one error that names both.

The recipes that come with this package lie beside this file. A recipe has the keys of its file and no others: what a
full fine-tuning could do with the rank of an adapter is nothing, so that giving one is a mistake.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from competitions.check import Invalid
from competitions.tables import from_table
from finetune.errors import SetupError
from finetune.mining.recipes.recipe import Recipe

FOLDER = Path(__file__).parent


def recipe_names() -> list[str]:
    """The names of the recipes that come with this package, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_recipe(name: str, settings: Sequence[str] = ()) -> Recipe:
    """The recipe of that name, or in the file of that path, with settings such as "rank=32" in place of its values.

    Raises `SetupError` that names the file or the setting, the key, what was found and what is allowed.
    """
    path = FOLDER / f"{name}.toml" if name in recipe_names() else Path(name)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        allowed = ", ".join(recipe_names())
        raise SetupError(f"no recipe is called {name!r} ({error.strerror}); there are {allowed}, or a file") from error
    except (ValueError, RecursionError) as error:  # tomllib raises these two for endless digits and endless brackets
        raise SetupError(f"{path}: not a TOML file: {error}") from error
    _recipe(table, str(path))
    for setting in settings:
        key, given = _setting(setting, path, list(table))
        table[key] = given
        # One at a time, so that an error names the setting that it comes from.
        _recipe(table, f"--set {setting}")
    return _recipe(table, str(path))


def _recipe(table: dict[str, Any], where: str) -> Recipe:
    try:
        return from_table(Recipe, table)
    except Invalid as error:
        raise SetupError(f"{where}: {error}") from error


def _setting(text: str, path: Path, known: Sequence[str]) -> tuple[str, Any]:
    """Key and value of "key=value"; the value is TOML, and a text where it is none."""
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise SetupError(f"--set {text}: it must be key=value")
    if key not in known:
        raise SetupError(f"--set {text}: recipe {path.stem} has no key {key!r}; it has {', '.join(known)}")
    try:
        parsed = tomllib.loads(f"value = {value}")
        return key, parsed["value"] if len(parsed) == 1 else value
    except (ValueError, RecursionError):
        return key, value

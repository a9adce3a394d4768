"""Reads competition files: TOML in, `Competition` out, or one error naming file, key, what was found and is allowed."""

import tomllib
from pathlib import Path

from competitions.check import Invalid
from competitions.competition import Competition
from competitions.tables import from_table


class CatalogError(ValueError):
    """A competition file, or a set of them, that breaks a rule. Its text is for the file's author."""


def read_competition(path: Path) -> Competition:
    """Read one competition file. Raises `CatalogError`."""
    try:
        return from_table(Competition, tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read ({error.strerror})") from error
    except Invalid as error:
        raise CatalogError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:  # tomllib raises these two for endless digits and endless brackets
        raise CatalogError(f"{path}: not a TOML file: {error}") from error

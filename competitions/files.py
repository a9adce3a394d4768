"""Reads competition files: TOML in, `Competition` out, or one error naming file, key, what was found and is allowed."""

import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

from competitions.check import Invalid
from competitions.competition import Competition

_NAMES = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}


class CatalogError(ValueError):
    """A competition file, or a set of them, that breaks a rule. Its text is for the file's author."""


def read_competition(path: Path) -> Competition:
    """Read one competition file. Raises `CatalogError`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a TOML file: {error}") from error
    try:
        return typing.cast(Competition, _value("", table, Competition))
    except Invalid as error:
        raise CatalogError(f"{path}: {error}") from error


def _table(key: str, found: object, kind: type) -> object:
    """A dataclass from a TOML table whose keys are its fields."""
    if not isinstance(found, dict):
        raise Invalid(key, found, "a table with " + ", ".join(field.name for field in fields(kind)))
    known = {field.name: field for field in fields(kind)}
    for name in found:
        if name not in known:
            raise Invalid(f"{key}.{name}".lstrip("."), found[name], "no such key; there are " + ", ".join(known))
    kinds = typing.get_type_hints(kind)
    values = {}
    for name, field in known.items():
        if name in found:
            values[name] = _value(f"{key}.{name}".lstrip("."), found[name], kinds[name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Invalid(f"{key}.{name}".lstrip("."), None, "a value: this key has no default")
    try:
        return kind(**values)
    except Invalid as error:
        raise (error.under(key) if key else error) from error


def _value(key: str, found: object, kind: typing.Any) -> object:
    """A value of the kind that a field declares, from what TOML gave. Raises `Invalid`."""
    origin = typing.get_origin(kind)
    if is_dataclass(kind):
        return _table(key, found, typing.cast(type, kind))
    if origin is types.UnionType:  # only `X | None`, and TOML has no null
        return _value(key, found, next(arm for arm in typing.get_args(kind) if arm is not types.NoneType))
    if origin is tuple:
        if not isinstance(found, list):
            raise Invalid(key, found, "a list in [ ]")
        item = typing.get_args(kind)[0]
        return tuple(_value(f"{key}[{n}]", value, item) for n, value in enumerate(found))
    if origin is typing.Literal:
        if found not in typing.get_args(kind):
            raise Invalid(key, found, "one of " + ", ".join(map(repr, typing.get_args(kind))))
        return found
    if origin is Mapping:
        if not isinstance(found, dict):
            raise Invalid(key, found, "a table")
        return found
    if kind is float and type(found) is int:
        return float(found)
    if type(found) is not kind:
        raise Invalid(key, found, _NAMES[kind])
    return found

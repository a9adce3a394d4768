"""Frozen values from plain tables, as TOML and JSON give them, checked key by key. It knows no files."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass

from competitions.check import Invalid

T = typing.TypeVar("T")

_NAMES = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}


def from_table(kind: type[T], table: object) -> T:
    """A dataclass of the kind from a table whose keys are its fields; tables in it become what their fields declare.

    Raises `Invalid` for an unknown or missing key and for a value of another type, naming its path.
    """
    return typing.cast(T, _value("", table, kind))


def _table(key: str, found: object, kind: type) -> object:
    """A dataclass from a table."""
    known = {field.name: field for field in fields(kind)}
    if not isinstance(found, dict):
        raise Invalid(key, found, "a table with " + ", ".join(known))
    for name in found:
        if name not in known:
            raise Invalid(_join(key, name), found[name], "no such key; there are " + ", ".join(known))
    kinds = typing.get_type_hints(kind)
    values = {}
    for name, field in known.items():
        if name in found:
            values[name] = _value(_join(key, name), found[name], kinds[name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Invalid(_join(key, name), None, "a value: this key has no default")
    try:
        return kind(**values)
    except Invalid as error:
        raise (error.under(key) if key else error) from error


def _value(key: str, found: object, kind: typing.Any) -> object:
    """A value of the kind that a field declares."""
    if type(found) is int and found.bit_length() > 63:
        raise Invalid(key, f"a number of {found.bit_length()} bits", "at most 63 bits and a sign")
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is object:
        return found
    if is_dataclass(kind):
        return _table(key, found, typing.cast(type, kind))
    if origin is types.UnionType:  # fields declare no union but `X | None`
        arm = next(one for one in arguments if one is not types.NoneType)
        return None if found is None else _value(key, found, arm)
    if origin is tuple:
        if not isinstance(found, list):
            raise Invalid(key, found, "a list in [ ]")
        return tuple(_value(f"{key}[{n}]", value, arguments[0]) for n, value in enumerate(found))
    if origin is typing.Literal:
        if found not in arguments:
            raise Invalid(key, found, "one of " + ", ".join(map(repr, arguments)))
        return found
    if origin in (Mapping, dict):
        if not isinstance(found, dict):
            raise Invalid(key, found, "a table")
        return {name: _value(_join(key, name), value, arguments[1]) for name, value in found.items()}
    if kind is float and type(found) is int:
        return float(found)
    if type(found) is not kind:
        raise Invalid(key, found, _NAMES[kind])
    return found


def _join(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key

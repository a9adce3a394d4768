"""Markup that escapes by construction: every text is escaped unless this module made it. It knows no page.

Names and texts on the board come from strangers. So no other module of the board writes an angle bracket: all of them
go through `tag`, which takes plain text for text and trusts nothing but its own `Html`.
"""

import re
import unicodedata
from html import escape

Attribute = str | int | float | bool | None

_VOID = frozenset({"link", "meta"})
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format (with the marks that turn text round), surrogate
_SPACE = re.compile(r"\s+")
_POWER = re.compile(r"2\^(-?\d+(?:\.\d+)?)")


class Html(str):
    """Finished markup: what `tag` made. A plain `str` is always text."""

    __slots__ = ()


def clean(text: str) -> str:
    """The text with every character that hides, reorders or breaks text shown as U+FFFD, white space as one space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    spaced = _SPACE.sub(" ", text)
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _HIDDEN else one for one in spaced)


def text(content: str) -> Html:
    """Escaped text; finished markup stays as it is."""
    return content if isinstance(content, Html) else Html(escape(clean(content), quote=True))


def tag(name: str, /, *children: str | None, **attributes: Attribute) -> Html:
    """One element. Text among the children is escaped, and so are attributes.

    A trailing underscore of an attribute's name is dropped and the others become dashes (`class_`, `stroke_width`).
    None and False leave an attribute or a child out, True gives it no value, floats are written with two digits.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: str | None) -> Html:
    """Several pieces as one; text among them is escaped."""
    return Html("".join(text(part) for part in parts if part is not None))


def isolated(content: str) -> Html:
    """A stranger's text, whose direction of writing ends with it."""
    return tag("bdi", content)


def prose(sentence: str) -> Html:
    """A sentence as text, its powers of two (2^13.3) set as powers."""
    return Html(_POWER.sub(r"2<sup>\1</sup>", text(sentence)))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    written = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else text(str(value))
    return f' {name}="{written}"'

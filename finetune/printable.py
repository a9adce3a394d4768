"""Texts of strangers as a terminal, a file and a page can take them."""


def printable(text: str, most: int | None = None, *, keep: str = "") -> str:
    """The text, cut to `most` characters, with what does not print as its escape, such as \\x1b.

    A line break, a control character, a mark that turns the direction of writing, half a character: none of them gets
    through, but for those in `keep`.
    """
    escaped = (
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode() for one in text[:most]
    )
    return "".join(escaped)[:most]

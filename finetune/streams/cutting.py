"""Cutting a long text, so that what is left ends with a word."""


def cut(text: str, max_bytes: int) -> str:
    """The longest beginning of `text` in `max_bytes` of UTF-8 that ends with a word, or inside its only word."""
    if len(text.encode()) <= max_bytes:
        return text
    # Half a character at the end of the bytes is dropped with "ignore".
    beginning = text.encode()[:max_bytes].decode(errors="ignore")
    if not beginning[-1].isspace() and not text[len(beginning)].isspace():
        beginning = beginning.rsplit(maxsplit=1)[0]
    return beginning.rstrip()

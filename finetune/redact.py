"""Keeps secrets out of what is shown: logs, errors and reports. It knows a secret by its place in a URL, or by name."""

import re

# Scheme, name and password, host and port, and the rest: keys stand before the @ or after the host.
_URL = re.compile(r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#'\"]*@)?([^\s/?#'\"@]*)[^\s'\"]*", re.IGNORECASE)
_SHORTEST = 8  # characters; every token is longer, and a shorter word is in many a text


def redacted(text: str, *secrets: str | None) -> str:
    """The text with every URL cut to its scheme, host and port, and each of the secrets replaced by "***".

    Worked example: `wss://ada:pw@node.example:9944/v1/KEY?k=1` becomes `wss://node.example:9944`.
    """
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return _URL.sub(r"\1\2", text)

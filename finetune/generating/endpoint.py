"""The endpoint's address and key, from the environment. The key is in no text that this package prints or stores."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from finetune.errors import SetupError

_DEFAULT = "https://api.openai.com/v1"
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")
# Servers on one's own machine take any key, such as EMPTY: blacking out so short a word would only spoil texts.
_SHORTEST_SECRET = 8


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where chat completions are asked for: `base` up to and with the version, such as https://host/v1."""

    base: str
    key: str = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.base).hostname in ("127.0.0.1", "localhost", "::1")

    def redact(self, text: str) -> str:
        """The text without the key: servers repeat it in errors, and a hostile one would have it published in a row."""
        return text.replace(self.key, "[key]") if self.is_told_by(text) else text

    def is_told_by(self, text: str) -> bool:
        """Whether the text holds the key."""
        return len(self.key) >= _SHORTEST_SECRET and self.key in text


def endpoint_from(environment: Mapping[str, str]) -> Endpoint:
    """The endpoint that OPENAI_BASE_URL and OPENAI_API_KEY name; one's own server may need no key.

    Raises `SetupError` for an address that is not a plain http or https URL, and a key that no header can carry.
    """
    base = (environment.get("OPENAI_BASE_URL") or _DEFAULT).strip().rstrip("/")
    key = (environment.get("OPENAI_API_KEY") or "").strip()
    try:
        parts = urlsplit(base)
        host = _HOST.fullmatch(parts.hostname or "")
        plain = parts.scheme in ("http", "https") and host is not None and parts.port != 0
    except ValueError:
        plain = False
    # What was found is not shown, for it may hold a password.
    if not plain or "@" in base or "?" in base or "#" in base or not base.isascii() or " " in base:
        raise SetupError("OPENAI_BASE_URL must be an http or https URL without user, query or fragment")
    if not all("!" <= letter <= "~" for letter in key):
        raise SetupError("OPENAI_API_KEY holds a character that no key has, such as a space or a line's end")
    if base == _DEFAULT and not key:
        raise SetupError("OPENAI_API_KEY is not set; set it, or OPENAI_BASE_URL to a server that needs none")
    return Endpoint(base=base, key=key)

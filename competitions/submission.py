"""A submission: one standing commitment of one hotkey that names a competition, and the text it has on chain."""

import re
from dataclasses import dataclass

from competitions.rejection import Rejection

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HASH = re.compile(r"[A-Za-z0-9+/]{43}=")
_ID = re.compile(r"0|[1-9][0-9]{0,8}")
FORM = "namespace:name:commit:secure_hash:competition_id"


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What a commitment says: `namespace:name:commit:secure_hash:competition_id`, all five in ASCII.

    Worked example: `ada/sorter` at commit `1f…` for competition 2 is `ada:sorter:1f…(40 hex):q0…=(44 base64):2`; with
    a commit of 40, a hash of 44 and an id of 1 character, 39 of the 128 bytes are left for namespace and name.
    """

    repository: str
    revision: str
    secure_hash: str
    competition: int

    def __post_init__(self) -> None:
        refusal = _refusal(self.encode().split(b":"))
        if refusal:
            raise ValueError(refusal)

    def encode(self) -> bytes:
        """The bytes that go on chain."""
        namespace, _, name = self.repository.partition("/")
        return f"{namespace}:{name}:{self.revision}:{self.secure_hash}:{self.competition}".encode()


def parse_payload(data: bytes) -> Payload | Rejection:
    """Read a commitment, whatever its bytes are: a payload, or the rejection that says what is wrong with it."""
    tokens = data.split(b":")
    refusal = _refusal(tokens)
    if refusal:
        return Rejection(reason="malformed_commitment", text=refusal, evidence={"data": repr(data[:128])})
    namespace, name, revision, secure_hash, competition = (token.decode("ascii") for token in tokens)
    return Payload(
        repository=f"{namespace}/{name}", revision=revision, secure_hash=secure_hash, competition=int(competition)
    )


def _refusal(tokens: list[bytes]) -> str:
    """What is wrong with the five tokens, or nothing."""
    if len(tokens) != 5:
        return f"a commitment has five tokens, {FORM}; this one has {len(tokens)}"
    rules = (
        ("namespace", _NAME, "letters, digits, dots, dashes and underscores"),
        ("name", _NAME, "letters, digits, dots, dashes and underscores"),
        ("commit", _COMMIT, "40 lowercase hex digits"),
        ("secure_hash", _HASH, "44 base64 characters"),
        ("competition_id", _ID, "a number without leading zeros"),
    )
    for token, (name, pattern, allowed) in zip(tokens, rules, strict=True):
        text = token.decode("ascii", "replace")
        if not pattern.fullmatch(text) or ".." in text or "--" in text:
            return f"{name} must be {allowed}; found {text!r:.120}"
    return ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A payload with who committed it and when. `block` is the block the commitment landed in."""

    hotkey: str
    coldkey: str
    block: int
    payload: Payload

    @property
    def key(self) -> str:
        """Names this submission for ever: a hotkey that commits again makes another submission."""
        return f"{self.hotkey}@{self.block}"

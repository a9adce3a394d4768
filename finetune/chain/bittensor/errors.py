"""What the `bittensor` library raises, as our own errors. It asks nothing of the chain.

RpcConnectionError, with RpcPolicyError (HTTP 403 and 429) ┐
ConnectionNotReady                                         │
SubstrateRequestException, of its transport                ├── ChainUnavailable
OSError, with TimeoutError and ConnectionError             ┘
ChainError   code NOT_REGISTERED, or AccountNotAllowedCommit ── NotRegistered
             code RATE_LIMITED ─────────────────────────────── RateLimited
             any other ─────────────────────────────────────── ChainError
BittensorError of any other kind ───────────────────────────── ChainError
KeyfileError, with WrongPasswordError ──────────────────────── SetupError
TypeError, ValueError and their like, from decoding ────────── ChainError
"""

from typing import Any

from finetune.errors import ChainError, ChainUnavailable, FinetuneError, NotRegistered, RateLimited, SetupError
from finetune.redact import redacted

# Names of answers after which an extrinsic may still reach a block: another node may hold it, or a fork carry it.
_UNDECIDED = frozenset({"AlreadyImported", "Dropped", "FinalityTimeout", "Invalid", "Retracted", "Usurped"})
_LONGEST_TEXT = 300  # characters; the library passes on what a node wrote


def library_errors() -> tuple[type[Exception], ...]:
    """All exceptions that a call of the library may end with; `explained` knows each."""
    import bittensor
    from bittensor._transport.errors import SubstrateRequestException
    from bittensor.keyfiles import KeyfileError

    return (
        bittensor.BittensorError,
        KeyfileError,
        SubstrateRequestException,
        OSError,
        ArithmeticError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    )


def explained(error: Exception, *, block: int = 0) -> FinetuneError:
    """Our error for one of the library's; `block` is the newest one, and a rate limit is said to end after it."""
    import bittensor
    from bittensor._transport.errors import SubstrateRequestException
    from bittensor.result import ConnectionNotReady

    text = _text(error)
    if _is_locked_key(error):
        return SetupError(f"the key that must sign cannot be opened: {text}")
    if isinstance(error, (bittensor.RpcConnectionError, ConnectionNotReady, SubstrateRequestException, OSError)):
        return ChainUnavailable(f"the chain does not answer: {text}")
    if not isinstance(error, bittensor.BittensorError):
        return ChainError(f"the chain's answer could not be read: {type(error).__name__}: {text}")
    code = getattr(error, "code", None)
    if code == bittensor.ErrorCode.NOT_REGISTERED or getattr(error, "name", None) == "AccountNotAllowedCommit":
        return NotRegistered(text)
    if code == bittensor.ErrorCode.RATE_LIMITED:
        return RateLimited(text, allowed_from=block + 1)
    return ChainError(text)


def is_refusal(error: Any, *, included: bool) -> bool:
    """Whether a failed extrinsic surely changes nothing: it ran in a block and failed, or no pool took it.

    `error` is the library's `ChainError`. Anything else leaves its fate open: a connection that was lost after the
    sending, or a node that stopped watching.
    """
    import bittensor

    if included or _is_locked_key(error):
        return True
    if error.name is not None:
        return error.name not in _UNDECIDED
    return error.code not in (bittensor.ErrorCode.UNKNOWN, bittensor.ErrorCode.ALREADY_EXISTS)


def _is_locked_key(error: Exception) -> bool:
    """Whether a key was wanted and not there: the library may wrap that as a failure to submit."""
    from bittensor.keyfiles import KeyfileError

    return isinstance(error, KeyfileError) or isinstance(error.__cause__, KeyfileError)


def _text(error: Exception) -> str:
    """One line of what the library said, with its advice where it has one, and without the keys in a node's address."""
    parts = [getattr(error, "name", None), str(error) or type(error).__name__]
    code = getattr(error, "code", None)
    if code is not None and code.value != "unknown":
        parts.append(getattr(error, "remediation", None))
    unique = dict.fromkeys(" ".join(part.split()) for part in parts if part)
    return redacted("; ".join(unique))[:_LONGEST_TEXT]

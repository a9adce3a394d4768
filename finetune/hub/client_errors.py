"""What each error of the hub's client library means to us: one table, and the rules for HTTP statuses.

The library is not imported here: errors are known by the names of their classes, the most derived first.
"""

import errno
from typing import Any

from finetune.errors import (
    BadDownload,
    FinetuneError,
    HubError,
    HubRefused,
    HubUnavailable,
    RepositoryGone,
    RevisionGone,
    SetupError,
)
from finetune.printable import printable

MEANINGS: dict[str, type[HubError]] = {
    # The hub answered, and said what is the matter.
    "GatedRepoError": RepositoryGone,
    "DisabledRepoError": RepositoryGone,
    "RepositoryNotFoundError": RepositoryGone,
    "RevisionNotFoundError": RevisionGone,
    "RemoteEntryNotFoundError": BadDownload,
    "EntryNotFoundError": BadDownload,
    "XetObjectNotFoundError": BadDownload,
    "LocalTokenNotFoundError": HubRefused,
    # No such name can exist on a hub.
    "HFValidationError": RepositoryGone,
    # The hub did not answer, or not as a hub does: the network, a proxy, a login page, a storage service.
    "HTTPError": HubUnavailable,
    "InvalidURL": HubUnavailable,
    "CookieConflict": HubUnavailable,
    "OfflineModeIsEnabled": HubUnavailable,
    "LocalEntryNotFoundError": HubUnavailable,
    "FileMetadataError": HubUnavailable,
    "XetDownloadError": HubUnavailable,
    "XetAuthenticationError": HubUnavailable,
    "ConnectionError": HubUnavailable,
    "TimeoutError": HubUnavailable,
    "RuntimeError": HubUnavailable,
    "ValueError": HubUnavailable,
    "LookupError": HubUnavailable,
}
# The library wraps what went wrong in these.
_WRAPPERS = {"LocalEntryNotFoundError", "RuntimeError", "ValueError"}
_BAD_TOKEN = "Invalid credentials in Authorization header"


def hub_error(error: BaseException, *, subject: str, writing: bool) -> FinetuneError | None:
    """Our error for one that the library raised while it dealt with `subject`, or nothing for a bug of our own.

    Args:
        subject: what the text begins with, such as "ada/sorter on https://huggingface.co".
        writing: whether the call was to change the hub: a right denied then is our token's lack, not the miner's.
    """
    name = type(error).__name__
    if name in _WRAPPERS and error.__cause__ is not None:
        return hub_error(error.__cause__, subject=subject, writing=writing)
    if isinstance(error, FinetuneError):
        return error
    response = getattr(error, "response", None)
    if response is not None:
        meaning = _by_status(error, response, writing=writing)
        said = _one_line(getattr(error, "server_message", None))
        return meaning(f"{subject}: {_WORDS[meaning]} (HTTP {response.status_code}{said})")
    by_name = _by_name(error)
    if by_name is not None:
        return by_name(f"{subject}: {_WORDS[by_name]} ({name})")
    if not isinstance(error, OSError):
        return None
    if error.errno is None:
        # The library's own word for a download of the wrong length.
        return BadDownload(f"{subject}: {_WORDS[BadDownload]}")
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return SetupError(f"{subject}: {'the disk is full' if full else error.strerror} ({error.filename})")


def _by_status(error: BaseException, response: Any, *, writing: bool) -> type[HubError]:
    status = response.status_code
    if status in (408, 409, 412, 429) or status >= 500:
        return HubUnavailable
    if status == 401 and response.headers.get("X-Error-Message") == _BAD_TOKEN:
        return HubRefused
    if writing and status in (401, 403):
        return HubRefused
    known = _by_name(error)
    if known not in (None, HubUnavailable):
        return known
    if status == 401:
        return RepositoryGone
    return HubRefused if writing or status == 403 else HubUnavailable


def _by_name(error: BaseException) -> type[HubError] | None:
    """The table's word for the most derived class that it names."""
    return next((MEANINGS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in MEANINGS), None)


def _one_line(server_message: str | None) -> str:
    """The hub's own words, cut to one short printable line."""
    words = " ".join((server_message or "").split())
    return ": " + printable(words, 200) if words else ""


_WORDS: dict[type[HubError], str] = {
    RepositoryGone: "deleted, private, gated or never there",
    RevisionGone: "that revision is not there",
    BadDownload: "what arrived is not what the listing promised",
    HubRefused: "our token is missing, wrong or lacks the right",
    HubUnavailable: "no usable answer; try again later",
}

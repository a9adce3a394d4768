"""Every error this package raises on purpose. It knows no library: adapters map what theirs raises to this tree.

FinetuneError
├── SetupError               what the person at the keyboard can mend: a path, a port, a flag, a file
├── ChainError
│   ├── ChainUnavailable     no answer; the same call may go through later
│   ├── BlockNotFinal        the block has not been finalized yet (or never will be)
│   ├── NotRegistered        the hotkey has no uid on the subnet
│   ├── CommitmentTooLarge   more bytes than the chain stores
│   └── RateLimited          too soon after the last one; carries the block from which it is allowed
├── HubError
│   ├── HubUnavailable       no answer, 429 or 5xx; the same call may go through later
│   ├── HubRefused           our own token may not do this
│   ├── RepositoryGone       deleted, private, or never there
│   ├── RevisionGone         the repository is there, that revision is not
│   └── BadDownload          what arrived is not what the listing promised
├── StreamError              a source of samples gave none
├── ScoringError             a model could not be loaded or scored
│   └── ModelRejected        and the reason is known: carries the rejection
├── ScorerUnavailable        this machine could not score; no model's fault
└── MirrorUnavailable        wandb took nothing; the same call may go through later
"""

from competitions.rejection import Rejection


class FinetuneError(Exception):
    """Base of all errors raised on purpose. Its text is one sentence for a person."""


class SetupError(FinetuneError):
    """Something that the person running the program can mend: a path, a port, a flag, a file."""


class ChainError(FinetuneError):
    """The chain refused a call or could not answer it."""


class ChainUnavailable(ChainError):
    """The chain did not answer; the same call may go through later."""


class BlockNotFinal(ChainError):
    """The block asked for is not final yet."""


class NotRegistered(ChainError):
    """The hotkey has no uid on the subnet."""


class CommitmentTooLarge(ChainError):
    """The commitment has more bytes than the chain stores."""


class RateLimited(ChainError):
    """Too soon after the last call of this kind.

    Attributes:
        allowed_from: the first block at which the call is allowed again.
    """

    def __init__(self, text: str, *, allowed_from: int) -> None:
        super().__init__(text)
        self.allowed_from = allowed_from


class HubError(FinetuneError):
    """The hub refused a call or could not answer it."""


class HubUnavailable(HubError):
    """The hub did not answer, or answered 429 or 5xx; the same call may go through later."""


class HubRefused(HubError):
    """Our own token is missing, wrong, or lacks the right for this call."""


class RepositoryGone(HubError):
    """The repository is deleted, private, or was never there: the hub does not say which."""


class RevisionGone(HubError):
    """The repository is there and the revision asked for is not."""


class BadDownload(HubError):
    """What arrived differs from what the listing promised."""


class StreamError(FinetuneError):
    """A source of samples could not be read."""


class ScoringError(FinetuneError):
    """A model could not be loaded or scored."""


class ModelRejected(ScoringError):
    """A model may not be scored, for a known reason.

    Attributes:
        rejection: the reason, and the evidence behind it.
    """

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.text)
        self.rejection = rejection


class ScorerUnavailable(FinetuneError):
    """No score for want of a sound machine: no worker, a base that does not load. No submission is to blame."""


class MirrorUnavailable(FinetuneError):
    """wandb did not answer, or refused; the same call may go through later."""

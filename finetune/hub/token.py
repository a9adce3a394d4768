"""What a hub says of a token: whose it is and what it may change. It asks nothing.

The public hub describes a token of the role "read" or "write" in one word. One of the role "fineGrained" lists what it
may do: for users, organisations or single repositories, each with its permissions.
"""

from dataclasses import dataclass
from typing import Any

from finetune.errors import HubUnavailable

_WRITE = "repo.write"


@dataclass(frozen=True, kw_only=True)
class Token:
    """`namespaces` are its user's name and those of the user's organisations.

    `scopes` are the namespaces and repositories that a fine-grained token may change, None for one of another role.
    """

    role: str
    namespaces: tuple[str, ...]
    scopes: tuple[str, ...] | None = None

    def fault(self, repository: str) -> str:
        """Why the token may not make or change the repository, in one sentence, or nothing where it seems it may.

        What a hub does not say is taken for allowed: the hub itself refuses before anything is uploaded.
        """
        namespace = repository.partition("/")[0]
        if self.role == "read":
            return "HF_TOKEN may only read; publishing needs a token of the role write"
        if self.scopes is not None and not {namespace, repository} & set(self.scopes):
            return f"HF_TOKEN may not write to {repository}: give it that right, or make a token of the role write"
        if namespace not in self.namespaces:
            return (
                f"HF_TOKEN belongs to {self.namespaces[0]}, who may not write to {namespace}: name another repository"
            )
        return ""


def parse_token(answer: Any) -> Token:
    """The token in a hub's answer to who we are. Raises `HubUnavailable` where this is not one."""
    match answer:
        case {"name": str(user), "auth": {"accessToken": {"role": str(role)} as token}}:
            found = answer.get("orgs")
            orgs = _names(found if isinstance(found, list) else [])
            return Token(role=role, namespaces=(user, *orgs), scopes=_scopes(token) if role == "fineGrained" else None)
    raise HubUnavailable("the hub does not say whose token this is")


def _scopes(token: dict[str, Any]) -> tuple[str, ...] | None:
    """The names for which the token may write."""
    match token:
        case {"fineGrained": {"scoped": list(scoped)}}:
            writable = [one for one in scoped if isinstance(one, dict) and _WRITE in (one.get("permissions") or ())]
            return _names([one.get("entity") for one in writable])
    return None


def _names(entities: list[Any]) -> tuple[str, ...]:
    return tuple(one["name"] for one in entities if isinstance(one, dict) and isinstance(one.get("name"), str))

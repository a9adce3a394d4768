"""Who asks, and what they may see and change. A private repository does not exist for anyone but its owner."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request

from finetune.hub.server.names import Refusal, stored_id
from finetune.hub.server.repositories import Repositories, Repository
from finetune.hub.strict_json import parse_object


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A user, and what the token that came along lets them do."""

    user: str
    role: Literal["read", "write"]


class Access:
    """The rights of this hub: a user owns the namespace of the same name, and everyone reads what is public."""

    def __init__(self, writers: Mapping[str, str], readers: Mapping[str, str], repositories: Repositories) -> None:
        """Tokens by user: those that may do all that the user may, and those that may only read."""
        self._tokens = [(token, Caller(user=user, role="write")) for user, token in writers.items()]
        self._tokens += [(token, Caller(user=user, role="read")) for user, token in readers.items()]
        self._repositories = repositories

    def caller(self, request: Request) -> Caller | None:
        """Who sent the token that came along, or nothing for a stranger. A token that nobody has is refused."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        given = header.removeprefix("Bearer ").encode()
        for token, caller in self._tokens:
            if hmac.compare_digest(given, token.encode()):
                return caller
        raise Refusal(401, "Invalid credentials in Authorization header")

    def known(self, request: Request) -> Caller:
        """Who sent the token that came along; a stranger is refused."""
        caller = self.caller(request)
        if caller is None:
            raise Refusal(401, "a token is needed")
        return caller

    def writer(self, request: Request) -> str:
        """The user whose token came along, if it may change anything."""
        caller = self.known(request)
        if caller.role != "write":
            raise Refusal(403, "this token may only read")
        return caller.user

    def readable(self, request: Request) -> Repository:
        """The repository in the path, if the caller may read it. A path that names no kind is a model's."""
        namespace, name = request.path_params["namespace"], request.path_params["name"]
        repository = self._repositories.find(stored_id(request.path_params.get("kind", "models"), namespace, name))
        caller = self.caller(request)
        if repository is None or (repository.private and (caller is None or caller.user != namespace)):
            raise Refusal(404, "Repository not found", "RepoNotFound")
        return repository

    def writable(self, request: Request) -> Repository:
        """The repository in the path, if the caller may change it."""
        repository = self.readable(request)
        if self.writer(request) != request.path_params["namespace"]:
            raise Refusal(403, f"only {request.path_params['namespace']} may change {repository.id}")
        return repository


async def body(request: Request, limit: int) -> bytes:
    """The request's body, of at most `limit` bytes."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise Refusal(413, f"at most {limit:,} bytes are taken here")
    return bytes(received)


async def json_body(request: Request, limit: int = 1_000_000) -> dict[str, Any]:
    """The JSON object in the request's body."""
    return json_object(await body(request, limit))


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold."""
    try:
        return parse_object(data)
    except ValueError as error:
        raise Refusal(400, f"a JSON object is expected: {error}") from None

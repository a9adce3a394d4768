"""The chat endpoint: one inquiry, one reply, over HTTP, with bounded repeats. It knows no document and no row.

Whatever the server sends is hostile: bounded in bytes and in time, read as strict JSON, and its words are shown cut
short and without the key. Redirects are not followed, for they would take the key elsewhere.
"""

import asyncio
import email.utils
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from finetune.errors import SetupError
from finetune.generating.budget import BUDGET_SPENT, Budget, Spent
from finetune.generating.endpoint import Endpoint
from finetune.hub.strict_json import parse_object
from finetune.printable import printable

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

TEMPERATURE = 0.8  # below it, requests about like sections give like texts; well above, facts go wrong
_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 120.0  # seconds; the wait doubles, and what a server asks for is cut to the longest
_MOST_BYTES = 4_000_000  # of an answer
_TEMPLATE_TOKENS = 200  # what a chat template may add to a prompt, with room to spare
_AGAIN = (408, 409, 425, 429)
# As a first answer these mean a bad key, no credit, an unknown address or model; later, that one inquiry is refused.
_HOPELESS = (401, 402, 403, 404, 405)
# Newer models of some servers take other names, or only their default, for what older ones want.
_RENAMED = {"max_tokens": "max_completion_tokens"}
_DROPPED = ("temperature", "seed")

# Waits for so many seconds; returns whether the run goes on.
Pause = Callable[[float], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one inquiry came to: a text, or why there is none; and all that was spent on it."""

    text: str | None = None
    failure: str = ""
    spent: Spent


@dataclass(frozen=True, kw_only=True)
class _Try:
    """One request's outcome. Tokens are None where the server may have charged for it without saying how much."""

    text: str | None = None
    failure: str = ""
    again: bool = False
    wait: float = 0.0
    tokens: tuple[int, int] | None = (0, 0)


class Chat:
    """Asks one model at one endpoint. Use it as an async context manager."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        model: str,
        max_tokens: int,
        timeout: float,
        budget: Budget,
        pause: Pause,
        now: Callable[[], float],
    ) -> None:
        """Make a client; nothing is asked yet.

        Args:
            endpoint: address and key.
            model: the model's name, as the endpoint knows it.
            max_tokens: the longest reply, in tokens.
            timeout: seconds for one request from its first byte to its last.
            budget: asked before, and told after, every request.
            pause: waits between repeats.
            now: Unix seconds, for servers that name a time to come back at.
        """
        self._endpoint = endpoint
        self._options: dict[str, Any] = {"model": model, "temperature": TEMPERATURE, "max_tokens": max_tokens}
        self._dropped: set[str] = set()
        self._max_tokens = max_tokens
        self._timeout = timeout
        self._budget = budget
        self._pause = pause
        self._now = now
        self._served = False
        self._client: AsyncClient

    async def __aenter__(self) -> Self:
        from httpx2 import AsyncClient

        headers = {"Accept-Encoding": "identity", "User-Agent": "finetune-subnet"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        self._client = AsyncClient(
            headers=headers,
            timeout=self._timeout,
            # The environment may name a proxy, which no server of this machine is behind.
            trust_env=not self._endpoint.is_local,
            # Plain http has no certificates, and reading this machine's takes 0.1 s.
            verify=self._endpoint.base.startswith("https:"),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(self, messages: Sequence[Mapping[str, str]], *, seed: int) -> Answer:
        """The model's reply. A failure that may pass is repeated up to five times, with growing waits.

        Raises `SetupError` where nothing has been answered yet and no repeat will help: a bad key, an unknown address
        or model.
        """
        spent = Spent()
        held = (most_tokens_in(messages), self._max_tokens)
        wait, failure = _FIRST_WAIT, ""
        for i in range(_TRIES):
            if i and not await self._pause(wait):
                break
            if not self._budget.reserve(*held):
                return Answer(failure=BUDGET_SPENT, spent=spent)
            outcome = _Try(tokens=None)
            try:
                outcome = await self._try({"messages": list(messages), "seed": seed})
            finally:
                # Also for a request that was broken off: it may have been charged for.
                spent += self._budget.settle(*(held if outcome.tokens is None else outcome.tokens), held=held)
            if outcome.text is not None:
                return Answer(text=self._endpoint.redact(outcome.text), spent=spent)
            failure = outcome.failure
            if not outcome.again:
                break
            wait = min(max(_FIRST_WAIT * 2**i, outcome.wait), _LONGEST_WAIT)
        return Answer(failure=failure, spent=spent)

    async def _try(self, inquiry: dict[str, Any]) -> _Try:
        """One request. Raises `SetupError`."""
        import httpx2

        body = {key: value for key, value in (self._options | inquiry).items() if key not in self._dropped}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", f"{self._endpoint.base}/chat/completions", json=body) as response,
            ):
                data = await _read(response)
        except httpx2.ConnectError as error:
            if not self._served:
                why = " ".join(str(error).split())
                raise SetupError(
                    f"nothing answers at {self._endpoint.base} ({why:.200}); see OPENAI_BASE_URL"
                ) from error
            return _Try(failure="no connection", again=True)
        except (TimeoutError, httpx2.TimeoutException):
            return _Try(failure=f"no answer within {self._timeout:g} seconds", again=True, tokens=None)
        except httpx2.HTTPError as error:
            return _Try(failure=f"the connection broke ({type(error).__name__})", again=True, tokens=None)
        if response.status_code != 200:
            return self._refused(response.status_code, response.headers.get("Retry-After"), data)
        self._served = True
        return _reply(data)

    def _refused(self, status: int, retry_after: str | None, data: bytes) -> _Try:
        """What a status other than 200 means."""
        said, parameter = _complaint(data)
        said = self._endpoint.redact(said)
        failure = f"HTTP {status}{said and ': '}{said[:200]}"
        if not self._served and (status in _HOPELESS or 300 <= status < 400):
            raise SetupError(f"{self._endpoint.base} does not answer {self._options['model']!r}: {failure}")
        if status in _AGAIN or status >= 500:
            return _Try(failure=failure, again=True, wait=self._asked_wait(retry_after))
        return _Try(failure=failure, again=self._does_without(parameter))

    def _does_without(self, parameter: str | None) -> bool:
        """Leave out, or rename, an option that this model does not take; whether asking again may help."""
        if parameter in _RENAMED and parameter in self._options:
            self._options[_RENAMED[parameter]] = self._options.pop(parameter)
        elif parameter in _DROPPED:
            self._dropped.add(parameter)
        # Another request may have led to the change meanwhile.
        return parameter in (*_RENAMED, *_DROPPED)

    def _asked_wait(self, retry_after: str | None) -> float:
        """Seconds that a Retry-After header asks for, as a number or a date; 0 without one that can be read."""
        try:
            seconds = float(retry_after or "")
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(retry_after or "").timestamp() - self._now()
            except (ValueError, TypeError, OverflowError):
                return 0.0
        return seconds if math.isfinite(seconds) else 0.0


def most_tokens_in(messages: Sequence[Mapping[str, str]]) -> int:
    """The most tokens that a prompt can have: no tokenizer makes more of a text than it has bytes."""
    return sum(len(one["content"].encode()) for one in messages) + _TEMPLATE_TOKENS


async def _read(response: "Response") -> bytes:
    """The answer's bytes as they come, cut off where they are too many."""
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _MOST_BYTES:
            break
    return bytes(data)


def _reply(data: bytes) -> _Try:
    """The reply in an answer of status 200."""
    garbage = _Try(failure="not the answer of a chat endpoint", again=True, tokens=None)
    if len(data) > _MOST_BYTES:
        return garbage
    try:
        answer = parse_object(data)
        content = answer["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        return garbage
    if not isinstance(content, str):
        return garbage
    return _Try(text=content, tokens=_tokens(answer.get("usage")))


def _tokens(usage: Any) -> tuple[int, int] | None:
    """The tokens that the server counted, or None where it did not."""
    if not isinstance(usage, dict):
        return None
    counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if all(type(count) is int and 0 <= count < 10**9 for count in counts):
        return counts[0], counts[1]  # type: ignore[return-value]  # checked in the line above
    return None


def _complaint(data: bytes) -> tuple[str, str | None]:
    """What the server says is wrong, in one printable line, and the option it complains about."""
    try:
        error = parse_object(data)["error"]
        said, parameter = str(error["message"]), error.get("param")
    except (ValueError, LookupError, TypeError, AttributeError):
        said, parameter = data[:1_000].decode(errors="replace"), None
    return printable(" ".join(said.split())), parameter if isinstance(parameter, str) else None

"""One question to an endpoint: what is sent, what is repeated, what ends a run, and what is spent."""

import asyncio
import gzip
import json
import socket
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.generating.budget import BUDGET_SPENT, Budget, Prices, Spent
from finetune.generating.chat import Answer, Chat, most_tokens_in
from finetune.generating.endpoint import Endpoint, endpoint_from
from tests.finetune.generating.made import completion
from tests.finetune.generating.server import FakeEndpoint, Response

KEY = "sk-test-0123456789"
MESSAGES = [{"role": "user", "content": "Who keeps geese?"}]
FINE = Response(body=completion("Ada does."))
NOON = 1_795_262_400.0  # Sat, 21 Nov 2026 12:00:00 GMT


class Asker:
    """Asks questions of an endpoint through one `Chat`, without ever waiting; `waits` says how long it would have."""

    def __init__(self, base: str, **limits: Any) -> None:
        self.waits: list[float] = []
        self.goes_on = True
        self.timeout = limits.pop("timeout", 10.0)
        self.budget = Budget(
            **{"prices": Prices(tokens_in=1e6, tokens_out=1e6), "max_requests": None, "max_cost": None, **limits},
            spent=Spent(),
        )
        self._base = base

    def ask(self, count: int = 1) -> list[Answer]:
        return asyncio.run(self._ask(count))

    def one(self) -> Answer:
        (answer,) = self.ask()
        return answer

    async def _ask(self, count: int) -> list[Answer]:
        async with Chat(
            Endpoint(base=self._base, key=KEY),
            model="m",
            max_tokens=100,
            timeout=self.timeout,
            budget=self.budget,
            pause=self._pause,
            now=lambda: NOON,
        ) as chat:
            return [await chat.ask(MESSAGES, seed=7) for _ in range(count)]

    async def _pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.goes_on


@pytest.fixture
def asker(endpoint: FakeEndpoint) -> Asker:
    return Asker(endpoint.base)


def error(status: int, message: str = "no", **more: Any) -> Response:
    headers = more.pop("headers", {})
    return Response(status=status, body={"error": {"message": message, **more}}, headers=headers)


def test_a_question_is_sent_in_the_form_of_openai_and_its_reply_comes_back(endpoint, asker):
    endpoint.each(FINE)
    answer = asker.one()
    assert answer == Answer(text="Ada does.", spent=Spent(requests=1, tokens_in=100, tokens_out=50, cost=150))
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert endpoint.asked == [
        {"model": "m", "messages": MESSAGES, "seed": 7, "temperature": 0.8, "max_tokens": 100},
    ]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_what_may_pass_is_asked_again_with_growing_waits(endpoint, asker, status):
    endpoint.each(error(status), error(status), error(status), FINE)
    answer = asker.one()
    assert (answer.text, answer.spent.requests, answer.spent.cost) == ("Ada does.", 4, 150)
    assert asker.waits == [1, 2, 4]


def test_after_five_times_the_question_has_failed(endpoint, asker):
    endpoint.respond = lambda body: error(503, "overloaded")
    assert asker.one() == Answer(failure="HTTP 503: overloaded", spent=Spent(requests=5))
    assert asker.waits == [1, 2, 4, 8]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7),
        ("0.5", 1),
        ("99999", 120),
        ("-5", 1),
        ("nan", 1),
        ("inf", 1),
        ("soon", 1),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2020 12:00:00 GMT", 1),
        ("Sat, 99 Nov 2026 12:00:00 GMT", 1),
    ],
)
def test_a_server_may_ask_for_a_longer_wait_within_bounds(endpoint, asker, header, wait):
    endpoint.each(error(429, headers={"Retry-After": header}), FINE)
    assert asker.one().text == "Ada does."
    assert asker.waits == [wait]


@pytest.mark.parametrize(
    "bad",
    [
        Response(body=b"<html>Log in</html>"),
        Response(body=b""),
        Response(body=b"\xff\xfe"),
        Response(body=b"[" * 100_000),
        Response(body={"choices": []}),
        Response(body={"choices": [{"message": {"content": None}}]}),
        Response(body={"choices": [{"message": {"content": [{"type": "text"}]}}]}),
        Response(body={"choices": "none"}),
        Response(body=b'{"choices": [' + b" " * 5_000_000),
        Response(body=gzip.compress(json.dumps(completion("x")).encode()), headers={"Content-Encoding": "gzip"}),
        Response(body=completion("a text"), cut=10),
    ],
)
def test_garbage_is_asked_again_and_counted_at_the_highest_price(endpoint, asker, bad):
    endpoint.each(bad, FINE)
    answer = asker.one()
    assert answer.text == "Ada does."
    assert answer.spent.cost == most_tokens_in(MESSAGES) + 100 + 150


def test_an_answer_that_never_comes_is_given_up_and_counted_at_the_highest_price(endpoint):
    asker = Asker(endpoint.base, timeout=0.3)
    endpoint.each(Response(hang=True), FINE)
    answer = asker.one()
    assert (answer.text, answer.spent.requests) == ("Ada does.", 2)
    assert answer.spent.cost == most_tokens_in(MESSAGES) + 100 + 150
    endpoint.respond = lambda body: Response(hang=True)
    assert Asker(endpoint.base, timeout=0.05).one().failure == "no answer within 0.05 seconds"


@pytest.mark.parametrize(
    ("endless", "timeout", "failure"),
    [
        (Response(body=b" ", drip=0.02), 0.3, "no answer within 0.3 seconds"),
        (Response(body=b" " * 1_000_000, drip=0.0), 60.0, "not the answer of a chat endpoint"),
    ],
)
def test_an_answer_that_never_ends_is_cut_off_by_time_or_by_size(endpoint, endless, timeout, failure):
    asker = Asker(endpoint.base, timeout=timeout)
    asker.goes_on = False
    endpoint.each(endless)
    assert asker.one().failure == failure


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -5, "completion_tokens": 1}, {"prompt_tokens": "1"}])
def test_a_reply_without_sound_counts_costs_the_highest_price(endpoint, asker, usage):
    endpoint.each(Response(body=completion("Ada does.") | {"usage": usage}))
    assert asker.one().spent.cost == most_tokens_in(MESSAGES) + 100


@pytest.mark.parametrize("status", [301, 307, 401, 402, 403, 404, 405])
def test_a_first_answer_that_no_repeat_mends_is_one_error(endpoint, asker, status):
    endpoint.respond = lambda body: error(
        status, f"bad key {KEY}\n\x1b[31m", headers={"Location": "http://127.0.0.1:1"}
    )
    with pytest.raises(SetupError) as found:
        asker.one()
    assert str(found.value) == f"{endpoint.base} does not answer 'm': HTTP {status}: bad key [key] \\x1b[31m"
    assert len(endpoint.asked) == 1


def test_the_same_answer_later_is_the_failure_of_one_question(endpoint, asker):
    endpoint.each(FINE, error(403, "moderated"), FINE)
    assert [one.text or one.failure for one in asker.ask(3)] == ["Ada does.", "HTTP 403: moderated", "Ada does."]


def test_a_refused_question_is_not_asked_again(endpoint, asker):
    endpoint.each(error(400, "too long"))
    assert asker.one() == Answer(failure="HTTP 400: too long", spent=Spent(requests=1))


def test_options_that_a_model_does_not_take_are_renamed_or_left_out_from_then_on(endpoint, asker):
    endpoint.each(*(error(400, param=name) for name in ("max_tokens", "temperature", "seed")), FINE, FINE)
    assert len(asker.ask(2)) == 2
    assert [sorted(set(one) - {"model", "messages"}) for one in endpoint.asked] == [
        ["max_tokens", "seed", "temperature"],
        ["max_completion_tokens", "seed", "temperature"],
        ["max_completion_tokens", "seed"],
        ["max_completion_tokens"],
        ["max_completion_tokens"],
    ]


def test_no_server_at_all_is_one_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asker = Asker(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(SetupError, match=r"nothing answers at .* \(.*connect.*\); see OPENAI_BASE_URL"):
        asker.one()
    assert asker.waits == []


def test_the_key_in_a_reply_is_blacked_out(endpoint, asker):
    endpoint.each(Response(body=completion(f"The key is {KEY}, they say.")))
    assert asker.one().text == "The key is [key], they say."


def test_a_session_that_ends_does_not_ask_again(endpoint, asker):
    endpoint.respond = lambda body: error(500)
    asker.goes_on = False
    assert asker.one().failure == "HTTP 500: no"
    assert len(endpoint.asked) == 1


def test_no_more_requests_are_sent_than_allowed_repeats_included(endpoint):
    asker = Asker(endpoint.base, max_requests=3)
    endpoint.each(error(500), FINE, FINE, FINE)
    assert [one.text or one.failure for one in asker.ask(3)] == ["Ada does.", "Ada does.", BUDGET_SPENT]
    assert len(endpoint.asked) == 3


def test_no_request_is_sent_that_could_exceed_the_cost(endpoint):
    worst = most_tokens_in(MESSAGES) + 100
    asker = Asker(endpoint.base, max_cost=2 * 150 + worst)
    endpoint.respond = lambda body: FINE
    assert [one.text or one.failure for one in asker.ask(4)] == ["Ada does."] * 3 + [BUDGET_SPENT]
    assert asker.budget.spent.cost == 3 * 150


def test_requests_under_way_together_do_not_exceed_the_cost_either():
    budget = Budget(prices=Prices(tokens_out=1e6), max_requests=None, max_cost=250, spent=Spent(cost=40))
    assert [budget.reserve(0, 100) for _ in range(3)] == [True, True, False]
    assert budget.settle(0, 10, held=(0, 100)) == Spent(requests=1, tokens_out=10, cost=10)
    assert budget.reserve(0, 100)
    assert not budget.reserve(0, 1)
    assert budget.spent == Spent(requests=3, tokens_out=10, cost=50)


def test_the_endpoint_comes_from_the_environment():
    assert endpoint_from({"OPENAI_API_KEY": KEY}) == Endpoint(base="https://api.openai.com/v1", key=KEY)
    assert endpoint_from({"OPENAI_BASE_URL": " http://[::1]:8000/v1/ "}) == Endpoint(
        base="http://[::1]:8000/v1", key=""
    )
    assert KEY not in repr(endpoint_from({"OPENAI_API_KEY": KEY}))


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "OPENAI_API_KEY is not set"),
        ({"OPENAI_API_KEY": f"{KEY}\nX-Evil: 1"}, "holds a character that no key has"),
        ({"OPENAI_API_KEY": f"{KEY}\u20ac"}, "holds a character that no key has"),
        ({"OPENAI_BASE_URL": "localhost:8000"}, "must be an http or https URL"),
        ({"OPENAI_BASE_URL": "file:///etc/passwd"}, "must be an http or https URL"),
        ({"OPENAI_BASE_URL": f"https://user:{KEY}@host/v1"}, "without user, query or fragment"),
        ({"OPENAI_BASE_URL": f"https://host/v1?key={KEY}"}, "without user, query or fragment"),
        ({"OPENAI_BASE_URL": "http://ho st/v1"}, "must be an http or https URL"),
        ({"OPENAI_BASE_URL": "http://h\u00f6st/v1"}, "must be an http or https URL"),
        ({"OPENAI_BASE_URL": "http://[::1/v1"}, "must be an http or https URL"),
        ({"OPENAI_BASE_URL": "http://host:99999/v1"}, "must be an http or https URL"),
    ],
)
def test_an_environment_that_names_no_endpoint_is_an_error_without_the_secret(environment, text):
    with pytest.raises(SetupError, match=text) as found:
        endpoint_from(environment)
    assert KEY not in str(found.value)

"""Our token goes to the hub and to nobody else, and comes back in no error, whatever the hub does with it."""

from collections.abc import Callable, Iterator

import pytest

from finetune.errors import HubError, SetupError
from finetune.hub.client import HubClient
from finetune.hub.port import HubFile, Listing
from tests.finetune.hub.answering import answering

TOKEN = "hf_MarkerOfThisTest"
REVISION = "1" * 40
LISTING = Listing(repository="ada/m", revision=REVISION, private=False, files=(HubFile(path="config.json", size=2),))


def calls(hub: HubClient, tmp_path) -> list[Callable[[], object]]:
    return [
        lambda: hub.listing("ada/m", REVISION),
        lambda: hub.history("ada/m", back_to=0.0),
        lambda: hub.download(LISTING, ["config.json"], tmp_path),
        lambda: hub.create("ada/m", private=True),
        lambda: hub.token(),
    ]


def errors(hub: HubClient, tmp_path) -> Iterator[str]:
    for call in calls(hub, tmp_path):
        with pytest.raises(HubError) as failed:
            call()
        yield str(failed.value)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 429, 500])
def test_a_hub_that_sends_the_token_back_does_not_get_it_into_an_error(status, tmp_path):
    body = b'{"error": "what is %s?"}' % TOKEN.encode()
    headers = {"X-Error-Message": f"User Access Token {TOKEN} is expired", "Link": f"<http://x/{TOKEN}>; rel=next"}
    with answering(lambda asked: (status, headers, body)) as (endpoint, seen):
        for text in errors(HubClient(endpoint, TOKEN), tmp_path):
            assert TOKEN not in text
            assert text.isprintable()
    assert f"Bearer {TOKEN}" in {asked.authorization for asked in seen}


def test_a_list_of_commits_that_goes_on_elsewhere_does_not_show_the_token(tmp_path):
    commits = b'[{"id": "%s", "date": "2026-01-01T00:00:00Z"}]' % REVISION.encode()
    link = {"Link": f'<http://127.0.0.1:9/{TOKEN}>; rel="next"'}
    with answering(lambda asked: (200, link, commits)) as (endpoint, _), pytest.raises(HubError) as failed:
        HubClient(endpoint, TOKEN).history("ada/m", back_to=0.0)
    assert "goes on at another hub" in str(failed.value)
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_who_a_hub_sends_us_to_is_not_told_the_token(status, tmp_path):
    with (
        answering(lambda asked: (404, {}, b"")) as (elsewhere, told),
        answering(lambda asked: (status, {"Location": f"{elsewhere}{asked.path}?token={TOKEN}"}, b"")) as (
            endpoint,
            seen,
        ),
    ):
        for text in errors(HubClient(endpoint, TOKEN), tmp_path):
            assert TOKEN not in text
    assert f"Bearer {TOKEN}" in {asked.authorization for asked in seen}
    assert {asked.authorization for asked in told} == {""}


@pytest.mark.parametrize("endpoint", [f"https://ada:{TOKEN}@hub.example", f"ftp://{TOKEN}@hub.example/{TOKEN}"])
def test_an_endpoint_with_a_password_is_refused_and_not_repeated(endpoint):
    with pytest.raises(SetupError, match=r"without a name or password; found '(https|ftp)://hub\.example'"):
        HubClient(endpoint, None)

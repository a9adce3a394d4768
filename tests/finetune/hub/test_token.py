"""What a token may do, by what a hub says of it: the public hub's three kinds of answers, and the local hub's."""

from typing import Any

import pytest

from finetune.errors import HubRefused, HubUnavailable
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.hub.token import parse_token


def answer(**token: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "name": "ada",
        "orgs": [{"type": "org", "name": "engines", "roleInOrg": "write"}],
        "auth": {"type": "access_token", "accessToken": {"displayName": "mine", **token}},
    }


def scoped(name: str, *permissions: str) -> dict[str, Any]:
    return {"entity": {"type": "user", "name": name}, "permissions": ["repo.content.read", *permissions]}


def fine_grained(*scopes: Any) -> dict[str, Any]:
    return answer(role="fineGrained", fineGrained={"global": ["discussion.write"], "scoped": list(scopes)})


@pytest.mark.parametrize(
    ("said", "repository", "fault"),
    [
        (answer(role="write"), "ada/m", ""),
        (answer(role="write"), "engines/m", ""),
        (answer(role="write"), "bob/m", "belongs to ada, who may not write to bob"),
        (answer(role="read"), "ada/m", "may only read"),
        (fine_grained(scoped("ada", "repo.write")), "ada/m", ""),
        (fine_grained(scoped("ada/m", "repo.write")), "ada/m", ""),
        (fine_grained(scoped("ada/m", "repo.write")), "ada/other", "may not write to ada/other"),
        (fine_grained(scoped("ada")), "ada/m", "may not write to ada/m"),
        (fine_grained(), "ada/m", "may not write to ada/m"),
        (answer(role="fineGrained"), "ada/m", ""),  # a hub that does not list rights is asked by using them
    ],
)
def test_a_token_that_may_not_write_is_told_why(said: dict[str, Any], repository: str, fault: str):
    found = parse_token(said).fault(repository)
    assert (fault in found) if fault else found == ""


@pytest.mark.parametrize("said", [None, [], {}, {"name": "ada"}, {"name": "ada", "auth": {"type": "oauth"}}])
def test_an_answer_that_names_nobody_is_no_answer(said: Any):
    with pytest.raises(HubUnavailable, match="whose token"):
        parse_token(said)


def test_the_local_hub_tells_a_token_that_may_only_read_and_refuses_its_changes(tmp_path):
    with LocalHub(tmp_path / "hub", {"ada": "hf_write"}, readers={"ada": "hf_read"}) as hub:
        writer, reader = HubClient(hub.endpoint, "hf_write"), HubClient(hub.endpoint, "hf_read")
        assert (writer.token().role, reader.token().role) == ("write", "read")
        writer.create("ada/m", private=True)
        assert reader.listing("ada/m", None).private
        for change in (lambda: reader.create("ada/n", private=True), lambda: reader.set_private("ada/m", False)):
            with pytest.raises(HubRefused, match="may only read"):
                change()


@pytest.mark.parametrize("token", [None, "hf_nobody"])
def test_a_hub_tells_nothing_to_a_stranger_or_of_a_token_that_nobody_has(hub, token):
    with pytest.raises(HubRefused, match="HF_TOKEN"):
        HubClient(hub.endpoint, token).token()

"""Links lead to what is there, and a stranger's text never becomes an address."""

import pytest

from finetune.board.links import HUB, Links, entrant_file, report_file

ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
REVISION = "ab" * 20


@pytest.fixture
def links():
    return Links(HUB, [(1, f"{ADDRESS}@42")], [(ADDRESS, 600)])


def test_a_model_and_its_commit_lead_to_the_hub(links):
    assert 'href="https://huggingface.co/ada/sorter"' in links.model("ada/sorter")
    assert f'href="https://huggingface.co/ada/sorter/tree/{REVISION}"' in links.commit("ada/sorter", REVISION)


@pytest.mark.parametrize("repository", ["../x", "ada", "ada/b/c", "ada/b?x=1", "javascript:x", "ada/b\n", "@x/y"])
def test_what_is_no_repository_stays_text(links, repository):
    assert "href" not in links.model(repository)
    assert "href" not in links.commit(repository, REVISION)


@pytest.mark.parametrize("revision", ["main", "", "ab" * 19, "../" * 14, "AB" * 20])
def test_what_is_no_commit_stays_text(links, revision):
    assert "href" not in links.commit("ada/sorter", revision)


def test_without_a_hub_nothing_leads_out():
    assert "href" not in Links("", [], []).model("ada/sorter")


def test_only_entrants_and_reports_that_are_there_are_linked(links):
    assert f'href="submission-{ADDRESS}-42.html"' in links.entrant(1, f"{ADDRESS}@42", "ada")
    assert "href" not in links.entrant(2, f"{ADDRESS}@42", "ada")
    assert f'href="reports/000000600-{ADDRESS}.json"' in links.report(ADDRESS, 600)
    assert "href" not in links.report(ADDRESS, 620)


@pytest.mark.parametrize("key", ["../../etc/passwd@1", "<b>@2", "x" * 500, "", f"{ADDRESS}@-1", "\u0430@1"])
def test_a_key_of_another_form_names_no_file_but_its_own_hash(key):
    assert entrant_file(1, key).removeprefix("submission-").removesuffix(".html").isalnum()
    assert entrant_file(1, key) != entrant_file(1, key + "x")


def test_a_validator_of_another_form_names_no_folder():
    assert report_file("../../x", 20) == "reports/000000020-unnamed.json"

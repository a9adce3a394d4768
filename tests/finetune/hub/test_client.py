import os
import subprocess
import sys
from pathlib import Path

import pytest

from finetune.errors import BadDownload, HubRefused, HubUnavailable, RepositoryGone, RevisionGone, SetupError
from finetune.hub.client import HubClient, parse_listing
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.files import counts
from finetune.hub.gates import check_secure_hash
from finetune.hub.server import LocalHub

REVISION = "1" * 40

# The library's own way to send a file, which its HTTP client has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def ada(hub):
    return HubClient(hub.endpoint, "token-of-ada")


@pytest.fixture
def stranger(hub):
    return HubClient(hub.endpoint, None)


def sizes(listing):
    return {file.path: file.size for file in listing.files}


def downloaded(client, listing, folder):
    folder.mkdir()
    client.download(listing, [file.path for file in listing.files if counts(file.path)], folder)
    return folder


def test_what_goes_up_comes_down_small_files_and_large(ada, model_folder, tmp_path):
    folder = model_folder(files={"merges.txt": os.urandom(1_500_000)})
    ada.create("ada/m", private=False)
    listing = ada.listing("ada/m", ada.upload("ada/m", folder, message="first"))
    assert {path: size for path, size in sizes(listing).items() if counts(path)} == {
        path.name: path.stat().st_size for path in folder.iterdir()
    }
    copy = downloaded(ada, listing, tmp_path / "copy")
    assert folder_digest(copy) == folder_digest(folder)
    assert sorted(path.name for path in copy.iterdir()) == sorted(path.name for path in folder.iterdir())


def test_an_upload_makes_the_repository_equal_to_the_folder(ada, model_folder):
    folder = model_folder(files={"README.md": b"# card", "vocab.txt": b"a"})
    ada.create("ada/m", private=False)
    first = ada.upload("ada/m", folder, message="first")
    (folder / "vocab.txt").unlink()
    (folder / "README.md").unlink()
    (folder / "config.json").write_text("[1]")
    (folder / "merges.txt").write_text("")
    second = ada.upload("ada/m", folder, message="second")
    there = sizes(ada.listing("ada/m", second))
    assert set(there) == {path.name for path in folder.iterdir()} | {"README.md", ".gitattributes"}
    assert there["config.json"] == 3
    assert "vocab.txt" in sizes(ada.listing("ada/m", first)), "a pinned revision stays as it was"
    assert ada.listing("ada/m", None) == ada.listing("ada/m", second), "without a revision, the newest"


def test_the_same_content_again_makes_no_commit(ada, model_folder):
    folder = model_folder()
    ada.create("ada/m", private=False)
    assert ada.upload("ada/m", folder, message="first") == ada.upload("ada/m", folder, message="again")


def test_creating_twice_keeps_the_visibility(ada, stranger, model_folder):
    ada.create("ada/m", private=True)
    ada.create("ada/m", private=False)
    revision = ada.upload("ada/m", model_folder(), message="first")
    with pytest.raises(RepositoryGone):
        stranger.listing("ada/m", revision)


def test_strangers_see_a_repository_only_while_it_is_public(ada, stranger, model_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "token-of-ada")  # the library would send it for whoever gives none
    ada.create("ada/m", private=True)
    revision = ada.upload("ada/m", model_folder(), message="first")
    assert ada.listing("ada/m", revision).private
    ada.set_private("ada/m", False)
    listing = stranger.listing("ada/m", revision)
    assert not listing.private
    downloaded(stranger, listing, tmp_path / "while_public")
    ada.set_private("ada/m", True)
    with pytest.raises(RepositoryGone):
        stranger.listing("ada/m", revision)
    with pytest.raises(RepositoryGone):
        downloaded(stranger, listing, tmp_path / "afterwards")


def test_what_is_not_there_is_gone(ada, stranger, model_folder):
    ada.create("ada/m", private=False)
    revision = ada.upload("ada/m", model_folder(), message="first")
    for repository in ("ada/none", "nobody/m", "ada/../m", "ada/m--m", "ada/m/m"):
        with pytest.raises(RepositoryGone):
            stranger.listing(repository, revision)
    for name in (REVISION, "main", revision[:7], revision.upper(), f"{revision}/../x"):
        with pytest.raises(RevisionGone):
            stranger.listing("ada/m", name)


@pytest.mark.parametrize("token", [None, "token-of-nobody", "token-of-bob"])
def test_only_the_owner_may_change_a_repository(token, hub, ada, model_folder):
    ada.create("ada/m", private=False)
    other = HubClient(hub.endpoint, token)
    changes = (
        lambda: other.create("ada/new", private=False),
        lambda: other.upload("ada/m", model_folder(str(token)), message="theirs"),
        lambda: other.set_private("ada/m", True),
    )
    for change in changes:
        with pytest.raises(HubRefused, match="needs a token" if token is None else "our token is") as refused:
            change()
        assert not token or token not in str(refused.value)


def test_our_own_bad_token_never_makes_a_repository_gone(hub, ada, model_folder):
    ada.create("ada/m", private=False)
    revision = ada.upload("ada/m", model_folder(), message="first")
    with pytest.raises(HubRefused) as refused:
        HubClient(hub.endpoint, "expired").listing("ada/m", revision)
    assert "expired" not in str(refused.value)


def test_an_upload_to_no_repository_or_from_no_folder_changes_nothing(ada, model_folder, tmp_path):
    with pytest.raises(RepositoryGone):
        ada.upload("ada/none", model_folder(), message="first")
    with pytest.raises(SetupError, match="is not a folder"):
        ada.upload("ada/none", tmp_path / "none", message="first")


def blob_of(hub_root: Path, content: bytes) -> Path:
    found = [path for path in (hub_root / "blobs").rglob("*") if path.is_file() and path.read_bytes() == content]
    assert len(found) == 1
    return found[0]


def test_bytes_flipped_on_the_hub_arrive_and_do_not_fit_the_commitment(own_hub, hub_root, model_folder, tmp_path):
    folder = model_folder()
    ada = HubClient(own_hub.endpoint, "token-of-ada")
    ada.create("ada/m", private=False)
    listing = ada.listing("ada/m", ada.upload("ada/m", folder, message="first"))
    content = bytearray((folder / "model.safetensors").read_bytes())
    blob = blob_of(hub_root, bytes(content))
    content[-4:] = b"\x01\x02\x03\x04"
    blob.write_bytes(content)
    digest = folder_digest(downloaded(ada, listing, tmp_path / "copy"))
    rejection = check_secure_hash(digest, committed=secure_hash(folder_digest(folder), "5Ada"), hotkey="5Ada")
    assert rejection
    assert rejection.reason == "hash_mismatch"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"x"], ids=["less", "more"])
def test_a_file_of_another_length_than_listed_is_a_bad_download(
    file, change, own_hub, hub_root, model_folder, tmp_path
):
    folder = model_folder()
    ada = HubClient(own_hub.endpoint, "token-of-ada")
    ada.create("ada/m", private=False)
    listing = ada.listing("ada/m", ada.upload("ada/m", folder, message="first"))
    content = (folder / file).read_bytes()
    blob_of(hub_root, content).write_bytes(change(content))
    with pytest.raises(BadDownload):
        downloaded(ada, listing, tmp_path / "copy")


def test_a_restarted_hub_has_everything(tmp_path, model_folder):
    folder = model_folder()
    with LocalHub(tmp_path / "kept", {"ada": "token"}) as hub:
        ada = HubClient(hub.endpoint, "token")
        ada.create("ada/m", private=True)
        revision = ada.upload("ada/m", folder, message="first")
    with pytest.raises(HubUnavailable):
        ada.listing("ada/m", revision)
    with LocalHub(tmp_path / "kept", {"ada": "token"}) as hub:
        ada = HubClient(hub.endpoint, "token")
        listing = ada.listing("ada/m", revision)
        assert listing.private
        assert folder_digest(downloaded(ada, listing, tmp_path / "copy")) == folder_digest(folder)
        assert ada.upload("ada/m", folder, message="again") == revision


@pytest.mark.parametrize("config", [None, b'{"changed": 1}'], ids=["nothing new", "something new"])
def test_a_commit_by_somebody_else_meanwhile_stands_and_is_reported(config, hub, ada, model_folder, monkeypatch):
    ada.create("ada/m", private=False)
    other = model_folder("other", {"vocab.txt": b"other"})
    info, theirs = ada._info, []

    def overtaken(*arguments):
        answer = info(*arguments)
        if not theirs:
            theirs.append(HubClient(hub.endpoint, "token-of-ada").upload("ada/m", other, message="in between"))
        return answer

    monkeypatch.setattr(ada, "_info", overtaken)
    with pytest.raises(HubUnavailable):
        ada.upload("ada/m", model_folder(files={"config.json": config} if config else {}), message="late")
    assert info("ada/m")["sha"] == theirs[0]


def test_large_files_go_to_a_local_hub_with_xet_on_and_a_proxy_set(hub, ada, model_folder):
    """In a process of its own, where the library was imported before and no environment variable turns Xet off."""
    ada.create("ada/m", private=False)
    code = (
        "import huggingface_hub.constants, sys; from pathlib import Path; from finetune.hub.client import HubClient\n"
        "assert not huggingface_hub.constants.HF_HUB_DISABLE_XET\n"
        "client = HubClient(sys.argv[1], 'token-of-ada')\n"
        "revision = client.upload('ada/m', Path(sys.argv[2]), message='first')\n"
        "print(len(client.listing('ada/m', revision).files))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", code, hub.endpoint, model_folder()], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://127.0.0.1", "file:///etc", "https://"])
def test_an_endpoint_that_is_no_url_is_named(endpoint):
    with pytest.raises(SetupError, match="http or https URL"):
        HubClient(endpoint, None)


ANSWER = {"sha": REVISION, "private": False, "siblings": [{"rfilename": "config.json", "size": 3}]}


def test_a_listing_reads_nothing_of_the_model_card():
    card = {"ignore_metadata_errors": True, "model-index": 7}
    listing = parse_listing(ANSWER | {"cardData": card, "widgetData": []}, repository="ada/m", revision=REVISION)
    assert sizes(listing) == {"config.json": 3}
    assert not listing.private


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"gated": "auto"}, RepositoryGone),
        ({"disabled": True}, RepositoryGone),
        ({"sha": "2" * 40}, RevisionGone),
        ({"sha": None}, RevisionGone),
        ({"siblings": [{"rfilename": "a"}]}, HubUnavailable),
        ({"siblings": [{"rfilename": "a", "size": -1}]}, HubUnavailable),
        ({"siblings": [{"rfilename": "a", "size": "3"}]}, HubUnavailable),
        ({"siblings": [{"rfilename": None, "size": 3}]}, HubUnavailable),
        ({"siblings": ["a"]}, HubUnavailable),
    ],
)
def test_an_answer_that_makes_no_listing_says_why(change, error):
    with pytest.raises(error):
        parse_listing(ANSWER | change, repository="ada/m", revision=REVISION)


def test_a_hub_that_does_not_say_whether_a_repository_is_public_is_taken_at_its_worst():
    answer = {key: value for key, value in ANSWER.items() if key != "private"}
    assert parse_listing(answer, repository="ada/m", revision=REVISION).private

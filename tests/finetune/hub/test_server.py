import base64
import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading

import pytest
from huggingface_hub import HfApi, snapshot_download

from finetune.errors import SetupError
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.hub.server.__main__ import read_users
from finetune.hub.server.lfs import LINK_SECONDS

# The library's own way to send a file, which its HTTP client has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

ADA = {"Authorization": "Bearer token-of-ada"}
BOB = {"Authorization": "Bearer token-of-bob"}


class Http:
    """The browser at one hub, so that a test names paths only."""

    def __init__(self, browser, endpoint):
        self._browser, self._endpoint = browser, endpoint

    def request(self, method, url, **options):
        return self._browser.request(method, url if "://" in url else self._endpoint + url, **options)

    def __getattr__(self, method):
        return lambda url, **options: self.request(method.upper(), url, **options)


@pytest.fixture
def http(hub, browser):
    http = Http(browser, hub.endpoint)
    http.post("/api/repos/create", json={"name": "m"}, headers=ADA)
    return http


def commit(http, *lines, headers=ADA):
    text = "\n".join(json.dumps({"key": key, "value": value}) for key, value in lines)
    return http.post("/api/models/ada/m/commit/main", content=text, headers=headers)


def file(path, content=b"x"):
    return ("file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"})


def batch(http, content, *, user="ada", headers=ADA):
    wanted = {"objects": [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]}
    answer = http.post(f"/{user}/m.git/info/lfs/objects/batch", json=wanted, headers=headers)
    return answer.json()["objects"][0].get("actions", {}).get("upload", {}).get("href")


def state(http):
    return http.get("/api/models/ada/m?blobs=true").json()


def test_the_library_deletes_and_lists_and_downloads_by_branch(hub, model_folder, tmp_path):
    api = HfApi(hub.endpoint, "token-of-ada")
    assert api.whoami()["name"] == "ada"
    ada = HubClient(hub.endpoint, "token-of-ada")
    ada.create("ada/m", private=False)
    ada.upload("ada/m", model_folder(), message="first")
    assert {entry.path for entry in api.list_repo_tree("ada/m")} >= {"config.json", "model.safetensors"}
    snapshot_download("ada/m", local_dir=tmp_path / "copy", endpoint=hub.endpoint, token=False)
    assert (tmp_path / "copy" / "tokenizer.json").read_text() == "{}"
    api.delete_repo("ada/m")
    assert not api.repo_exists("ada/m")
    ada.create("ada/m", private=True)
    assert {entry.path for entry in api.list_repo_tree("ada/m")} == {".gitattributes"}


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../x",
        "/x",
        "a//b",
        "./x",
        "",
        ".git/config",
        "a\\b",
        "a\nb",
        "x" * 513,
        "/".join("abcdefghi"),
        "a\u202e",
    ],
)
def test_a_path_that_could_leave_a_folder_is_refused(path, http):
    before = state(http)
    answer = commit(http, ("header", {"summary": "s"}), file("good.txt"), file(path))
    assert answer.status_code == 400
    assert state(http) == before, "a commit holds in full or not at all"


@pytest.mark.parametrize("name", ["..", "a..b", "a--b", "-a", "a/b", "", "x" * 97, "a.git", "a\n", 7, None])
def test_a_name_that_no_hub_would_take_is_refused(name, http):
    assert http.post("/api/repos/create", json={"name": name}, headers=ADA).status_code == 400


@pytest.mark.parametrize(
    "lines",
    [
        [("file", {"path": "a", "content": "%%"})],
        [("file", 7)],
        [("move", {"path": "a"})],
        [file("a"), file("a/b")],
        [("lfsFile", {"path": "a", "oid": "0" * 64})],
        [("lfsFile", {"path": "a", "oid": "../../../etc/passwd"})],
    ],
)
def test_a_commit_that_makes_no_sense_is_refused(lines, http):
    assert commit(http, ("header", {"summary": "s"}), *lines).status_code == 400
    assert len(state(http)["siblings"]) == 1


def test_deleting_what_is_not_there_is_not_found(http):
    assert commit(http, ("header", {"summary": "s"}), ("deletedFile", {"path": "none"})).status_code == 404


def test_a_stale_parent_is_refused(http):
    head = state(http)["sha"]
    assert commit(http, ("header", {"summary": "s", "parentCommit": head}), file("a")).status_code == 200
    assert commit(http, ("header", {"summary": "s", "parentCommit": head}), file("b")).status_code == 412
    assert "b" not in [sibling["rfilename"] for sibling in state(http)["siblings"]]


@pytest.mark.parametrize("headers", [{}, BOB, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic xyz"}])
def test_only_the_owner_writes(headers, http):
    calls = (
        lambda: commit(http, ("header", {"summary": "s"}), file("a"), headers=headers),
        lambda: http.put("/api/models/ada/m/settings", json={"visibility": "private"}, headers=headers),
        lambda: http.post("/api/models/ada/m/preupload/main", json={"files": []}, headers=headers),
        lambda: http.post("/ada/m.git/info/lfs/objects/batch", json={"objects": []}, headers=headers),
        lambda: http.request("DELETE", "/api/repos/delete", json={"name": "m", "organization": "ada"}, headers=headers),
        lambda: http.post("/api/repos/create", json={"name": "n", "organization": "ada"}, headers=headers),
    )
    assert {call().status_code for call in calls} <= {401, 403}
    assert state(http)["private"] is False


def test_a_link_is_good_for_one_content_until_it_expires(tmp_path, browser):
    content, now = b"x" * 10, [1_000.0]
    with LocalHub(tmp_path, {"ada": "token-of-ada"}, clock=lambda: now[0]) as hub:
        http = Http(browser, hub.endpoint)
        http.post("/api/repos/create", json={"name": "m"}, headers=ADA)
        link = batch(http, content)
        other = hashlib.sha256(b"other").hexdigest()
        assert http.put(link, content=b"y" * 10).status_code == 400
        assert http.put(link, content=b"x" * 9).status_code == 400
        assert http.put(link, content=b"x" * 11).status_code == 413
        for forged in (
            link.replace("size=10", "size=99"),
            link.replace("expires=4600", "expires=9999999"),
            link.replace(hashlib.sha256(content).hexdigest(), other),
            link.replace("/lfs/ada/", "/lfs/bob/"),
            link.split("&signature")[0],
        ):
            assert forged != link
            assert http.put(forged, content=content).status_code == 403
        now[0] += LINK_SECONDS + 1
        assert http.put(link, content=content).status_code == 403
        assert not list((tmp_path / "blobs").rglob("*/*"))[1:], "only .gitattributes was ever stored"
        assert http.put(batch(http, content), content=content).status_code == 200
        assert batch(http, content) is None, "what was sent once is not asked for again"


def test_knowing_the_hash_of_anothers_file_is_not_having_it(http):
    secret = b"weights nobody else has"
    http.put(batch(http, secret), content=secret)
    http.post("/api/repos/create", json={"name": "m"}, headers=BOB)
    line = {"key": "lfsFile", "value": {"path": "a", "oid": hashlib.sha256(secret).hexdigest()}}
    assert http.post("/api/models/bob/m/commit/main", json=line, headers=BOB).status_code == 400
    assert batch(http, secret, user="bob", headers=BOB) is not None


def test_a_private_repository_does_not_exist_for_strangers(http):
    commit(http, ("header", {"summary": "s"}), file("a"))
    http.put("/api/models/ada/m/settings", json={"visibility": "private"}, headers=ADA)
    for url in ("/api/models/ada/m", "/api/models/ada/m/tree/main", "/ada/m/resolve/main/a"):
        answers = [http.get(url, headers=headers) for headers in ({}, BOB)]
        missing = http.get(url.replace("ada/m", "ada/none"))
        assert {(answer.status_code, answer.content) for answer in (*answers, missing)} == {(404, missing.content)}
        assert http.get(url, headers=ADA).status_code == 200


def test_a_part_of_a_file_can_be_asked_for(http):
    commit(http, ("header", {"summary": "s"}), file("a", b"0123456789"))
    answer = http.get("/ada/m/resolve/main/a", headers={"Range": "bytes=4-"})
    assert (answer.status_code, answer.content) == (206, b"456789")
    assert http.get("/ada/m/resolve/main/none").headers["X-Error-Code"] == "EntryNotFound"


def test_a_body_without_end_is_refused(http, monkeypatch):
    monkeypatch.setattr("finetune.hub.server.writing.MAX_COMMIT_BYTES", 1_000)
    assert commit(http, file("a", b"x" * 2_000)).status_code == 413
    assert http.post("/api/repos/create", content=b"{" + b" " * 1_000_001, headers=ADA).status_code == 413


def test_a_busy_port_or_a_folder_in_use_is_one_clear_sentence(tmp_path):
    with LocalHub(tmp_path / "one", {"ada": "t"}) as hub:
        port = int(hub.endpoint.rpartition(":")[2])
        with pytest.raises(SetupError, match=f"cannot use port {port}"), LocalHub(tmp_path / "two", {}, port=port):
            pass
        with pytest.raises(SetupError, match="cannot keep its state"), LocalHub(tmp_path / "one", {}):
            pass
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot keep its state"), LocalHub(tmp_path / "file", {}):
        pass


def test_a_stopped_hub_leaves_no_port_and_no_thread(tmp_path, browser):
    before = threading.active_count()
    with LocalHub(tmp_path, {"ada": "t"}) as hub:
        address = ("127.0.0.1", int(hub.endpoint.rpartition(":")[2]))
        browser.get(hub.endpoint)
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    with LocalHub(tmp_path, {"ada": "t"}, port=address[1]):
        pass


@pytest.mark.parametrize("users", [{"a b": "t"}, {"ada": ""}, {"ada": "a b"}, {"ada": "t\n"}, {"ada": "t", "bob": "t"}])
def test_users_that_cannot_be_are_refused(users, tmp_path):
    with pytest.raises(SetupError) as refused:
        LocalHub(tmp_path, users)
    assert "a b" not in str(refused.value) or "a b" in users


def test_uploads_cut_off_by_a_kill_are_swept(tmp_path):
    incoming = tmp_path / "blobs" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "half").write_bytes(b"x")
    with LocalHub(tmp_path, {"ada": "t"}):
        assert list(incoming.iterdir()) == []


def test_the_hub_runs_by_hand_until_it_is_told_to_stop(tmp_path):
    (tmp_path / "users").write_text("ada:token-of-ada\n\nbob:b:c\n")
    assert read_users(tmp_path / "users") == {"ada": "token-of-ada", "bob": "b:c"}
    command = [sys.executable, "-m", "finetune.hub.server", "--root", tmp_path / "hub", "--users", tmp_path / "users"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        endpoint = process.stdout.readline().strip()
        HubClient(endpoint, "token-of-ada").create("ada/m", private=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.parametrize("text", ["", "ada", "ada:", "ada:x\nada:y"])
def test_a_users_file_that_makes_no_sense_is_refused_by_line(text, tmp_path):
    (tmp_path / "users").write_text(text)
    with pytest.raises(SetupError, match="users"):
        read_users(tmp_path / "users")
    with pytest.raises(SetupError, match="cannot read"):
        read_users(tmp_path / "none")

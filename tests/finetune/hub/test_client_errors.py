import errno
import inspect
import json
import socket

import httpx2
import pytest
from huggingface_hub import errors

from finetune.errors import BadDownload, HubRefused, HubUnavailable, RepositoryGone, RevisionGone, SetupError
from finetune.hub import client
from finetune.hub.client import HubClient
from finetune.hub.client_errors import MEANINGS, hub_error
from finetune.hub.port import HubFile, Listing
from tests.finetune.hub.answering import answering

REVISION = "1" * 40
LISTING = Listing(repository="ada/m", revision=REVISION, private=False, files=(HubFile(path="config.json", size=2),))

# What only other parts of the library raise: its caches, logins, jobs, buckets, inference, other formats, its CLI.
NEVER_RAISED_BY_OUR_CALLS = {
    "CacheNotFound",
    "CachedRepoTreeNotFoundError",
    "CLIError",
    "CLIExtensionInstallError",
    "ConfirmationError",
    "CorruptedCacheException",
    "DDUFCorruptedFileError",
    "DDUFError",
    "DDUFExportError",
    "DDUFInvalidEntryNameError",
    "DeviceCodeError",
    "DryRunError",
    "FileDuplicationError",
    "InferenceEndpointError",
    "NotASafetensorsRepoError",
    "OIDCError",
    "RevisionResolutionError",
    "SafetensorsParsingError",
    "SandboxCommandError",
    "SandboxError",
    "StrictDataclassClassValidationError",
    "StrictDataclassDefinitionError",
    "StrictDataclassError",
    "StrictDataclassFieldValidationError",
}


def exceptions_of(module):
    return {name: kind for name, kind in vars(module).items() if inspect.isclass(kind) and issubclass(kind, Exception)}


@pytest.mark.parametrize("module", [errors, httpx2])
def test_every_error_that_the_library_may_raise_has_a_meaning(module):
    unmapped = {
        name
        for name, kind in exceptions_of(module).items()
        if not any(base.__name__ in MEANINGS for base in kind.__mro__)
    }
    assert unmapped - NEVER_RAISED_BY_OUR_CALLS == set()


def test_the_table_names_no_error_that_does_not_exist():
    import builtins

    import hf_xet

    known = {name for module in (errors, httpx2, builtins, hf_xet) for name in exceptions_of(module)}
    assert set(MEANINGS) <= known


def answered(status, headers=None, kind=errors.HfHubHTTPError):
    request = httpx2.Request("GET", "https://huggingface.co/api/models/ada/m")
    return kind("words of the library", response=httpx2.Response(status, headers=headers or {}, request=request))


@pytest.mark.parametrize(
    ("error", "reading", "writing"),
    [
        (answered(401), RepositoryGone, HubRefused),
        (answered(401, {"X-Error-Message": "Invalid credentials in Authorization header"}), HubRefused, HubRefused),
        (answered(401, kind=errors.RepositoryNotFoundError), RepositoryGone, HubRefused),
        (answered(403), HubRefused, HubRefused),
        (answered(403, kind=errors.GatedRepoError), RepositoryGone, HubRefused),
        (answered(403, kind=errors.DisabledRepoError), RepositoryGone, HubRefused),
        (answered(404, kind=errors.RepositoryNotFoundError), RepositoryGone, RepositoryGone),
        (answered(404, kind=errors.RevisionNotFoundError), RevisionGone, RevisionGone),
        (answered(404, kind=errors.RemoteEntryNotFoundError), BadDownload, BadDownload),
        (answered(404), HubUnavailable, HubRefused),
        (answered(400, kind=errors.BadRequestError), HubUnavailable, HubRefused),
        (answered(408), HubUnavailable, HubUnavailable),
        (answered(409), HubUnavailable, HubUnavailable),
        (answered(412), HubUnavailable, HubUnavailable),
        (answered(413), HubUnavailable, HubRefused),
        (answered(429), HubUnavailable, HubUnavailable),
        (answered(500), HubUnavailable, HubUnavailable),
        (answered(503, kind=errors.RepositoryNotFoundError), HubUnavailable, HubUnavailable),
        (httpx2.ReadTimeout("x"), HubUnavailable, HubUnavailable),
        (errors.OfflineModeIsEnabled("x"), HubUnavailable, HubUnavailable),
        (errors.HFValidationError("x"), RepositoryGone, RepositoryGone),
        (OSError("Consistency check failed"), BadDownload, BadDownload),
        (OSError(errno.ENOSPC, "No space left on device", "/cache"), SetupError, SetupError),
        (PermissionError(errno.EACCES, "Permission denied", "/cache"), SetupError, SetupError),
        (json.JSONDecodeError("x", "", 0), HubUnavailable, HubUnavailable),
        (AssertionError("a bug"), type(None), type(None)),
    ],
    ids=repr,
)
def test_an_error_means_the_same_whenever_it_comes(error, reading, writing):
    for expected, is_writing in ((reading, False), (writing, True)):
        assert type(hub_error(error, subject="ada/m", writing=is_writing)) is expected


def test_what_the_library_wraps_is_judged_by_what_is_inside():
    for wrapper in (ValueError("Force download failed"), RuntimeError("Error while uploading")):
        wrapper.__cause__ = answered(404, kind=errors.RevisionNotFoundError)
        assert isinstance(hub_error(wrapper, subject="ada/m", writing=False), RevisionGone)


def test_a_text_names_the_repository_and_shows_the_hubs_words_on_one_short_line():
    error = answered(403)
    error.server_message = "No rights\n\x1b[31m here" + "x" * 500
    text = str(hub_error(error, subject="ada/m", writing=True))
    assert text.startswith("ada/m: ")
    assert "HTTP 403: No rights \\x1b[31m here" in text
    assert text.isprintable()
    assert len(text) < 320


@pytest.fixture
def _no_waiting(monkeypatch):
    """Fails where the library waits before it repeats a request."""

    def waits(seconds: float) -> None:
        raise AssertionError(f"the library waits {seconds} s")

    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", waits)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.usefixtures("_no_waiting")
def test_a_busy_hub_is_asked_once_and_left_to_the_caller(status, tmp_path):
    busy = {"Retry-After": "300", "ratelimit": '"api";r=0;t=300', "X-Repo-Commit": REVISION, "ETag": '"x"'}
    with answering(lambda asked: (status, busy, b"{}")) as (endpoint, requests):
        hub = HubClient(endpoint, None)
        with pytest.raises(HubUnavailable, match=str(status)):
            hub.listing("ada/m", REVISION)
        with pytest.raises(HubUnavailable, match=str(status)):
            hub.download(LISTING, ["config.json"], tmp_path)
    assert [asked.method for asked in requests] == ["GET", "HEAD"]
    with answering(lambda asked: (200 if asked.method == "HEAD" else status, busy, b"{}")) as (endpoint, requests):
        hub = HubClient(endpoint, None)
        with pytest.raises(HubUnavailable, match=str(status)):
            hub.download(LISTING, ["config.json"], tmp_path)
    assert [asked.method for asked in requests] == ["HEAD", "GET"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "error"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>log in</html>", HubUnavailable),
        (200, {}, b"[]", HubUnavailable),
        (200, {}, b'{"siblings": {}}', HubUnavailable),
        (403, {"X-Error-Code": "GatedRepo"}, b"", RepositoryGone),
        (404, {"X-Error-Code": "RevisionNotFound"}, b"", RevisionGone),
        (404, {}, b"a proxy's page", HubUnavailable),
        (401, {}, b"", HubRefused),
    ],
)
def test_an_answer_of_any_kind_ends_in_one_error_of_ours(status, headers, body, error):
    with answering(lambda asked: (status, headers, body)) as (endpoint, _), pytest.raises(error):
        HubClient(endpoint, "secret").listing("ada/m", REVISION)


@pytest.mark.usefixtures("_no_waiting")
def test_nobody_home_and_nobody_answering_are_unavailable(monkeypatch, tmp_path):
    monkeypatch.setattr(client, "_READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = HubClient(f"http://127.0.0.1:{silent.getsockname()[1]}", None)
        with pytest.raises(HubUnavailable, match="ReadTimeout"):
            hub.listing("ada/m", REVISION)
    for call in (
        lambda: hub.listing("ada/m", REVISION),
        lambda: hub.download(LISTING, ["config.json"], tmp_path),
        lambda: HubClient(hub._endpoint, "t").create("ada/m", private=True),
        lambda: HubClient(hub._endpoint, "t").set_private("ada/m", True),
    ):
        with pytest.raises(HubUnavailable, match="ConnectError"):
            call()

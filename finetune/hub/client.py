"""The ports `Hub` and `Datasets` on the `huggingface_hub` library: huggingface.co and the local server alike.

The library is imported at the first call. What it raises is mapped in `client_errors`. It caches nothing for us: every
listing asks the hub, because from a warm cache the library gives out repositories that were hidden since.
"""

import re
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from finetune.errors import BadDownload, HubRefused, HubUnavailable, RepositoryGone, RevisionGone, SetupError
from finetune.hub.client_errors import hub_error
from finetune.hub.files import added_by_hub
from finetune.hub.port import HubFile, Listing, Revision
from finetune.hub.token import Token, parse_token
from finetune.redact import redacted

if TYPE_CHECKING:
    from httpx2 import Client, Response
    from huggingface_hub import CommitOperationAdd, HfApi

_PUBLIC_HUB = "https://huggingface.co"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READ_SECONDS = 20.0  # for an answer to a question
_WRITE_SECONDS = 120.0  # for an answer to a commit, which a hub may take its time over
_REVISION = re.compile(r"[0-9a-f]{40}")
_CONTENT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PAGE, _MAX_PAGES = 100, 20  # of commits: a repository with one an hour is followed 83 days back
_MAX_FILE_BYTES = 1 << 50  # a pebibyte: more than any hub stores, and sums of a listing's sizes stay far below 64 bits


class HubClient:
    """A hub's models, or its datasets, asked through `huggingface_hub`.

    Reads are not repeated: a 429, a 5xx or a dropped question is `HubUnavailable` at once, and the caller decides when
    to ask again. A download that breaks off is resumed up to five times, and an upload keeps the library's own five
    repeats, so that a short hiccup does not cost hours.
    """

    def __init__(self, endpoint: str | None, token: str | None, *, kind: Literal["model", "dataset"] = "model") -> None:
        """Make a client; nothing is asked yet.

        Args:
            endpoint: the URL of the hub; huggingface.co without one.
            token: whose rights to use; without one, a stranger's. No token is ever looked up elsewhere.
            kind: which repositories it sees; a model and a dataset may have the same name.

        Raises:
            SetupError: the endpoint is not an http or https URL, or holds a password.
        """
        self._endpoint = (endpoint or _PUBLIC_HUB).rstrip("/")
        self._who_we_are = f"{self._endpoint}/api/whoami-v2"
        self._token = token or None
        self._kind = kind
        parts = urlsplit(self._endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise SetupError(
                "the hub's endpoint must be an http or https URL without a name or password; found "
                f"{redacted(self._endpoint)[:100]!r}"
            )
        self._is_local = parts.hostname in _LOOPBACK

    def token(self) -> Token:
        """Whose token ours is, and what it may do. Raises `HubRefused` without one, or for one that nobody has."""
        with self._asking("HF_TOKEN", writing=True):
            return parse_token(self._ask(self._who_we_are).json())

    def listing(self, repository: str, revision: str | None) -> Listing:
        """What the repository holds at the revision; see `Hub`. Raises `HubRefused` too, when our token is bad."""
        if revision is not None and not _REVISION.fullmatch(revision):
            raise RevisionGone(f"{repository}: a revision is 40 lowercase hex digits; found {revision[:60]!r}")
        with self._asking(repository):
            return parse_listing(self._info(repository, revision), repository=repository, revision=revision)

    def history(self, repository: str, *, back_to: float) -> tuple[Revision, ...]:
        """The revisions of the main branch, newest first; see `Datasets`."""
        revisions: list[Revision] = []
        address = self._address(repository, "/commits/main")
        with self._asking(repository):
            for _ in range(_MAX_PAGES):
                response = self._get(repository, address, {"limit": _PAGE} if not revisions else None)
                page = parse_commits(response.json(), repository=repository)
                for one in page:
                    revisions.append(one)
                    if one.time < back_to:
                        return tuple(revisions)
                address = response.links.get("next", {}).get("url", "")
                if not address or not page:
                    return tuple(revisions)
                if not address.startswith(f"{self._endpoint}/"):
                    raise HubUnavailable(f"{repository}: the list of commits goes on at another hub: {address[:100]!r}")
        raise RevisionGone(f"{repository}: none of its last {len(revisions):,} revisions is as old as asked for")

    def download(self, listing: Listing, paths: Sequence[str], into: Path) -> None:
        """Write the named files below `into`; see `Hub`. Raises `SetupError` when the disk is full."""
        sizes = {file.path: file.size for file in listing.files}
        api = self._api()
        with self._asking(listing.repository):
            try:
                for path in paths:
                    # Forced: otherwise the library may answer from what lies there already, and repeats a failed
                    # question for 23 s.
                    api.hf_hub_download(
                        listing.repository,
                        path,
                        repo_type=self._kind,
                        revision=listing.revision,
                        local_dir=into,
                        force_download=True,
                    )
                    size = (into / path).stat().st_size
                    if size != sizes[path]:
                        raise BadDownload(f"{listing.repository}: {path} has {size:,} bytes; {sizes[path]:,} listed")
            finally:
                shutil.rmtree(into / ".cache", ignore_errors=True)

    def create(self, repository: str, *, private: bool) -> None:
        """Make the repository if it is not there yet; see `Hub`."""
        with self._asking(repository, writing=True):
            self._api().create_repo(repository, repo_type=self._kind, private=private, exist_ok=True)

    def upload(self, repository: str, folder: Path, *, message: str) -> str:
        """Make the repository's files equal to the folder's in one commit; see `Hub`.

        What a hub adds by itself, such as README.md, stays unless the folder brings its own. A commit by somebody else
        meanwhile is `HubUnavailable`: the next call starts from it. Raises `SetupError` for a folder that is not there.
        """
        from huggingface_hub import CommitOperationDelete

        additions = _additions(folder)
        with self._asking(repository, writing=True):
            info = self._info(repository)
            gone = _beside(additions, info)
            commit = self._api().create_commit(
                repository,
                [*additions.values(), *(CommitOperationDelete(path, is_folder=False) for path in gone)],
                repo_type=self._kind,
                commit_message=message,
                parent_commit=info["sha"],
            )
            # Where nothing differs from a commit made meanwhile, the library answers with that one.
            if _beside(additions, self._info(repository, commit.oid)):
                raise HubUnavailable(f"{repository}: somebody else committed meanwhile; try again")
            return str(commit.oid)

    def set_private(self, repository: str, private: bool) -> None:
        """Hide the repository from strangers, or show it; see `Hub`."""
        with self._asking(repository, writing=True):
            self._api().update_repo_settings(repository, repo_type=self._kind, private=private)

    def _info(self, repository: str, revision: str | None = None) -> dict[str, Any]:
        """The hub's answer about a repository.

        Not by the library's `model_info`: that builds objects from the model card, and a card with a key of the wrong
        name makes it raise, so any miner could make a listing fail.
        """
        address = self._address(repository, f"/revision/{revision}" if revision else "")
        answer = self._get(repository, address, {"blobs": True}).json()
        if not isinstance(answer, dict) or not isinstance(answer.get("siblings"), list):
            raise ValueError("not a hub's answer")
        return answer

    def _address(self, repository: str, tail: str) -> str:
        return f"{self._endpoint}/api/{self._kind}s/{repository}{tail}"

    def _get(self, repository: str, address: str, parameters: dict[str, Any] | None) -> "Response":
        """The hub's answer at an address of the repository, once it is sure that this can be one's name."""
        _library().utils.validate_repo_id(repository)
        return self._ask(address, parameters)

    def _ask(self, address: str, parameters: dict[str, Any] | None = None) -> "Response":
        """The hub's answer at an address."""
        library = _library()
        response: Response = library.get_session().get(
            address,
            headers=library.utils.build_hf_headers(token=self._token or False),
            params=parameters,
            timeout=_READ_SECONDS,
        )
        if response.status_code == 401 and self._token and address != self._who_we_are:
            self.token()  # or else an expired one would make every repository seem to be gone
        library.hf_raise_for_status(response)
        return response

    def _api(self) -> "HfApi":
        library = _library()
        if self._is_local:
            # With Xet on, the library sends every large file to servers that a local hub does not have.
            library.constants.HF_HUB_DISABLE_XET = True
        api: HfApi = library.HfApi(endpoint=self._endpoint, token=self._token or False)
        return api

    @contextmanager
    def _asking(self, repository: str, *, writing: bool = False) -> Iterator[None]:
        """Raises what the library raises as an error of ours."""
        subject = f"{repository} on {self._endpoint}"
        if writing and self._token is None:
            raise HubRefused(f"{subject}: changing a repository needs a token")
        try:
            yield
        except Exception as error:
            translated = hub_error(error, subject=subject, writing=writing)
            if translated is None:
                raise
            # A hub, or whoever answers in its place, may send our own token back to us.
            raise type(translated)(redacted(str(translated), self._token)) from error


def _additions(folder: Path) -> "dict[str, CommitOperationAdd]":
    """Every file of the folder, by its path in the repository. Raises `SetupError` for one that no hub takes."""
    from huggingface_hub import CommitOperationAdd

    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder")
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    try:
        return {name: CommitOperationAdd(name, folder / name) for name in names}
    except ValueError as error:
        raise SetupError(f"{folder} holds a file that cannot be uploaded: {error}") from None


def _beside(names: Collection[str], info: dict[str, Any]) -> list[str]:
    """What the repository holds beside the named files, without what a hub adds by itself."""
    there = {str(sibling["rfilename"]) for sibling in info["siblings"]}
    return sorted(path for path in there - set(names) if not added_by_hub(path))


def parse_listing(answer: dict[str, Any], *, repository: str, revision: str | None) -> Listing:
    """The listing in a hub's answer, of which only what a listing needs is read; without a revision, of any.

    Raises:
        RepositoryGone: strangers cannot read it without asking: it is gated or disabled.
        RevisionGone: the hub answered for another revision.
        HubUnavailable: this is not what a hub answers.
    """
    if answer.get("gated") or answer.get("disabled"):
        raise RepositoryGone(f"{repository}: it is gated or disabled, so strangers cannot read it")
    found = str(answer.get("sha"))
    if not _REVISION.fullmatch(found) or revision not in (None, found):
        raise RevisionGone(f"{repository}: the hub answered for another revision than {revision or 'its newest'}")
    files = []
    for sibling in answer["siblings"]:
        path, size = (sibling.get("rfilename"), sibling.get("size")) if isinstance(sibling, dict) else (None, None)
        if not isinstance(path, str) or type(size) is not int or not 0 <= size <= _MAX_FILE_BYTES:
            raise HubUnavailable(f"{repository}: the hub lists a file without a name or a size")
        files.append(HubFile(path=path, size=size, content=_content(sibling)))
    # A hub that does not say is taken at its worst.
    return Listing(
        repository=repository, revision=found, private=answer.get("private") is not False, files=tuple(files)
    )


def _content(sibling: dict[str, Any]) -> str:
    """What a listing says of a file's bytes. Of a large file `blobId` names the pointer that stands for it in git."""
    large = sibling.get("lfs")
    content = large.get("sha256") if isinstance(large, dict) else sibling.get("blobId")
    return content if isinstance(content, str) and _CONTENT.fullmatch(content) else ""


def parse_commits(answer: Any, *, repository: str) -> list[Revision]:
    """The revisions in a hub's answer, of which only name and date are read. Raises `HubUnavailable`."""
    revisions = []
    for commit in answer if isinstance(answer, list) else [None]:
        name, date = (commit.get("id"), commit.get("date")) if isinstance(commit, dict) else (None, None)
        if not isinstance(name, str) or not _REVISION.fullmatch(name) or not isinstance(date, str):
            raise HubUnavailable(f"{repository}: the hub lists a commit without a name or a date")
        try:
            time = datetime.fromisoformat(date)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise HubUnavailable(f"{repository}: {date[:60]!r} is no date with a time zone")
        revisions.append(Revision(revision=name, time=time.timestamp()))
    return revisions


@cache
def _library() -> ModuleType:
    """The library, set up once for this process."""
    import huggingface_hub.constants
    import huggingface_hub.utils

    library: ModuleType = huggingface_hub
    # Before the first question it would otherwise ask huggingface.co which tools may have started it.
    library.constants.HF_HUB_DISABLE_TELEMETRY = True
    library.set_client_factory(_http_client)
    if not sys.stderr.isatty():
        library.utils.disable_progress_bars()
    return library


def _http_client() -> "Client":
    """The HTTP client that the library uses: its own, with time limits, and without repeats of failed reads."""
    from httpx2 import Client, Timeout
    from huggingface_hub.utils._http import hf_request_event_hook

    return Client(
        event_hooks={"request": [hf_request_event_hook], "response": [_fail_reads_at_once]},
        follow_redirects=True,
        timeout=Timeout(_WRITE_SECONDS, connect=_READ_SECONDS),
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")),  # no proxy for a local hub
    )


def _fail_reads_at_once(response: "Response") -> None:
    """Leaves the library's loop of repeats, 23 s a question or as long as a 429 asks for, to the caller."""
    if response.request.method in ("GET", "HEAD") and (response.status_code == 429 or response.status_code >= 500):
        raise HubUnavailable(f"{response.request.url.host}: HTTP {response.status_code} for a read; try again later")

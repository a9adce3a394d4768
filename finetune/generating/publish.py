"""Publishes a run: one commit that adds its files to a dataset repository. Whatever is there stays, byte by byte."""

import json
import shutil
from pathlib import Path
from typing import Protocol

from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.generating.publication import Publication
from finetune.hub.dataset_cache import DatasetCache
from finetune.hub.files import added_by_hub
from finetune.hub.port import Datasets, Hub
from finetune.hub.strict_json import read_object

NAME = "published.json"
_EARLIER = "earlier"  # folder for what the repository holds already
_NO_QUOTA = 1 << 50  # bytes; the disk is the limit


class DatasetHub(Hub, Datasets, Protocol):
    """A hub whose repositories are datasets, to be read and written; `HubClient` of that kind."""


def publish(publication: Publication, *, repository: str, hub: DatasetHub, out: Path) -> str:
    """Add the publication to the repository, made and public if it is not there yet; returns the revision.

    Calling it again after any failure is safe: the same files make no second commit. From the first call on the run is
    closed (`published_in`). Raises `SetupError` for a run that went to another repository or a manifest that names
    another one, and `HubError`.
    """
    before = published_in(out)
    if before not in (None, repository):
        raise SetupError(f"the rows in {out} are published in {before} already; each row goes to one repository")
    named = publication.record.get("repository")
    if named != repository:
        raise SetupError(
            f"the manifest in {publication.folder} is for {named}, so nobody would trust it in {repository}"
        )
    _note(out, repository, None)
    hub.create(repository, private=False)
    whole = out / ".upload"
    try:
        # An upload makes a repository equal to a folder, so the folder gets what is there already.
        _lay_out(publication, repository, hub, out, whole)
        revision = hub.upload(repository, whole, message=f"{publication.record['rows']} rows of {publication.name}")
    finally:
        shutil.rmtree(whole, ignore_errors=True)
        shutil.rmtree(out / _EARLIER, ignore_errors=True)
    _note(out, repository, revision)
    return revision


def published_in(out: Path) -> str | None:
    """The repository to which the run's rows were sent, or may have been; such a run asks for no more rows."""
    try:
        return str(read_object(out / NAME, 10_000)["repository"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError) as error:
        raise SetupError(f"{out / NAME} is damaged; it says in which repository the rows were published") from error


def _note(out: Path, repository: str, revision: str | None) -> None:
    write_atomically(out / NAME, json.dumps({"repository": repository, "revision": revision}).encode())


def _lay_out(publication: Publication, repository: str, hub: DatasetHub, out: Path, whole: Path) -> None:
    """The folder `whole` with all files of the repository, each checked against its digest, and the publication's."""
    listing = hub.listing(repository, None)
    files = [file for file in listing.files if not added_by_hub(file.path)]
    try:
        shutil.rmtree(whole, ignore_errors=True)
        shutil.copytree(publication.folder, whole)
        with DatasetCache(out / _EARLIER, _NO_QUOTA) as cache:
            for path, file in zip(cache.fetch(hub, listing, files, round_time=0.0), files, strict=True):
                place = whole / file.path
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.hardlink_to(path)
                elif place.read_bytes() != path.read_bytes():
                    raise SetupError(f"{repository} holds another {file.path} already; publish to another repository")
    except OSError as error:
        raise SetupError(f"{whole} cannot be written: {error.strerror}") from error

"""Where things lie: the files of the site, and addresses on the hub. Only what is known to be there becomes a link."""

import hashlib
import re
from collections.abc import Collection

from competitions.season import REFERENCE
from finetune.board.figures import whole
from finetune.board.markup import Html, isolated, tag

HUB = "https://huggingface.co"

_KEY = re.compile(r"[1-9A-HJ-NP-Za-km-z]{40,60}@[0-9]{1,12}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")


def competition_file(competition: int, part: str = "") -> str:
    """The page of a competition, or of a part of it: `competition-1.html`, `competition-1-duels.html`."""
    return f"competition-{competition}{'-' if part else ''}{part}.html"


def entrant_file(competition: int, key: str) -> str:
    """The page of a submission, named by hotkey and block; one with another key goes by the key's hash."""
    if key == REFERENCE:
        return f"reference-{competition}.html"
    name = key.replace("@", "-") if _KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"submission-{name}.html"


def report_file(validator: str, sync: int) -> str:
    """A report that the site carries along."""
    name = validator if validator.isalnum() and validator.isascii() else "unnamed"
    return f"reports/{sync:09d}-{name:.64}.json"


class Links:
    """Makes links. `hub` is the address of the hub that models lie on, or "" where it is not to be linked to.

    `entrants` are the competitions and keys that have a page, `reports` the validators and rounds whose reports the
    site carries.
    """

    def __init__(self, hub: str, entrants: Collection[tuple[int, str]], reports: Collection[tuple[str, int]]) -> None:
        """Nothing is written."""
        self._hub, self._entrants, self._reports = hub, frozenset(entrants), frozenset(reports)

    def entrant(self, competition: int, key: str, name: str) -> Html:
        """A name, linked to its page."""
        if (competition, key) not in self._entrants:
            return isolated(name)
        return tag("a", isolated(name), href=entrant_file(competition, key))

    def model(self, repository: str) -> Html:
        """A repository on the hub."""
        if not self._hub or not _REPOSITORY.fullmatch(repository):
            return isolated(repository)
        return _outward(f"{self._hub}/{repository}", isolated(repository))

    def commit(self, repository: str, revision: str) -> Html:
        """The files of a repository at a revision."""
        shown = tag("code", revision[:8] or "no revision")
        if not self._hub or not _REPOSITORY.fullmatch(repository) or not _REVISION.fullmatch(revision):
            return shown
        return _outward(f"{self._hub}/{repository}/tree/{revision}", shown)

    def report(self, validator: str, sync: int, words: str = "") -> Html:
        """The report of a round, where the site carries it; else the words alone."""
        shown = words or f"round {whole(sync)}"
        if (validator, sync) not in self._reports:
            return tag("span", shown)
        return tag("a", shown, href=report_file(validator, sync))


def _outward(address: str, content: str) -> Html:
    return tag("a", content, href=address, rel="noreferrer noopener")

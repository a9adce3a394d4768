"""The site: a view as static pages, a JSON file beside each, the style, the script and the charts' library.

It computes no figure. All of it works from a folder on disk as from a server: no page needs another to be read.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from finetune.board.links import HUB, Links, report_file
from finetune.board.page import CHARTS, ICON, SCRIPT, STYLE, Page, framed
from finetune.board.page_competition import competition_page
from finetune.board.page_duels import duels_page
from finetune.board.page_entrant import entrant_page
from finetune.board.page_history import history_page
from finetune.board.page_index import index_page
from finetune.board.page_rejections import rejections_page
from finetune.board.page_rewards import rewards_page
from finetune.board.page_validators import validators_page
from finetune.board.view import View
from finetune.errors import SetupError
from finetune.files import write_atomically

_HERE = Path(__file__).parent
_ASSETS = {
    STYLE: _HERE / STYLE,
    SCRIPT: _HERE / SCRIPT,
    ICON: _HERE / ICON,
    CHARTS: _HERE / "vendor" / CHARTS,
    "chart.LICENSE.md": _HERE / "vendor" / "chart.LICENSE.md",
}
_VERSION = "version.txt"  # changes with any file: what a live page asks for
_LISTING = "files.json"  # what was written, so that the next build can take away what it no longer makes
_OWN = re.compile(r"(?:reports/)?[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+")
_SPACE = """---
title: Fine-tuning leaderboard
colorFrom: green
colorTo: gray
sdk: static
app_file: index.html
pinned: false
---

The leaderboard of a Bittensor subnet of fine-tuning competitions, made from the signed reports of its validators.
"""


def pages(view: View, links: Links) -> Iterator[Page]:
    """Every page of the site, the first one first."""
    yield index_page(view, links)
    for one in view.competitions:
        yield competition_page(one, links)
        yield duels_page(one, links)
        yield history_page(one, links)
        for entrant in one.entrants:
            yield entrant_page(one, entrant, links)
    yield validators_page(view)
    yield rewards_page(view)
    yield rejections_page(view, links)


def render(
    view: View, *, reports: Mapping[tuple[str, int], Path] | None = None, hub: str = HUB, live: bool = False
) -> dict[str, bytes]:
    """The files of the site by name, but for the reports that it links to: see `linked`.

    `reports` are files by validator and round, `hub` is the address that models are linked to, or "". A live site's
    pages ask their server for changes.
    """
    entrants = [(one.competition.id, row.key) for one in view.competitions for row in one.standings]
    links = Links(hub, entrants, linked(view, reports or {}))
    files = {name: path.read_bytes() for name, path in _ASSETS.items()}
    for page in pages(view, links):
        files[page.file] = framed(page, view, live=live).encode()
        values = json.dumps(_finite(page.data), sort_keys=True, separators=(",", ":"))
        files[page.file.removesuffix(".html") + ".json"] = values.encode()
    return files


def linked(view: View, reports: Mapping[tuple[str, int], Path]) -> dict[tuple[str, int], Path]:
    """The reports that pages link to: the newest of every competition, and the last that scored each submission."""
    wanted = {(one.validator, one.sync) for each in view.competitions for one in each.rounds[:1]}
    for each in view.competitions:
        wanted |= {(one.validator, one.sync) for entrant in each.entrants for one in entrant.rounds[:1]}
    return {key: reports[key] for key in sorted(wanted) if key in reports}


def write_site(
    folder: Path,
    view: View,
    *,
    reports: Mapping[tuple[str, int], Path] | None = None,
    hub: str = HUB,
    live: bool = False,
    space: bool = False,
) -> Path:
    """Write the site into a folder of its own, and take away what an earlier one left; returns its first page.

    `space` adds the README.md that makes the folder a static Space. Raises `SetupError`, also for a folder that holds
    something else.
    """
    reports = reports or {}
    files = render(view, reports=reports, hub=hub, live=live)
    for (validator, sync), path in linked(view, reports).items():
        files[report_file(validator, sync)] = path.read_bytes()
    if space:
        files["README.md"] = _SPACE.encode()
    before = _listed(folder)
    digest = hashlib.sha256(b"".join(hashlib.sha256(files[name]).digest() for name in sorted(files))).hexdigest()
    files[_LISTING] = json.dumps(sorted([*files, _VERSION, _LISTING])).encode()
    try:
        (folder / "reports").mkdir(parents=True, exist_ok=True)
        for name in sorted(before - files.keys() - {_VERSION}):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}") from error
    for name, content in files.items():
        _write(folder / name, content)
    _write(folder / _VERSION, digest[:16].encode())
    return folder / "index.html"


def _listed(folder: Path) -> set[str]:
    """The files that an earlier build wrote. Raises `SetupError` for a folder that holds something else."""
    listing = folder / _LISTING
    try:
        if not listing.exists():
            if folder.exists() and any(folder.iterdir()):
                raise SetupError(f"{folder} is not empty and holds no board; give a folder of the board's own")
            return set()
        names = json.loads(listing.read_bytes())
    except (OSError, ValueError) as error:
        raise SetupError(f"{listing} cannot be read: {error!s:.200}") from error
    return (
        {name for name in names if isinstance(name, str) and _OWN.fullmatch(name)} if isinstance(names, list) else set()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file, unless it holds just that."""
    try:
        same = path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        same = False
    if not same:
        write_atomically(path, content)


def _finite(value: Any) -> Any:
    """The value with None for every float that JSON cannot hold."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value

"""A real browser without a window, over a site of attackers' names; the tests skip where there is no browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.board.site import write_site
from tests.browser.hostile_site import hostile_view

WHY = (
    "needs Chromium and Playwright: apt-get install chromium && pip install playwright axe-playwright-python "
    "(BROWSER_FOR_TESTS names another Chromium)"
)


def chromium() -> str | None:
    """The browser to drive."""
    return os.environ.get("BROWSER_FOR_TESTS") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site in which every name and reason is an attack."""
    folder = tmp_path_factory.mktemp("browser")
    view, reports = hostile_view(folder / "reports")
    write_site(folder / "site", view, reports=reports)
    return folder / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator["object"]:
    """One Chromium for all tests of a file. Skips where it cannot be had.

    It ends with them: while Playwright runs, its event loop does too, and no other test could run one.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason=WHY)
    program = chromium()
    if program is None:
        pytest.skip(WHY)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
